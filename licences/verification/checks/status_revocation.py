"""status.revocation: whether the licence was in force at the moment asked about, by what was known at the other."""

from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NO_TRUST_LIST, NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON, utc_text
from licences.verification.sources import Absent, StatusHistory, StatusToken, Unavailable
from licences.verification.status_history import status_at
from licences.verification.status_lists import ListedStatus, ListTrouble, read_status

SUSPENDED: Final = Code("SUSPENDED", "failed", "licence.suspended", "该证照已被暂扣或中止", "this licence is suspended")
REVOKED: Final = Code(
    "REVOKED",
    "failed",
    "licence.revoked",
    "该证照已被吊销，或已由签发机关以其他方式终止效力",
    "the issuing authority has revoked this licence or ended it otherwise",
)
ANNULLED: Final = Code("ANNULLED", "failed", "licence.annulled", "该证照已被撤销", "this licence has been annulled")
WITHDRAWN: Final = Code("WITHDRAWN", "failed", "licence.withdrawn", "该证照已被撤回", "this licence has been withdrawn")
CANCELLED: Final = Code("CANCELLED", "failed", "licence.cancelled", "该证照已注销", "this licence has been cancelled")
LAPSED: Final = Code("LAPSED", "failed", "licence.expired", "该证照已失效", "this licence has lapsed")
VOID: Final = Code("VOID", "failed", "licence.void", "该证照已作废", "this licence is void: it was made in error")
REPLACED: Final = Code(
    "REPLACED",
    "failed",
    "licence.replaced",
    "该证照已变更或转出，请使用新的证照",
    "this licence has been replaced; ask for the new one",
)
NOT_YET_ISSUED: Final = Code(
    "NOT_YET_ISSUED",
    "failed",
    "licence.not_yet_issued",
    "在所问的时间点，该证照尚未签发",
    "at the moment asked about this licence had not been issued",
)
NO_STATUS_SOURCE: Final = Code(
    "NO_STATUS_SOURCE",
    "not_run",
    "status.no_source",
    "没有提供状态清单，无法判断证照是否仍然有效",
    "no status list was supplied, so it cannot be said whether the licence is still in force",
    Advice.SUPPLY_STATUS,
)
STATUS_UNREACHABLE: Final = Code(
    "STATUS_UNREACHABLE",
    "not_run",
    "service.status_unreachable",
    "暂时查不到证照状态",
    "the licence's status cannot be looked up at present",
    Advice.RETRY,
)
STALE: Final = Code(
    "STALE",
    "not_run",
    "status.stale",
    "状态清单已过期",
    "the status list is out of date",
    Advice.SUPPLY_STATUS,
)
HISTORY_UNAVAILABLE: Final = Code(
    "HISTORY_UNAVAILABLE",
    "not_run",
    "status.history_unavailable",
    "没有所问时间点的状态记录，无法判断当时的情况",
    "there is no status record for the moment asked about",
    Advice.SUPPLY_STATUS,
)
STATUS_UNUSABLE: Final = Code(
    "STATUS_UNUSABLE",
    "not_run",
    "status.unusable",
    "状态清单不可信、已损坏，或不是这份证照所属的清单",
    "the status list is not to be trusted, damaged, or not the one that speaks of this licence",
    Advice.SUPPLY_STATUS,
)
STATUS_UNCLEAR: Final = Code(
    "STATUS_UNCLEAR",
    "not_run",
    "status.unclear",
    "证照状态无法识别",
    "the licence's status is one this service does not know",
    Advice.ASK_ISSUER,
)
AGEING: Final = Code(
    "AGEING",
    "warning",
    "status.ageing",
    "依据的状态清单不是最新的一期",
    "in force by a status list that is not the latest",
)
_BY_STATUS: Final = {
    "suspended": SUSPENDED,
    "revoked": REVOKED,
    "annulled": ANNULLED,
    "withdrawn": WITHDRAWN,
    "cancelled": CANCELLED,
    "expired": LAPSED,
    "void": VOID,
    "voided": VOID,
    "replaced": REPLACED,
    "moved": REPLACED,
}
_BY_VALUE: Final = {1: REVOKED, 2: SUSPENDED}


