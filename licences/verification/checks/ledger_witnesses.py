"""ledger.witnesses: whether enough witnesses have cosigned the checkpoint of the proof, so that the log shows all the same."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Code
from licences.verification.report import JSON

NO_POLICY: Final = Code(
    "NO_POLICY",
    "not_applicable",
    "ledger.no_policy",
    "信任列表未指定见证方",
    "the trust list names no witnesses",
)
LOG_NOT_LISTED: Final = Code(
    "LOG_NOT_LISTED",
    "warning",
    "ledger.log_not_listed",
    "信任列表的见证策略未列出该账本",
    "the policy of witnesses in the trust list is about other logs",
)
NO_QUORUM: Final = Code(
    "NO_QUORUM",
    "warning",
    "ledger.no_quorum",
    "见证方的会签未达到信任列表规定的数量",
    "fewer witnesses have cosigned the checkpoint than the trust list asks for",
)
COSIGNATURE_INVALID: Final = Code(
    "COSIGNATURE_INVALID",
    "failed",
    "ledger.cosignature_invalid",
    "检查点上有以见证方名义伪造或被改动的签名",
    "a signature in the name of a witness is forged or has been changed",
)


def _run(case: Case) -> Finding:
    note, trust = case.entry.checkpoint, case.trust
    if note is None or trust is None:
        return Finding(NOT_APPLICABLE)
    from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable
    from ledger.formats.tlog_policy import Policy, quorum

    policy = Policy.parse(trust.witness_policy.encode()) if trust.witness_policy else None
    if policy is None or not policy.wants_witnesses:
        return Finding(NO_POLICY)
    try:
        found = quorum(note, policy, not_after=case.request.now + case.request.policy.clock_tolerance)
    except (NoteSignatureInvalid, NoteUnreadable) as error:
        return Finding(COSIGNATURE_INVALID, {"witness": getattr(error, "name", None)})
    evidence: dict[str, JSON] = {"cosigned": [name for name, _ in found.cosigned], "missing": list(found.missing)}
    if not found.log_is_listed:
        return Finding(LOG_NOT_LISTED, evidence)
    return Finding(None if found.is_reached else NO_QUORUM, evidence, at=found.at)


CHECK: Final = Check(
    id="ledger.witnesses",
    zh="是否有足够的见证方会签了账本的检查点",
    en="Have enough witnesses cosigned the ledger's checkpoint?",
    passed_zh="账本的检查点有足够的见证方会签",
    passed_en="enough witnesses have cosigned the ledger's checkpoint",
    depends_on=("ledger.inclusion",),
    codes=(NO_POLICY, LOG_NOT_LISTED, NO_QUORUM, COSIGNATURE_INVALID),
    run=_run,
)
