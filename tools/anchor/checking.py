"""`elicence anchor check`: the chain itself beside the log, for us and for anybody else."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from api.anchoring import anchor_chain, finality, log_vkey
from api.settings import settings
from ledger.anchor.contract_code import log_id
from ledger.anchor.reading import PublishedLog, same_log
from ledger.errors import Language
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote, Vkey
from ledger.formats.tlog_proof import ProofInvalid, ProofUnreadable, ProofUntrusted, TlogProof, verify_proof
from ledger.log.served import tile_fetch
from ledger.tree.tiles import Fetch
from tools.ca.answering import answering, language_of, table, tell

if TYPE_CHECKING:
    from ledger.anchor.chain import AnchoredHead

Outcome = Literal["anchored", "not_yet", "contradiction", "invalid", "unreadable"]

_WORDS: Final[dict[Outcome, tuple[str, str]]] = {
    "anchored": ("链上存证一致", "the chain and the log agree"),
    "not_yet": ("尚未上链", "not on the chain yet"),
    "contradiction": ("链上存证与账本不一致", "the chain holds another log: a fork"),
    "invalid": ("证明不成立", "the proof does not hold"),
    "unreadable": ("无法读取", "it cannot be read"),
}
_CODES: Final[dict[Outcome, int]] = {"contradiction": 1, "invalid": 1, "unreadable": 3, "not_yet": 2, "anchored": 0}
_WORST: Final = (1, 3, 2, 0)


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    outcome: Outcome
    size: int
    index: int | None = None


@click.command()
@click.argument("proofs", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--log", "place", help="Where the log is: an address or a folder; default: our own. 账本地址或目录")
@click.option(
    "--trust",
    "trust_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust list with the log's key; default: our own. 信任列表",
)
@click.option("--origin", help="Which log of the trust list, if it names several. 账本名称")
@answering
def check(
    lang: Language | None,
    proofs: tuple[Path, ...],
    *,
    place: str | None,
    trust_file: Path | None,
    origin: str | None,
    as_json: bool,
) -> int:
    """Compare what the chain holds with the log, and with every PROOF (.tlog-proof).

    核对链上存证、账本与证明文件。With --log and --trust it needs no house: ELICENCE_CHAIN_URL and ELICENCE_CHAIN_CONTRACT
    name the chain. Ends with 1 if anything contradicts, 2 if something is not on the chain yet.
    """
    if (place is None) != (trust_file is None):
        raise click.UsageError("--log 与 --trust 须同时给出 / --log and --trust go together")
    chain = anchor_chain(settings())
    with _log(place, trust_file, origin) as (fetch, vkey):
        # In this order: what is published later can only be larger than what was anchored of it.
        head = chain.state(log_id(vkey.name), finality(settings())).final
        log = PublishedLog.read(fetch, vkey)
        rows = [_compare(head, log, vkey.name), *(_judge(path, head, log, vkey) for path in proofs)]
    zh = language_of(lang) == "zh"
    answer = {
        "chain": chain.id,
        "origin": vkey.name,
        "anchored": head.size,
        "root": head.root.hex(),
        "results": [{"name": row.name, "outcome": row.outcome, "size": row.size, "index": row.index} for row in rows],
    }
    heads = ("对象", "条目数", "序号", "结果") if zh else ("what", "entries", "index", "outcome")
    cells = [
        (row.name, str(row.size), "-" if row.index is None else str(row.index), _WORDS[row.outcome][0 if zh else 1])
        for row in rows
    ]
    tell(answer, [f"{chain.id}: {head.size}", "", *table(heads, cells)], as_json=as_json)
    codes = {_CODES[row.outcome] for row in rows}
    return next(code for code in _WORST if code in codes)


@contextlib.contextmanager
def _log(place: str | None, trust_file: Path | None, origin: str | None) -> Iterator[tuple[Fetch, Vkey]]:
    """Open our own log, or somebody's by its tiles and a trust list."""
    if place is None or trust_file is None:
        from tools.opening import opened_house

        with opened_house() as house:
            yield tile_fetch(house.objects), log_vkey(house)
        return
    from ca.judging.trust import load_trust
    from ledger.monitor.client import log_source

    keys = load_trust(trust_file.read_bytes(), datetime.now(UTC)).log_keys
    named = origin or next(iter(keys), "")
    if named not in keys or (origin is None and len(keys) > 1):
        raise click.UsageError(f"请用 --origin 指明账本 / say which log with --origin: {', '.join(sorted(keys))}")
    yield log_source(place).get, Vkey.parse(keys[named])


def _compare(head: "AnchoredHead", log: PublishedLog | None, origin: str) -> _Row:
    size = 0 if log is None else log.checkpoint.size
    if head.size == 0:
        return _Row(origin, "not_yet", size)
    agrees = log is not None and log.holds(head.size, head.root)
    return _Row(origin, "anchored" if agrees else "contradiction", size)


def _judge(path: Path, head: "AnchoredHead", log: PublishedLog | None, vkey: Vkey) -> _Row:
    try:
        proof = TlogProof.parse(path.read_text("utf-8"))
        entry = verify_proof(proof, {vkey.name: vkey})
        checkpoint = Checkpoint.parse(SignedNote.parse(proof.checkpoint).text)
    except (ProofUnreadable, UnicodeDecodeError):
        return _Row(path.name, "unreadable", 0)
    except (ProofInvalid, ProofUntrusted):
        return _Row(path.name, "invalid", 0)
    if head.size == 0 or entry.index >= head.size:
        return _Row(path.name, "not_yet", checkpoint.size, entry.index)
    return _Row(path.name, _agreement(checkpoint, head, log), checkpoint.size, entry.index)


def _agreement(checkpoint: Checkpoint, head: "AnchoredHead", log: PublishedLog | None) -> Outcome:
    """Tell whether a signed checkpoint and what is anchored are of one log; its tiles only lend the hashes between them."""
    old, new = sorted([checkpoint.size, head.size])
    if log is None or new > log.checkpoint.size:
        return "contradiction"
    proof = log.proof(old, new) if old != new else ()
    if same_log(checkpoint.size, checkpoint.root, head.size, head.root, proof):
        return "anchored"
    # A damaged tile, too, gives a wrong proof: that raises, and accuses nobody of a fork.
    log.require_sound(old, new)
    return "contradiction"
