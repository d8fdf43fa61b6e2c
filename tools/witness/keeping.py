"""`elicence witness init | watch | unwatch | show`."""

from datetime import UTC, datetime
from pathlib import Path

import click

from ledger.errors import Language
from ledger.formats.cosignatures import parse_log_key
from ledger.witness.store import WitnessMemory
from tools.ca.answering import Answer, answering, facts, language_of, table, tell, told, written
from tools.witness.folder import chosen, in_folder


@click.command()
@in_folder
@click.option("--name", required=True, help="A schema-less URL, such as example.gov.cn/witness. 见证方名称")
def init(folder: Path, passphrase_file: Path | None, name: str) -> None:
    """Make a witness in FOLDER and print its verifier key, for the policies of those who ask it.

    在 FOLDER 建立见证方并显示其公钥。A witness whose memory was lost is not made again under its old key: it could
    cosign a fork. Make another one, with a new key, and have the policies changed.
    """
    witness = chosen(folder, passphrase_file)
    witness.create(name)
    click.echo(witness.vkey)
    click.echo(f"口令文件 passphrase: {witness.passphrase} （请与密钥分开保管 keep it apart from the keys）", err=True)


@click.command()
@in_folder
@click.argument("vkeys", metavar="VKEY...", nargs=-1, required=True)
def watch(folder: Path, passphrase_file: Path | None, vkeys: tuple[str, ...]) -> None:
    """Watch the logs of these keys; the name in a key is the log's origin.

    登记被见证账本的公钥。A log that changes its key has both for a while. The service need not be restarted.
    """
    keys = [parse_log_key(text) for text in vkeys]
    now = datetime.now(UTC)
    with chosen(folder, passphrase_file).store().exclusive() as memory:
        for key in keys:
            memory.watch(key, now)


@click.command()
@in_folder
@click.argument("vkey")
def unwatch(folder: Path, passphrase_file: Path | None, vkey: str) -> None:
    """Believe a log's key no more; what was cosigned stays in memory.

    停止接受某一账本公钥；已签署的记录保留。
    """
    key = parse_log_key(vkey)
    with chosen(folder, passphrase_file).store().exclusive() as memory:
        if not memory.unwatch(key):
            raise click.UsageError("该公钥未登记 / that key is not watched")


@click.command()
@in_folder
@answering
def show(folder: Path, passphrase_file: Path | None, lang: Language | None, *, as_json: bool) -> None:
    """Show the witness's key, the logs it watches, the latest checkpoint of each, and the forks it has seen.

    显示见证方的公钥、所见证的账本、最近签署的检查点以及发现的分叉。
    """
    language = language_of(lang)
    witness = chosen(folder, passphrase_file)
    vkey = witness.vkey
    with witness.store().reading() as memory:
        logs = [_log(memory, origin) for origin in memory.origins()]
        forks = [
            {
                "origin": fork.origin,
                "size": fork.size,
                "seen_at": written(fork.seen_at),
                "notes": [fork.ours, fork.theirs],
            }
            for fork in memory.forks()
        ]
    heads = ("账本", "大小", "签署时间") if language == "zh" else ("log", "size", "cosigned")
    cells = [(str(log["origin"]), str(log["size"]), _when(log["cosigned_at"])) for log in logs]
    warning = "分叉" if language == "zh" else "FORKED"
    lines = [
        *facts([("公钥" if language == "zh" else "key", vkey)]),
        "",
        *table(heads, cells),
        *(f"{warning}: {fork['origin']} {fork['size']}" for fork in forks),
    ]
    tell({"vkey": vkey, "logs": logs, "forks": forks}, lines, as_json=as_json)


def _log(memory: WitnessMemory, origin: str) -> Answer:
    latest = memory.latest(origin)
    moment = datetime.fromtimestamp(latest.cosigned_at, UTC) if latest.note else None
    return {
        "origin": origin,
        "vkeys": [key.text for key in memory.keys(origin)],
        "size": latest.size,
        "root": latest.root.hex(),
        "cosigned_at": written(moment),
        "checkpoint": latest.cosigned or None,
    }


def _when(moment: object) -> str:
    return told(None if moment is None else datetime.fromisoformat(str(moment)))
