"""time.seal_period: whether a national seal was within its own period, which is not that of any certificate."""

from datetime import datetime
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.per_seal import worst_of
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase
from seals.ses.values import SesSeal

SEAL_NOT_YET_VALID: Final = Code(
    "SEAL_NOT_YET_VALID",
    "failed",
    "seal.not_yet_valid",
    "电子印章当时尚未生效",
    "the seal's own period had not begun",
)
SEAL_PERIOD_OVER: Final = Code(
    "SEAL_PERIOD_OVER",
    "failed",
    "seal.period_over",
    "电子印章当时已过有效期",
    "the seal's own period was over",
)
NO_SEALING_TIME: Final = Code(
    "NO_SEALING_TIME",
    "not_run",
    "time.no_sealing_time",
    "签章没有写明可以识别的时间，无法判断当时印章是否在有效期内",
    "the signature states no time that can be read, so it cannot be said whether the seal was within its period",
    Advice.ASK_ISSUER,
)


def _run(case: Case) -> Finding:
    bare = case.examined.bare_seal
    if bare is not None:
        # A seal by itself is asked about as a licence is: was it one at that moment?
        return _judge(bare.seal, case.request.as_of)
    found = [(one, one.signature.national) for one in case.seals]
    judged = [(one, _judge(seal.seal, _sealed_at(one))) for one, seal in found if seal is not None]
    if not judged:
        return Finding(NOT_APPLICABLE)
    return worst_of([finding for _, finding in judged], [one.signature.name for one, _ in judged])


def _sealed_at(seal: SealCase) -> datetime | None:
    return seal.signature.claimed_at if seal.existence is None else seal.existence.at


def _judge(seal: SesSeal, at: datetime | None) -> Finding:
    if at is None:
        return Finding(NO_SEALING_TIME)
    evidence: dict[str, JSON] = {
        "at": utc_text(at),
        "valid_from": utc_text(seal.valid_from),
        "valid_until": utc_text(seal.valid_until),
    }
    if at < seal.valid_from:
        return Finding(SEAL_NOT_YET_VALID, evidence)
    return Finding(SEAL_PERIOD_OVER if at > seal.valid_until else None, evidence)


CHECK: Final = Check(
    id="time.seal_period",
    zh="盖章时是否在国标电子印章自身的有效期内",
    en="Was the national seal within its own period when it was used?",
    passed_zh="在电子印章的有效期内",
    passed_en="it was within the seal's own period",
    depends_on=("integrity.seal",),
    codes=(SEAL_NOT_YET_VALID, SEAL_PERIOD_OVER, NO_SEALING_TIME),
    run=_run,
)
