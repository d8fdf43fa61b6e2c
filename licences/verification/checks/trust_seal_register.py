"""trust.seal_register: whether our register of seals says that this one could not be used any more when it was.

A compromise reaches back to the day since when the key was in strange hands, a stop reaches no further than itself. Off
line the same arrives by revocation lists.
"""

from datetime import datetime
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.per_seal import each_seal, worst_of
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase
from licences.verification.sources import Absent, SealStanding, SealStop, Unavailable

SEAL_COMPROMISED: Final = Code(
    "SEAL_COMPROMISED",
    "failed",
    "seal.compromised",
    "盖章时该印章已失窃或泄露，自登记的日期起所盖的印章无效",
    "the seal was in strange hands when it was used: nothing that it sealed since the registered day is good",
)
COMPROMISED_UNDATED: Final = Code(
    "COMPROMISED_UNDATED",
    "not_run",
    "seal.compromised_undated",
    "该印章已失窃或泄露，且没有可信的时间证明盖章发生在此之前",
    "the seal has been compromised, and no trusted time proves that this was sealed before",
    Advice.ASK_ISSUER,
)
COMPROMISED_LATER: Final = Code(
    "COMPROMISED_LATER",
    "warning",
    "seal.compromised_later",
    "该印章后来失窃或泄露，此次盖章早于登记的日期，不受影响",
    "the seal was compromised later; this was sealed before the registered day and stays good",
)
SEAL_STOPPED: Final = Code(
    "SEAL_STOPPED",
    "failed",
    "seal.stopped",
    "盖章时该印章已停用",
    "the seal had been taken out of use when this was sealed",
)
STOPPED_UNDATED: Final = Code(
    "STOPPED_UNDATED",
    "not_run",
    "seal.stopped_undated",
    "该印章现已停用，且没有可信的时间证明盖章发生在停用之前",
    "the seal is out of use now, and no trusted time proves that this was sealed before",
    Advice.ASK_ISSUER,
)
SEAL_IN_QUESTION: Final = Code(
    "SEAL_IN_QUESTION",
    "not_run",
    "seal.in_question",
    "该印章疑似泄露，正在核查，且没有可信的时间证明盖章发生在停用之前",
    "the seal is under suspicion, and no trusted time proves that this was sealed before it was suspended",
    Advice.ASK_ISSUER,
)
IN_QUESTION_LATER: Final = Code(
    "IN_QUESTION_LATER",
    "warning",
    "seal.in_question_later",
    "该印章疑似泄露，正在核查；此次盖章早于停用",
    "the seal is under suspicion; this was sealed before it was suspended",
)
SEALS_UNREACHABLE: Final = Code(
    "SEALS_UNREACHABLE",
    "not_run",
    "service.seals_unreachable",
    "暂时查不到印章登记",
    "the register of seals cannot be reached at present",
    Advice.RETRY,
)
_RAN_OUT: Final = "expired"


def _run(case: Case) -> Finding:
    bare = case.examined.bare_seal
    if bare is None:
        return each_seal(case, _judge)
    # A seal by itself is asked about as it was at that moment, by those who may sign with it.
    found = [_judge_at(case.sources.seal(one), case.request.as_of) for one in bare.seal.certificates]
    found += [_judge(one) for one in case.seals]
    return worst_of(found, [f"{number}" for number, _ in enumerate(found, 1)]) if found else Finding(NOT_APPLICABLE)


def _judge(seal: SealCase) -> Finding:
    return _judge_at(seal.standing, None if seal.existence is None else seal.existence.at)


def _judge_at(standing: SealStanding | Absent | Unavailable, at: datetime | None) -> Finding:
    match standing:
        case Absent():
            return Finding(NOT_APPLICABLE)
        case Unavailable(reason):
            return Finding(SEALS_UNREACHABLE, {"reason": reason})
        case SealStanding():
            return _by_register(standing, at)


def _by_register(standing: SealStanding, at: datetime | None) -> Finding:
    """Judge by the register. at: when the seal is proved to have been on the document."""
    evidence: dict[str, JSON] = {"state": standing.state, "at": None if at is None else utc_text(at)}
    if standing.invalid_from is not None:
        evidence["invalid_from"] = utc_text(standing.invalid_from)
        if at is None:
            return Finding(COMPROMISED_UNDATED, evidence)
        if at >= standing.invalid_from:
            return Finding(SEAL_COMPROMISED, evidence, standing.invalid_from)
    stop = None if at is None else next((one for one in standing.stops if _reaches(one, at)), None)
    if stop is not None and not stop.in_question:
        return Finding(SEAL_STOPPED, {**evidence, "reason": stop.reason}, stop.since)
    if standing.invalid_from is not None:
        return Finding(COMPROMISED_LATER, evidence, standing.invalid_from)
    return _by_what_stands(standing, at, evidence)


def _by_what_stands(standing: SealStanding, at: datetime | None, evidence: dict[str, JSON]) -> Finding:
    """Judge by the stops that last: what they say of a seal from before them, or from nobody knows when."""
    standing_now = [one for one in standing.stops if one.until is None]
    suspicion = next((one for one in standing_now if one.in_question), None)
    if suspicion is not None:
        undecided = at is None or at >= suspicion.since
        return Finding(SEAL_IN_QUESTION if undecided else IN_QUESTION_LATER, evidence, suspicion.since)
    # That its certificate ran out is no act of ours: trust.path judges the period.
    last = next((one for one in standing_now if one.state != _RAN_OUT), None)
    if at is None and last is not None:
        return Finding(STOPPED_UNDATED, {**evidence, "reason": last.reason}, last.since)
    return Finding(evidence=evidence)


def _reaches(stop: SealStop, at: datetime) -> bool:
    return stop.since <= at and (stop.until is None or at < stop.until)


CHECK: Final = Check(
    id="trust.seal_register",
    zh="按本平台的印章登记，盖章时印章是否仍可使用（未失窃、未停用）",
    en="By our register of seals, could the seal still be used when it was: neither compromised nor stopped?",
    passed_zh="盖章时印章在正常使用",
    passed_en="the seal was in use when this was sealed",
    depends_on=("integrity.signature",),
    codes=(
        SEAL_COMPROMISED,
        COMPROMISED_UNDATED,
        COMPROMISED_LATER,
        SEAL_STOPPED,
        STOPPED_UNDATED,
        SEAL_IN_QUESTION,
        IN_QUESTION_LATER,
        SEALS_UNREACHABLE,
    ),
    run=_run,
)
