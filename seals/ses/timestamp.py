"""The timestamp over a seal's or a signature's value: proof of the time, where its authority is believed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ca.algorithms import digests
from ca.errors import TokenInvalid
from ca.timestamping.token import TimestampToken, read_token
from seals.ses.reader import SesSeal, SesSignature
from seals.ses.spelling import is_national
from seals.ses.steps import NOT_APPLICABLE, PASSED, Finding, failed, undecided
from seals.ses.trust import Paths

__all__ = ["CLOCK_TOLERANCE", "Stamp", "is_national", "judge_timestamp"]

CLOCK_TOLERANCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the timestamp is worth; moment: the time that it proves, None if it proves none."""

    finding: Finding
    moment: datetime | None = None


def judge_timestamp(signed: SesSeal | SesSignature, claimed: datetime | None, paths: Paths) -> Stamp:
    """Judge the timestamp over a signature value. claimed: the time that the signer states."""
    if signed.timestamp is None:
        return Stamp(NOT_APPLICABLE)
    if is_national(signed.timestamp):
        # Its structure is not read here: it proves nothing, and takes nothing away either.
        return Stamp(Finding("not_applicable", "time.timestamp_form"))
    try:
        token = read_token(signed.timestamp)
    except TokenInvalid as error:
        return Stamp(failed("time.timestamp_invalid", error.reason))
    if digests.compute(token.hash_algorithm, signed.signature_value) != token.imprint:
        return Stamp(failed("time.timestamp_other", "the timestamp is over something else"))
    return _trusted(token, claimed, paths)


def _trusted(token: TimestampToken, claimed: datetime | None, paths: Paths) -> Stamp:
    report = paths.judge(token.signer_certificate, token.certificates, token.gen_time, "timestamp")
    if report.outcome != "passed":
        return Stamp(undecided("time.timestamp_untrusted", report.message()))
    if paths.has_stray(token.certificates, report):
        return Stamp(failed("time.timestamp_invalid", "a certificate that is protected by nothing"))
    if claimed is not None and claimed > token.gen_time + CLOCK_TOLERANCE:
        return Stamp(failed("time.claimed_time_differs", f"claimed {claimed:%Y-%m-%d %H:%M:%S}, proven earlier"))
    return Stamp(PASSED, token.gen_time)
