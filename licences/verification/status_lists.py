"""Reading a Token Status List: who signed it, which time it speaks of, and what it says of one licence.

Source: draft-ietf-oauth-status-list sections 4, 5, 8.3.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from licences.verification.report import JSON
from seals.errors import SealError
from seals.jwt.jades import JwtEvidence, read_jwt
from seals.jwt.jose import b64url_decode

if TYPE_CHECKING:
    from ca.judging.trust import TrustList

TYP: Final = "statuslist+jwt"
_MAX_LIST: Final = 64 * 1024 * 1024  # bytes: 268 million licences of two bits, more than a province has
_LAST_SECOND: Final = 1 << 37  # later years have no datetime

Trouble = Literal["unreadable", "untrusted", "other_list", "no_such_index", "stale", "from_future"]


@dataclass(frozen=True, slots=True)
class ListedStatus:
    """What a list says. value: 0 valid, 1 ended, 2 suspended, 3 of no common meaning.

    issued_at: the moment it speaks of. expires_at: after it nothing may be concluded. refresh_at: a newer one exists.
    """

    value: int
    issued_at: datetime
    expires_at: datetime
    refresh_at: datetime


@dataclass(frozen=True, slots=True)
class ListTrouble:
    """Why a list says nothing. detail: a stable word."""

    trouble: Trouble
    detail: str = ""
    issued_at: datetime | None = None


class _Unusable(Exception):
    """The list's payload has not the form that it should have."""


def read_status(
    text: str, uri: str, index: int, trust: "TrustList", now: datetime, tolerance: timedelta
) -> ListedStatus | ListTrouble:
    """Return the status of the licence at `index` of the list `uri`; never raises for what is in the text."""
    try:
        token = read_jwt(text.strip(), TYP)
        untrusted = _untrusted(token, trust, now)
        if untrusted is not None:
            return ListTrouble("untrusted", untrusted)
        # Another list of the same issuer is as well signed: the licence names the one that speaks of it.
        if token.payload.get("sub") != uri:
            return ListTrouble("other_list")
        status = _status(token.payload, index)
    except SealError as fault:
        return ListTrouble("unreadable", getattr(fault, "reason", fault.code))
    except _Unusable as fault:
        return ListTrouble("unreadable", str(fault))
    return ListTrouble("no_such_index") if status is None else _current(status, now, tolerance)


def _current(status: ListedStatus, now: datetime, tolerance: timedelta) -> ListedStatus | ListTrouble:
    if status.issued_at > now + tolerance:
        return ListTrouble("from_future", issued_at=status.issued_at)
    return ListTrouble("stale", issued_at=status.issued_at) if status.expires_at <= now else status


def _untrusted(token: JwtEvidence, trust: "TrustList", now: datetime) -> str | None:
    """Return why the list's signature is not to be believed, None when it is."""
    if not token.signature_valid:
        return "signature"
    if token.faults:
        return token.faults[0].code
    if token.certs[0] not in trust.status_keys:
        return "key_not_in_trust_list"
    from ca.judging.paths import validate_path

    path = validate_path(token.certs[0], token.certs[1:], trust, at=now, usage="status")
    return None if path.outcome == "passed" else (path.sub_indication or path.indication)


def _status(payload: Mapping[str, JSON], index: int) -> ListedStatus | None:
    listing = payload.get("status_list")
    if not isinstance(listing, dict):
        raise _Unusable("status_list")
    bits = listing.get("bits")
    if type(bits) is not int or bits not in {1, 2, 4, 8}:
        raise _Unusable("bits")
    packed = _unpacked(listing.get("lst"))
    place, within = divmod(index * bits, 8)
    if place >= len(packed):
        return None
    issued_at = _moment(payload.get("iat"))
    lasts = timedelta(seconds=_seconds(payload.get("ttl"))) if "ttl" in payload else None
    expires_at = _moment(payload["exp"]) if "exp" in payload else None
    if expires_at is None and lasts is None:
        raise _Unusable("exp")
    refresh_at = issued_at + lasts if lasts is not None else expires_at
    assert refresh_at is not None
    # The first index lies in the lowest bits of the first byte (section 4.1).
    value = packed[place] >> within & (1 << bits) - 1
    return ListedStatus(value, issued_at, expires_at or refresh_at, min(refresh_at, expires_at or refresh_at))


def _unpacked(text: JSON) -> bytes:
    if not isinstance(text, str):
        raise _Unusable("lst")
    return _inflated(text)


# One list speaks of many documents: whoever judges them in a row inflates it once.
@lru_cache(maxsize=1)
def _inflated(text: str) -> bytes:
    try:
        compressed = b64url_decode(text)
        inflater = zlib.decompressobj()
        packed = inflater.decompress(compressed, _MAX_LIST)
    except (SealError, zlib.error):
        raise _Unusable("lst") from None
    # Not at its end: a bomb, or cut off; with something after it: two readers could read two lists.
    if not inflater.eof or inflater.unused_data:
        raise _Unusable("lst")
    return packed


def _seconds(value: JSON) -> int:
    if type(value) is not int or not 0 <= value < _LAST_SECOND:
        raise _Unusable("time")
    return value


def _moment(value: JSON) -> datetime:
    return datetime.fromtimestamp(_seconds(value), UTC)
