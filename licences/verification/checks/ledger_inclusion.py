"""ledger.inclusion: whether a log that we know holds the event of this document's issuing."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.ledger_entry import EntryState
from licences.verification.report import JSON

NO_PROOF: Final = Code(
    "NO_PROOF",
    "not_applicable",
    "ledger.no_proof",
    "没有出示存证账本证明（可选）",
    "no ledger proof was presented, and none is required",
)
PENDING: Final = Code(
    "PENDING",
    "warning",
    "ledger.pending",
    "刚刚签发，存证账本尚未收录",
    "issued a moment ago and not yet in the ledger",
)
OVERDUE: Final = Code(
    "OVERDUE",
    "warning",
    "ledger.overdue",
    "存证账本未在承诺的期限内收录这份证照的签发",
    "the ledger has broken its promise: the issuing should be in it by now, and is not",
)
LOG_UNREACHABLE: Final = Code(
    "LOG_UNREACHABLE",
    "not_run",
    "service.log_unreachable",
    "暂时无法访问存证账本",
    "the ledger cannot be reached at present",
    Advice.RETRY,
)
PROOF_UNREADABLE: Final = Code(
    "PROOF_UNREADABLE",
    "not_run",
    "ledger.proof_unreadable",
    "存证账本证明文件已损坏，无法读取",
    "the ledger proof is damaged and cannot be read",
    Advice.ASK_ISSUER,
)
LOG_UNKNOWN: Final = Code(
    "LOG_UNKNOWN",
    "not_run",
    "ledger.log_unknown",
    "存证账本不在信任列表之内",
    "the proof is from a log that the trust list does not name",
    Advice.RENEW_TRUST,
)
PROOF_INVALID: Final = Code(
    "PROOF_INVALID",
    "failed",
    "ledger.proof_invalid",
    "存证账本证明是伪造的或被改动过",
    "the ledger proof is forged or has been changed",
)
PROOF_OF_OTHER: Final = Code(
    "PROOF_OF_OTHER",
    "failed",
    "ledger.proof_of_other",
    "出示的存证账本证明属于另一份文件",
    "the ledger proof that was presented belongs to another document",
)
_CODES: Final[dict[EntryState, Code]] = {
    "not_asked": NOT_APPLICABLE,
    "no_proof": NO_PROOF,
    "pending": PENDING,
    "overdue": OVERDUE,
    "unavailable": LOG_UNREACHABLE,
    "no_trust_list": NO_TRUST_LIST,
    "unreadable": PROOF_UNREADABLE,
    "untrusted": LOG_UNKNOWN,
    "invalid": PROOF_INVALID,
    "other_document": PROOF_OF_OTHER,
}


def _run(case: Case) -> Finding:
    entry = case.entry
    if entry.state != "proved":
        return Finding(_CODES[entry.state], {"detail": entry.detail} if entry.detail else {})
    evidence: dict[str, JSON] = {"origin": entry.origin, "index": entry.index, "size": entry.size}
    return Finding(evidence=evidence, at=entry.about_this_at)


CHECK: Final = Check(
    id="ledger.inclusion",
    zh="存证账本是否收录了这份证照的签发",
    en="Does the ledger hold the issuing of this document?",
    passed_zh="存证账本收录了这份证照的签发",
    passed_en="the ledger holds the issuing of this document",
    depends_on=("integrity.signature", "content.record"),
    codes=(NO_PROOF, PENDING, OVERDUE, LOG_UNREACHABLE, PROOF_UNREADABLE, LOG_UNKNOWN, PROOF_INVALID, PROOF_OF_OTHER),
    run=_run,
)
