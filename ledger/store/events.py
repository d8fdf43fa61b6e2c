"""Events: recorded as pending rows, given their places, read with what their opening needs."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import cast
from uuid import UUID

from sqlalchemy import Text, any_, exists, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ledger.chains import NEW, Pending, Place, Tip
from ledger.models import EventRow
from ledger.store.head import expect_rows, rows_changed


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is recorded: `body` is ciphertext, `body_digest` the salted digest of the plain body."""

    id: str
    subject: UUID
    kind: str
    recorded_at: datetime
    deadline: datetime
    body: bytes
    body_digest: bytes


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event that stands in the log, with what its opening needs; `body` is ciphertext."""

    id: str
    subject: UUID
    body: bytes
    place: Place


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Numbers = tuple[int, int, bytes, bytes, bytes]
"""What a placed event has, all of it, by a CHECK of the table."""

_PLACED = select(
    EventRow.id,
    EventRow.subject_id,
    EventRow.body,
    EventRow.entry_index,
    EventRow.seq,
    EventRow.previous,
    EventRow.tag,
    EventRow.commitment,
)

# Columns travel end to end in one value each and are cut here: arrays of values cost more than the insert itself.
# Identity values are given after the sort, so that a batch enters the log in the order in which it was recorded.
# Whoever erases a subject waits for us, or we for him: then the row is looked at again, and is erased.
_INSERT_EVENTS = text("""
    WITH held AS MATERIALIZED (
        SELECT id FROM ledger.subjects
         WHERE id = ANY (CAST(string_to_array(:concerned, ',') AS uuid[])) AND erased_at IS NULL
         ORDER BY id FOR KEY SHARE
    )
    INSERT INTO ledger.events (id, subject_id, kind, recorded_at, deadline, body, body_digest)
    SELECT id, subject_id, kind,
           timestamptz 'epoch' + recorded * interval '1 microsecond',
           timestamptz 'epoch' + due * interval '1 microsecond',
           substring(CAST(:bodies AS bytea) FROM start + 1 FOR length),
           substring(CAST(:digests AS bytea) FROM CAST(place - 1 AS integer) * 32 + 1 FOR 32)
      FROM unnest(string_to_array(:ids, ','), CAST(string_to_array(:subjects, ',') AS uuid[]),
                  string_to_array(:kinds, ','), CAST(string_to_array(:times, ',') AS bigint[]),
                  CAST(string_to_array(:deadlines, ',') AS bigint[]),
                  CAST(string_to_array(:starts, ',') AS integer[]), CAST(string_to_array(:lengths, ',') AS integer[]))
           WITH ORDINALITY AS given (id, subject_id, kind, recorded, due, start, length, place)
     WHERE (SELECT count(*) FROM held) = :subjects_held
     ORDER BY place
""")

# Found by state: a row that commits late, behind others with a higher ordinal, is pending all the same.
_PENDING = text("""
    SELECT id, subject_id, body_digest FROM ledger.events
     WHERE entry_index IS NULL AND subject_id <> ALL (CAST(string_to_array(:without, ',') AS uuid[]))
     ORDER BY ordinal LIMIT :limit
""")

_TIPS = text("""
    SELECT given.id, tip.seq, tip.commitment
      FROM unnest(CAST(string_to_array(:subjects, ',') AS uuid[])) AS given (id)
      JOIN LATERAL (SELECT seq, commitment FROM ledger.events
                     WHERE subject_id = given.id AND seq IS NOT NULL
                     ORDER BY seq DESC LIMIT 1) AS tip ON true
