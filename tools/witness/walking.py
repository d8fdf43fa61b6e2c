"""`elicence witness walk`: licence → city checkpoint → provincial checkpoint, from files, or fetched first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import click

from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import HttpClient
from ledger.errors import FatalLedgerError, Language
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUntrusted, Vkey
from ledger.formats.tlog_policy import Policy, Quorum, read_policy
from ledger.formats.tlog_policy import quorum as judge
from ledger.formats.tlog_proof import MAX_TEXT, ProofInvalid, ProofUnreadable, ProofUntrusted, TlogProof, verify_proof
from ledger.log.reader import LogReader
from ledger.monitor.client import log_source
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogUnreachable
from ledger.tree.merkle import RangeInvalid
from ledger.witness.provincial_proof import ProvincialChain, ProvincialProof, city_note, verify_chain
from ledger.witness.witnessing import CLOCK_TOLERANCE
from tools.ca.answering import Answer, answering, facts, language_of, tell
from tools.errors import Crash
from tools.languages import chosen_language
from tools.whole_files import write_whole
from tools.witness.judging import quorum_answer, quorum_lines, vkeys_of

INVALID, UNDECIDED = 1, 2
Witnessed = Mapping[str, Quorum]
"""Who cosigned the checkpoint of the `city` and that of the `province`."""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(eq=False)
class ProvinceSilent(Crash):
    """The province's log holds no checkpoint of that city yet that is large enough."""

    code = "tools.province_silent"
    zh = "省级账本尚未收录该市级账本的这一状态，请稍后再试"
    en = "the province's log does not hold that state of the city's log yet; try again later"


_UNTOLD = (
    ProofUntrusted,
    NoteUntrusted,
    ProvinceSilent,
    ForeignUnavailable,
    LogUnreachable,
    ObjectMissing,
    RangeInvalid,
    FatalLedgerError,
)
"""Somebody does not answer, is not known, or has a log to fetch from that is behind or damaged."""


