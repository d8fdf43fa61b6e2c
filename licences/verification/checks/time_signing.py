"""time.signing: whether the time that the signer claims agrees with what can be proved."""

from datetime import timedelta
from typing import Final

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.codes import Advice, Code
from licences.verification.per_seal import each_seal
from licences.verification.report import JSON, utc_text
from licences.verification.seal_case import SealCase
from licences.verification.timestamps import BadToken

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
CLAIMED_TIME_UNSURE: Final = Code(
    "CLAIMED_TIME_UNSURE",
    "warning",
    "time.claimed_time_unsure",
    "签名者所写的时间与时间戳不符（其时钟可能不准），以时间戳为准",
    "the time that the signer states does not agree with the timestamp, which counts: that clock may have been wrong",
)
NO_CLAIMED_TIME: Final = Code(
    "NO_CLAIMED_TIME",
    "warning",
    "time.no_claimed_time",
    "文件没有写明盖章时间",
    "the file does not say when it was sealed",
)


def _run(case: Case) -> Finding:
    return each_seal(case, _judge)


def _judge(seal: SealCase) -> Finding:
    case, signature, token = seal.case, seal.signature, seal.token
    if signature.claimed_at is None:
        return Finding(NO_CLAIMED_TIME)
    tolerance = case.request.policy.clock_tolerance
    evidence: dict[str, JSON] = {"claimed": utc_text(signature.claimed_at)}
    if token is not None and not isinstance(token, BadToken):
        evidence["gen_time"] = utc_text(token.gen_time)
        if _differs(seal, signature.claimed_at - token.gen_time, tolerance):
            foreign = signature.foreign and not case.is_licence
            return Finding(CLAIMED_TIME_UNSURE if foreign else CLAIMED_TIME_DIFFERS, evidence)
    if signature.claimed_at > case.request.now + tolerance:
        return Finding(CLAIMED_TIME_FROM_FUTURE, evidence)
    return Finding(evidence=evidence, at=signature.claimed_at)


def _differs(seal: SealCase, ahead: timedelta, tolerance: timedelta) -> bool:
    # A timestamp may come later than other makers' seals; nobody can seal after he was stamped.
    stamped_at_once = seal.case.is_licence or seal.signature.national is None
    return ahead > tolerance or (stamped_at_once and -ahead > tolerance)


CHECK: Final = Check(
    id="time.signing",
    zh="文件所写的盖章时间是否可信",
    en="Does the claimed sealing time agree with what can be proved?",
    passed_zh="盖章时间前后一致",
    passed_en="the sealing time is consistent",
    depends_on=("integrity.signature",),
    codes=(CLAIMED_TIME_DIFFERS, CLAIMED_TIME_FROM_FUTURE, CLAIMED_TIME_UNSURE, NO_CLAIMED_TIME),
    run=_run,
)