""")

_PLACE = text("""
    UPDATE ledger.events AS e
       SET entry_index = :start + given.place, seq = given.seq,
           previous = substring(CAST(:previous AS bytea) FROM given.place * 32 + 1 FOR 32),
           tag = substring(CAST(:tags AS bytea) FROM given.place * 32 + 1 FOR 32),
           commitment = substring(CAST(:commitments AS bytea) FROM given.place * 32 + 1 FOR 32)
      FROM (SELECT id, seq, CAST(number - 1 AS integer) AS place
              FROM unnest(string_to_array(:ids, ','), CAST(string_to_array(:seqs, ',') AS bigint[]))
                   WITH ORDINALITY AS sent (id, seq, number)
           ) AS given
     WHERE e.id = given.id AND e.entry_index IS NULL
""")


def insert_events(session: Session, events: Sequence[StoredEvent]) -> bool:
    """Add events as pending rows, which enter the log in this order, and keep their subjects from being erased.

    False, and nothing is added, if one of the subjects is not there or was erased.
    """
    lengths = [len(event.body) for event in events]
    concerned = {event.subject.hex for event in events}
    result = session.execute(
        _INSERT_EVENTS,
        {
            "ids": _joined(event.id for event in events),
            "subjects": _joined(event.subject.hex for event in events),
            "kinds": _joined(event.kind for event in events),
            "times": _joined((event.recorded_at - _EPOCH) // _MICROSECOND for event in events),
            "deadlines": _joined((event.deadline - _EPOCH) // _MICROSECOND for event in events),
            "starts": _joined(accumulate(lengths[:-1], initial=0)),
            "lengths": _joined(lengths),
            "bodies": b"".join(event.body for event in events),
            "digests": b"".join(event.body_digest for event in events),
            "concerned": _joined(concerned),
            "subjects_held": len(concerned),
        },
    )
    return rows_changed(result) == len(events)


def _joined(values: Iterable[object]) -> str:
    """Return values, none of which holds a comma, as `string_to_array` takes them."""
    return ",".join(map(str, values))


def has_pending(session: Session, subject: UUID | None = None) -> bool:
    """Tell whether an event waits for its place: any, or one of a subject."""
    found = select(EventRow.id).where(EventRow.entry_index.is_(None))
    if subject is not None:
        found = found.where(EventRow.subject_id == subject)
    return bool(session.scalar(select(exists(found))))


def deadline(session: Session, event: str) -> datetime | None:
    """Return by when an event was promised to stand in the published log."""
    return session.scalar(select(EventRow.deadline).where(EventRow.id == event))


def pending(session: Session, limit: int, without: Collection[UUID] = ()) -> list[Pending]:
    """Return the first events that wait, in the order in which they were recorded; none of the subjects `without`."""
    passed_over = _joined(subject.hex for subject in without)
    return [Pending(*row) for row in session.execute(_PENDING, {"limit": limit, "without": passed_over})]


def tips(session: Session, subjects: Collection[UUID]) -> dict[UUID, Tip]:
    """Return the end of each subject's chain."""
    rows = session.execute(_TIPS, {"subjects": _joined(subject.hex for subject in subjects)})
    found = {row.id: Tip(row.seq + 1, row.commitment) for row in rows}
    return {subject: found.get(subject, NEW) for subject in subjects}


def place(session: Session, places: Sequence[Place]) -> None:
    """Write the places of pending events, one after the other; raises FenceLost if one has its place already."""
    result = session.execute(
        _PLACE,
        {
            "start": places[0].index,
            "ids": _joined(item.event for item in places),
            "seqs": _joined(item.seq for item in places),
            "previous": b"".join(item.previous for item in places),
            "tags": b"".join(item.tag for item in places),
            "commitments": b"".join(item.commitment for item in places),
        },
    )
    expect_rows(result, len(places))


def placed_events(session: Session, events: Collection[str], size: int) -> list[PlacedEvent]:
    """Return those of the events that stand in the log below `size`."""
    rows = session.execute(
        _PLACED.where(EventRow.id == any_(literal(list(events), ARRAY(Text))), EventRow.entry_index < size)
    )
    return [PlacedEvent(row.id, row.subject_id, row.body, Place(row.id, *cast("_Numbers", row[3:]))) for row in rows]