@click.command()
@click.argument("proof", type=_FILE)
@click.argument("province_proof", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--trust", type=_FILE, help="The trust list that has the logs' keys. 信任列表")
@click.option("--policy", type=_FILE, help="A policy with `log` lines and witnesses. 见证策略文件")
@click.option("--province", metavar="URL", help="Fetch PROVINCE_PROOF from this node first. 省级节点地址")
@click.option("--city", metavar="URL|FOLDER", help="The city's log, to fetch with. 市级账本")
@answering
def walk(
    proof: Path,
    province_proof: Path,
    trust: Path | None,
    policy: Path | None,
    province: str | None,
    city: str | None,
    lang: Language | None,
    *,
    as_json: bool,
) -> int:
    """Walk from a licence's PROOF (.tlog-proof) by PROVINCE_PROOF to the province's log, believing keys alone.

    由证照的账本证明逐级核验到省级账本。Both files are kept in the case: later no network is needed. With --province and
    --city, PROVINCE_PROOF is fetched first, and written if it holds.
    """
    if (province is None) != (city is None):
        raise click.UsageError("--province 与 --city 须同时给出 / give both or none")
    rule = None if policy is None else read_policy(policy)
    vkeys = _vkeys(trust, rule)
    licence = TlogProof.parse(proof.read_text("utf-8", errors="replace"))
    try:
        if province is not None and city is not None:
            chain = _fetch(licence, province, city, vkeys)
        else:
            chain = ProvincialProof.parse(province_proof.read_text("utf-8", errors="replace"))
        found = verify_chain(licence, chain, vkeys, vkeys)
        witnessed = None if rule is None or not rule.wants_witnesses else _witnessed(licence, chain, rule)
    except (ProofInvalid, NoteSignatureInvalid) as error:
        click.echo(f"{error.message(chosen_language())} ({error.code})", err=True)
        return INVALID
    except _UNTOLD as error:
        click.echo(f"{error.message(chosen_language())} ({error.code})", err=True)
        return UNDECIDED
    if province is not None:
        # Not before it held: what was kept in the case must not give way to whatever a server answers today.
        write_whole(province_proof, chain.text.encode())
    tell(_answer(found, witnessed), _lines(found, witnessed, language_of(lang)), as_json=as_json)
    return 0


def _witnessed(licence: TlogProof, chain: ProvincialProof, policy: Policy) -> Witnessed:
    """Judge both checkpoints that the walk rests on: the city's in the licence's proof, and the province's."""
    latest = datetime.now(UTC) + CLOCK_TOLERANCE
    notes = {"city": licence.checkpoint, "province": chain.inclusion.checkpoint}
    return {name: judge(note, policy, not_after=latest) for name, note in notes.items()}


def _vkeys(trust: Path | None, policy: Policy | None) -> Mapping[str, Vkey]:
    keys = {} if policy is None else dict(vkeys_of(policy))
    if trust is not None:
        from ca.judging.trust import load_trust

        listed = load_trust(trust.read_bytes(), datetime.now(UTC)).log_keys
        keys |= {origin: Vkey.parse(text) for origin, text in listed.items()}
    if not keys:
        raise click.UsageError("请用 --trust 或 --policy 指明账本公钥 / name the logs' keys by --trust or --policy")
    return keys


def _fetch(licence: TlogProof, province: str, city: str, vkeys: Mapping[str, Vkey]) -> ProvincialProof:
    """Ask the province's node for its part, and the city's log for the way from the licence's checkpoint to it."""
    entry = verify_proof(licence, vkeys)
    address = f"{province.rstrip('/')}/logs/{quote(entry.origin, safe='')}/proof/{entry.size}"
    client = HttpClient()
    try:
        inclusion = TlogProof.parse(client.get(address, MAX_TEXT).decode())
    except ForeignRefused as error:
        raise ProvinceSilent from error
    except UnicodeDecodeError as error:
        raise ProofUnreadable(reason="the province's answer is not text") from error
    finally:
        client.close()
    gathered = Checkpoint.open(city_note(inclusion), vkeys)
    consistency = LogReader.open(log_source(city).get, vkeys[entry.origin]).consistency(entry.size, gathered.size)
    return ProvincialProof(entry.size, consistency, inclusion)


def _answer(chain: ProvincialChain, witnessed: Witnessed | None) -> Answer:
    return {
        "event": {"kind": chain.entry.event.get("kind"), "at": chain.entry.event.get("at")},
        "licence": {"origin": chain.entry.origin, "index": chain.entry.index, "size": chain.entry.size},
        "city": {"origin": chain.city.origin, "size": chain.city.size, "root": chain.city.root.hex()},
        "province": {
            "origin": chain.province.origin,
            "index": chain.index,
            "size": chain.province.size,
            "root": chain.province.root.hex(),
        },
        "witnesses": None if witnessed is None else {name: quorum_answer(one) for name, one in witnessed.items()},
    }


def _lines(chain: ProvincialChain, witnessed: Witnessed | None, language: Language) -> list[str]:
    chinese = language == "zh"
    names = (
        ("事件", "市级账本", "市级检查点", "省级账本") if chinese else ("event", "city log", "gathered at", "province")
    )
    entry = "条目 {} / {}" if chinese else "entry {} of {}"
    pairs = [
        (names[0], f"{chain.entry.event.get('kind')}  {chain.entry.event.get('at')}"),
        (names[1], f"{chain.entry.origin}  {entry.format(chain.entry.index, chain.entry.size)}"),
        (names[2], f"{chain.city.size}  {chain.city.root.hex()[:16]}…"),
        (names[3], f"{chain.province.origin}  {entry.format(chain.index, chain.province.size)}"),
    ]
    told = {"city": names[1], "province": names[3]}
    quorums = [
        line for name, one in (witnessed or {}).items() for line in ("", f"{told[name]}:", *quorum_lines(one, language))
    ]
    return [*facts(pairs), *quorums]
