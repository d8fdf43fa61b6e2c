"""A Token Status List: the status of every licence of a list in one signed file, so that nobody need ask about one.

Two bits a licence at a random index: 0 valid, 1 ended, 2 suspended. What ends by its date is not marked: the date is in
the licence. Source: draft-ietf-oauth-status-list sections 4, 5.1, 7.1.
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Final

from sqlalchemy.orm import Session

from ledger.signing import Signer
from licences.issuing_intents import LIST_SIZE
from licences.signed_claims import status_list_uri
from licences.store import reading
from licences.transitions import Status
from licences.verification.sources import StatusRow
from licences.verification.status_history import status_at
from seals.jwt.jades import sign_jwt
from seals.jwt.jose import JSON, b64url_encode

TYP: Final = "statuslist+jwt"
BITS: Final = 2
VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2
REFRESH: Final = timedelta(minutes=15)
"""After this a newer list should be fetched."""
LIFETIME: Final = timedelta(days=1)
"""After this nothing may be concluded from a list."""

_PER_BYTE: Final = 8 // BITS


def pack(values: Mapping[int, int], size: int) -> bytes:
    """Return a list of `size` values, two bits each, those not named being 0; the first in the lowest bits.

    Source: draft-ietf-oauth-status-list section 4.1.
    """
    packed = bytearray(-(-size // _PER_BYTE))
    for index, value in values.items():
        place, within = divmod(index, _PER_BYTE)
        packed[place] |= value << within * BITS
    return bytes(packed)


def value_of(status: Status) -> int:
    """Return how a status stands in the list."""
    if status is Status.ACTIVE:
        return VALID
    return SUSPENDED if status is Status.SUSPENDED else INVALID


def build(
    session: Session,
    signer: Signer,
    chain: Sequence[bytes],
    base_url: str,
    now: datetime,
    *,
    number: int = 1,
    size: int = LIST_SIZE,
) -> str:
    """Return a signed status list as of now.

    chain: DER certificates of the status key, leaf first, without the anchor. number: which list, the first being 1.
    size: how many licences share a list, as of the `IntentBook`.
    """
    first = (number - 1) * size
    values = {index - first: value for index, value in _values(session, first, first + size, now) if value != VALID}
    payload: dict[str, JSON] = {
        "sub": status_list_uri(base_url, number),
        "exp": int((now + LIFETIME).timestamp()),
        "ttl": int(REFRESH.total_seconds()),
        "status_list": {"bits": BITS, "lst": b64url_encode(zlib.compress(pack(values, size), 9))},
    }
    return sign_jwt(payload, TYP, signer, chain, now)


def list_count(session: Session, size: int = LIST_SIZE) -> int:
    """Return how many lists there are; the first exists before any licence does."""
    highest = reading.highest_status_index(session)
    return 1 if highest is None else highest // size + 1


def _values(session: Session, first: int, end: int, now: datetime) -> Iterator[tuple[int, int]]:
    """Yield index and value of every licence that was ever anything but active."""
    rows = reading.changed_statuses(session, first, end)
    for index, acts in groupby(rows, key=attrgetter("status_index")):
        history = [StatusRow(act.status, act.effective_at, act.recorded_at, act.until) for act in acts]
        found = status_at(history, now, now)
        if found is not None:
            yield index, value_of(Status(found.status))
