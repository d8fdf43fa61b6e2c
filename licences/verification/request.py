"""What is asked of a verification: about which moment, known when, under which policy, and about what."""

import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from licences.verification.errors import LookupIncomplete, MomentInFuture, MomentUnclear
from licences.verification.policy import DEFAULT_POLICY, Policy, policy
from seals.local_time import CHINA, local_date

_CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
_DIGEST = re.compile(r"sha-?256[:-]([0-9a-f]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class VerificationRequest:
    """The question.

    as_of: the moment asked about. known_at: only what was recorded by then counts. now: when it is answered.
    """

    id: str
    as_of: datetime
    known_at: datetime
    now: datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class Lookup:
    """A licence that is asked for without its file: by identifier and document digest, or by a QR code's secret.

    digest: 32 bytes, SHA-256, the digest of the document (of the seal, or of `protected.payload`) or of the file.
    """

    identifier: str | None = None
    digest: bytes | None = None
    code: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.code is None and (self.identifier is None or self.digest is None):
            raise LookupIncomplete


def lookup(identifier: str, digest: str) -> Lookup:
    """Make a look-up from an identifier and `sha-256:<hex>`; raises LookupIncomplete."""
    match = _DIGEST.fullmatch(digest.strip().lower())
    if match is None or not identifier.strip():
        raise LookupIncomplete
    return Lookup(identifier=identifier.strip(), digest=bytes.fromhex(match[1]))


def new_verification_id(now: datetime) -> str:
    """Return `vrf_` and 26 characters that sort by time: 48 bits of milliseconds, 80 random bits."""
    number = int(now.timestamp() * 1000) << 80 | secrets.randbits(80)
    return "vrf_" + "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def verification_request(
    now: datetime,
    *,
    as_of: datetime | None = None,
    known_at: datetime | None = None,
    policy_id: str = DEFAULT_POLICY,
    request_id: str | None = None,
) -> VerificationRequest:
    """Fill in what was left open: as of now, with what is known now, under the default policy.

    Raises MomentUnclear for a moment without a zone, MomentInFuture for one that lies beyond the clock tolerance,
    and PolicyUnknown.
    """
    chosen = policy(policy_id)
    return VerificationRequest(
        id=request_id or new_verification_id(now),
        as_of=_past(as_of, now, chosen.clock_tolerance),
        known_at=_past(known_at, now, chosen.clock_tolerance),
        now=now,
        policy=chosen,
    )


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a moment: RFC 3339 with its zone, or a date: the end of that day in China, of this day the present moment.

    Raises MomentUnclear.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
            day = date.fromisoformat(text)
            if day == local_date(now):
                return now
            return datetime.combine(day, time(23, 59, 59), CHINA).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise MomentUnclear(value=text[:40])
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise MomentUnclear(value=text[:40]) from None


def _past(moment: datetime | None, now: datetime, tolerance: timedelta) -> datetime:
    if moment is None:
        return now
    if moment.tzinfo is None:
        raise MomentUnclear(value=moment.isoformat())
    if moment > now + tolerance:
        raise MomentInFuture(value=moment.isoformat())
    return min(moment, now)
