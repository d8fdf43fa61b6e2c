"""What a check of the whole ledger reads."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, any_, func, literal, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ledger.chains import Place
from ledger.models import EventRow, LogHeadRow, SubjectRow

_WITH_PREDECESSORS: Final = text("""
    SELECT e.id, e.subject_id, e.kind, e.recorded_at, e.body, e.body_digest, e.entry_index, e.seq, e.previous, e.tag, e.commitment,
           before.commitment AS expected, before.entry_index AS before_index
      FROM ledger.events AS e
      LEFT JOIN ledger.events AS before ON before.subject_id = e.subject_id AND before.seq = e.seq - 1
     WHERE e.entry_index >= :start AND e.entry_index < :end
     ORDER BY e.entry_index
""")


@dataclass(frozen=True, slots=True)
class CheckedEvent:
    """A placed event beside the one before it in its chain: that one's commitment and index, None where none is."""

    id: str
    subject: UUID
    kind: str
    recorded_at: datetime
    body: bytes
    body_digest: bytes
    place: Place
    before: bytes | None
    before_index: int | None


def events_with_predecessors(session: Session, start: int, end: int) -> list[CheckedEvent]:
    """Return the events whose entries are `[start, end)`, in order."""
    return [
        CheckedEvent(
            row.id,
            row.subject_id,
            row.kind,
            row.recorded_at,
            row.body,
            row.body_digest,
            Place(row.id, row.entry_index, row.seq, row.previous, row.tag, row.commitment),
            row.expected,
            row.before_index,
        )
        for row in session.execute(_WITH_PREDECESSORS, {"start": start, "end": end})
    ]


def erased_tag_keys(session: Session, subjects: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the tag keys of those subjects whose own keys were erased."""
    rows = session.execute(
        select(SubjectRow.id, SubjectRow.tag_key).where(
            SubjectRow.id == any_(literal(list(subjects), ARRAY(Uuid))), SubjectRow.tag_key.is_not(None)
        )
    )
    return {subject: key for subject, key in rows if key is not None}


def overdue(session: Session, now: datetime, size: int) -> list[str]:
    """Return the events that the published log of `size` does not contain beyond the deadline of their promises."""
    unpublished = or_(EventRow.entry_index.is_(None), EventRow.entry_index >= size)
    found = select(EventRow.id).where(unpublished, EventRow.deadline < now)
    return list(session.scalars(found.order_by(EventRow.ordinal)))


def waiting(session: Session) -> tuple[int, datetime | None]:
    """Return how many events wait for their places, and since when."""
    row = session.execute(
        select(func.count(), func.min(EventRow.recorded_at)).where(EventRow.entry_index.is_(None))
    ).one()
    return row[0], row[1]


def placed_beyond(session: Session) -> list[str]:
    """Return the events that have places which the head does not reach.

    Both in one statement: a sequencer may move the head between two.
    """
    size = select(LogHeadRow.size).scalar_subquery()
    return list(session.scalars(select(EventRow.id).where(EventRow.entry_index >= size).order_by(EventRow.entry_index)))