def _run(case: Case) -> Finding:
    identifier = case.identifier
    if identifier is None:
        return Finding(NOT_APPLICABLE)
    match case.sources.status(identifier):
        case StatusHistory() as history:
            return _by_history(case, history)
        case StatusToken(text):
            return _by_list(case, text)
        case Absent():
            return Finding(NO_STATUS_SOURCE)
        case Unavailable(reason):
            return Finding(STATUS_UNREACHABLE, {"reason": reason})


def _by_history(case: Case, history: StatusHistory) -> Finding:
    request = case.request
    row = status_at(history.rows, request.as_of, request.known_at)
    if row is None and request.as_of == request.known_at == request.now:
        # Issued a moment ago by a machine whose clock is a little ahead of ours.
        ahead = request.now + request.policy.clock_tolerance
        row = status_at(history.rows, ahead, ahead)
    if row is None:
        known = any(row.recorded_at <= request.known_at for row in history.rows)
        return Finding(NOT_YET_ISSUED if known else HISTORY_UNAVAILABLE, {"known_at": utc_text(request.known_at)})
    evidence: dict[str, JSON] = {"status": row.status, "recorded_at": utc_text(row.recorded_at)}
    if row.status == "active":
        return Finding(evidence=evidence, at=row.effective_at)
    return Finding(_BY_STATUS.get(row.status, STATUS_UNCLEAR), evidence, row.effective_at)


def _by_list(case: Case, text: str) -> Finding:
    licence, request = case.licence, case.request
    if case.trust is None:
        return Finding(NO_TRUST_LIST)
    if licence is None:
        return Finding(NO_STATUS_SOURCE)
    listed = read_status(
        text, licence.status_uri, licence.status_index, case.trust, request.now, request.policy.clock_tolerance
    )
    if isinstance(listed, ListTrouble):
        code = STALE if listed.trouble == "stale" else STATUS_UNUSABLE
        return Finding(code, {"trouble": listed.trouble, "detail": listed.detail}, listed.issued_at)
    return _judge_list(case, listed)


def _judge_list(case: Case, listed: ListedStatus) -> Finding:
    request = case.request
    evidence: dict[str, JSON] = {"value": listed.value, "list_expires": utc_text(listed.expires_at)}
    # A list speaks of its own moment: what was before it, or known before it, would be a guess.
    if min(request.as_of, request.known_at) < listed.issued_at - request.policy.clock_tolerance:
        return Finding(HISTORY_UNAVAILABLE, evidence, listed.issued_at)
    if listed.value == 0:
        return Finding(AGEING if listed.refresh_at <= request.now else None, evidence, listed.issued_at)
    return Finding(_BY_VALUE.get(listed.value, STATUS_UNCLEAR), evidence, listed.issued_at)


CHECK: Final = Check(
    id="status.revocation",
    zh="在所问的时间点，证照是否仍然有效（未被吊销、撤销、注销、暂扣等）",
    en="Was the licence in force: not revoked, annulled, cancelled or suspended?",
    passed_zh="证照未被吊销、撤销、注销或暂扣",
    passed_en="the licence has not been revoked, annulled, cancelled or suspended",
    depends_on=("integrity.signature", "content.embedded", "content.record"),
    codes=(
        SUSPENDED,
        REVOKED,
        ANNULLED,
        WITHDRAWN,
        CANCELLED,
        LAPSED,
        VOID,
        REPLACED,
        NOT_YET_ISSUED,
        NO_STATUS_SOURCE,
        STATUS_UNREACHABLE,
        STALE,
        HISTORY_UNAVAILABLE,
        STATUS_UNUSABLE,
        STATUS_UNCLEAR,
        AGEING,
    ),
    run=_run,
)
