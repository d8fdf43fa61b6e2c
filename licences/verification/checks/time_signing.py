"""time.signing: whether the time that the signer claims agrees with what can be proved."""

from typing import Final

from licences.verification.case import BadToken, Case
from licences.verification.check import Check, Finding
from licences.verification.codes import NOT_APPLICABLE, Advice, Code
from licences.verification.report import JSON, utc_text

CLAIMED_TIME_DIFFERS: Final = Code(
    "CLAIMED_TIME_DIFFERS",
    "failed",
    "time.claimed_time_differs",
    "文件所写的盖章时间与时间戳不符",
    "the sealing time written in the file does not agree with its timestamp",
)
CLAIMED_TIME_FROM_FUTURE: Final = Code(
    "CLAIMED_TIME_FROM_FUTURE",
    "not_run",  # the clock that is wrong may be ours
    "time.claimed_time_from_future",
    "文件所写的盖章时间晚于当前时间，请检查本机时钟",
    "the sealing time written in the file is later than the present: check this machine's clock",
    Advice.RETRY,
)
NO_CLAIMED_TIME: Final = Code(
    "NO_CLAIMED_TIME",
    "warning",
    "time.no_claimed_time",
    "文件没有写明盖章时间",
    "the file does not say when it was sealed",
)


def _run(case: Case) -> Finding:
    signature, token = case.examined.signature, case.token
    if signature is None:
        return Finding(NOT_APPLICABLE)
    if signature.claimed_at is None:
        return Finding(NO_CLAIMED_TIME)
    tolerance = case.request.policy.clock_tolerance
    evidence: dict[str, JSON] = {"claimed": utc_text(signature.claimed_at)}
    if token is not None and not isinstance(token, BadToken):
        evidence["gen_time"] = utc_text(token.gen_time)
        if abs(token.gen_time - signature.claimed_at) > tolerance:
            return Finding(CLAIMED_TIME_DIFFERS, evidence)
    if signature.claimed_at > case.request.now + tolerance:
        return Finding(CLAIMED_TIME_FROM_FUTURE, evidence)
    return Finding(evidence=evidence, at=signature.claimed_at)


CHECK: Final = Check(
    id="time.signing",
    zh="文件所写的盖章时间是否可信",
    en="Does the claimed sealing time agree with what can be proved?",
    passed_zh="盖章时间前后一致",
    passed_en="the sealing time is consistent",
    depends_on=("integrity.signature",),
    codes=(CLAIMED_TIME_DIFFERS, CLAIMED_TIME_FROM_FUTURE, NO_CLAIMED_TIME),
    run=_run,
)
