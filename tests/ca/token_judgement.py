"""Judge a timestamp token on its own, as the verification engine judges it inside a document."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ca.errors import TokenInvalid
from ca.judging.paths import PathReport, has_stray, validate_path
from ca.judging.trust import TrustList
from ca.timestamping.token import TimestampToken, read_token

Fault = Literal["unreadable", "imprint", "path", "stray_certificate"]


@dataclass(frozen=True, slots=True)
class TokenReport:
    """The judgement of one token: `fault` is None if it is good; `detail` says more of an unreadable one."""

    fault: Fault | None
    detail: str | None
    token: TimestampToken | None
    path: PathReport | None

    @property
    def passed(self) -> bool:
        """Whether the time is believed."""
        return self.fault is None


def judge_token(
    token: bytes, imprint: bytes, trust: TrustList, at: datetime | None = None, *, hash_algorithm: str = "SHA-256"
) -> TokenReport:
    """Judge a DER token against the digest it should be over; never raises on bad input.

    at: the moment at which the authority's certificate is judged; by default the token's own time.
    """
    try:
        found = read_token(token)
    except TokenInvalid as error:
        return TokenReport("unreadable", error.reason, None, None)
    if found.hash_algorithm != hash_algorithm or not hmac.compare_digest(found.imprint, imprint):
        return TokenReport("imprint", None, found, None)
    path = validate_path(
        found.signer_certificate,
        found.certificates,
        trust,
        found.gen_time if at is None else at,
        "timestamp",
        proven=at is None,
    )
    if path.outcome != "passed":
        return TokenReport("path", path.reason, found, path)
    if has_stray(found.certificates, path, trust):
        return TokenReport("stray_certificate", None, found, path)
    return TokenReport(None, None, found, path)
