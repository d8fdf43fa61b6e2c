"""The entries of the log as committed rows tell them: those of events, and opaque ones, which are kept whole."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ledger import entries
from ledger.formats.bundles import BundleInvalid, decode_entries, encode_entries
from ledger.models import EventRow, OpaqueRow

_OPAQUE: Final = text("""
    SELECT start, count AS number, entries FROM ledger.opaque_entries
     WHERE int8range(start, start + count) && int8range(:start, :end) ORDER BY start
""")


def insert_opaque(session: Session, start: int, given: Sequence[bytes], now: datetime) -> None:
    """Add opaque entries at the indices from `start` on, which only the mover of the head may give."""
    session.execute(
        OpaqueRow.__table__.insert(),  # type: ignore[attr-defined]
        {"start": start, "count": len(given), "entries": encode_entries(given), "recorded_at": now},
    )


def entries_between(session: Session, start: int, end: int) -> list[bytes]:
    """Return the entries `[start, end)`, in order; fewer if some are missing. Raises BundleInvalid."""
    placed = session.execute(
        select(EventRow.entry_index, EventRow.tag, EventRow.commitment)
        .where(EventRow.entry_index >= start, EventRow.entry_index < end)
        .order_by(EventRow.entry_index)
    )
    # A CHECK of the table sees that what has an index has these too.
    of_events = [
        (index, entries.encode(tag, commitment))
        for index, tag, commitment in placed
        if tag is not None and commitment is not None
    ]
    runs = [
        (max(row.start, start), _whole(row.entries, row.number)[max(0, start - row.start) : end - row.start])
        for row in session.execute(_OPAQUE, {"start": start, "end": end})
    ]
    if not of_events:
        return [entry for _, run in runs for entry in run]
    opaque = chain.from_iterable(enumerate(run, first) for first, run in runs)
    return [entry for _, entry in sorted(chain(of_events, opaque))]


def _whole(data: bytes, count: int) -> tuple[bytes, ...]:
    found = decode_entries(data)
    if len(found) != count:
        raise BundleInvalid
    return found
