"""ledger.anchor: whether a chain that nobody can rewrite holds the log that the proof is from."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON
from licences.verification.sources import Absent, AnchorStanding, Unavailable

if TYPE_CHECKING:
    from ledger.formats.checkpoints import Checkpoint

FRESH: Final = timedelta(minutes=10)
"""How old a look at the chain may be; the anchorer looks every few seconds."""

NO_CHAIN: Final = Code(
    "NO_CHAIN",
    "not_applicable",
    "ledger.no_chain",
    "账本未在区块链上存证，或离线无法查询",
    "the ledger is anchored on no chain, or none is asked off line",
)
NOT_ANCHORED_YET: Final = Code(
    "NOT_ANCHORED_YET",
    "warning",
    "ledger.not_anchored_yet",
    "这份证照的签发尚未上链存证",
    "the issuing of this document is not on the chain yet",
)
CHAIN_UNREACHABLE: Final = Code(
    "CHAIN_UNREACHABLE",
    "not_run",
    "service.chain_unreachable",
    "暂时无法访问存证区块链",
    "the chain cannot be reached at present",
    Advice.RETRY,
)
NOT_COMPARABLE: Final = Code(
    "NOT_COMPARABLE",
    "not_run",
    "ledger.not_comparable",
    "公布的账本尚不及链上存证或所出示的证明，暂时无法比对",
    "the published ledger is behind the chain or the proof; they cannot be compared at present",
    Advice.RETRY,
)
ROOT_DIFFERS: Final = Code(
    "ROOT_DIFFERS",
    "failed",
    "ledger.root_differs",
    "链上存证的账本与所出示证明的账本不是同一个账本",
    "the chain holds another ledger than the one that the proof is from",
)


def _run(case: Case) -> Finding:
    entry = case.entry
    if entry.index is None or entry.checkpoint is None:
        return Finding(NOT_APPLICABLE)
    from ledger.formats.checkpoints import Checkpoint
    from ledger.formats.notes import SignedNote

    checkpoint = Checkpoint.parse(SignedNote.parse(entry.checkpoint).text)
    match case.sources.anchor(entry.index, checkpoint):
        case Absent():
            return Finding(NO_CHAIN)
        case Unavailable(reason):
            return Finding(CHAIN_UNREACHABLE, {"reason": reason})
        case standing:
            code = _judge(standing, checkpoint, entry.index, case.request.now)
            evidence: dict[str, JSON] = {"chain": standing.chain, "size": standing.size}
            return Finding(code, evidence, at=standing.since if code is None else standing.looked_at)


def _judge(standing: AnchorStanding, checkpoint: "Checkpoint", index: int, now: datetime) -> Code | None:
    from ledger.anchor.reading import same_log

    if standing.size > 0:
        if standing.proof is None and standing.size != checkpoint.size:
            return NOT_COMPARABLE
        # Another history is said whether it holds this entry or not, however old the look: no chain loses an anchor.
        if not same_log(checkpoint.size, checkpoint.root, standing.size, standing.root, standing.proof or ()):
            return ROOT_DIFFERS
    # A look of tomorrow was that of a wrong clock.
    if abs(now - standing.looked_at) > FRESH:
        return CHAIN_UNREACHABLE
    return NOT_ANCHORED_YET if index >= standing.size else None


CHECK: Final = Check(
    id="ledger.anchor",
    zh="账本是否已在区块链上存证且未被改写",
    en="Does a chain hold this ledger, as it is and not rewritten?",
    passed_zh="区块链上的存证与账本一致，并包含这份证照的签发",
    passed_en="the chain holds this ledger, with the issuing of this document in it",
    depends_on=("ledger.inclusion",),
    codes=(NO_CHAIN, NOT_ANCHORED_YET, CHAIN_UNREACHABLE, NOT_COMPARABLE, ROOT_DIFFERS),
    run=_run,
)
