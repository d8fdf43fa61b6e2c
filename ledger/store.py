"""The ledger's queries, set-based: a batch is one statement, whatever its size."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Result, Select, Text, Uuid, any_, exists, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from ledger.chains import NEW, Pending, Place, Tip
from ledger.errors import LedgerError
from ledger.frontier import EMPTY, Frontier
from ledger.models import EventRow, LogHeadRow, SubjectRow
from ledger.signing import WrappedKey


@dataclass(eq=False)
class FenceLost(LedgerError):
    """Another sequencer has moved the head, or has taken the same events; ours is rolled back and nothing is lost."""

    code = "ledger.fence_lost"
    zh = "另一个排序进程已更新账本，本次操作已回滚，将自动重试"
    en = "another sequencer has moved the log; this batch is rolled back and tried again"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whatever has a chain of events: its id and what it is ("licence", "seal", "certificate", "administration")."""

    id: UUID
    kind: str


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A subject's key as it lies in its row; None after erasure."""

    subject: UUID
    key: WrappedKey | None


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


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the log: its origin, its root (32 bytes) and its right edge, which tells the size."""

    origin: str
    root: bytes
    frontier: Frontier

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.frontier.size


_Numbers = tuple[int, int, bytes, bytes, bytes]
"""What a placed event has, all of it, by a CHECK of the table."""

_HEAD = select(LogHeadRow.origin, LogHeadRow.size, LogHeadRow.root, LogHeadRow.frontier)

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

_INSERT_SUBJECTS = text("""
    INSERT INTO ledger.subjects (id, kind, key_algorithm, kek_id, key_ciphertext)
    SELECT id, :kind, algorithm, kek_id, ciphertext
      FROM unnest(CAST(:ids AS uuid[]), CAST(:algorithms AS text[]), CAST(:kek_ids AS text[]),
                  CAST(:ciphertexts AS bytea[])) AS given (id, algorithm, kek_id, ciphertext)
""")

# Identity values are given after the sort, so that a batch enters the log in the order in which it was recorded.
_INSERT_EVENTS = text("""
    INSERT INTO ledger.events (id, subject_id, kind, recorded_at, deadline, body, body_digest)
    SELECT id, subject_id, kind, recorded_at, deadline, body, body_digest
      FROM unnest(CAST(:ids AS text[]), CAST(:subjects AS uuid[]), CAST(:kinds AS text[]),
                  CAST(:times AS timestamptz[]), CAST(:deadlines AS timestamptz[]),
                  CAST(:bodies AS bytea[]), CAST(:digests AS bytea[]))
           WITH ORDINALITY AS given (id, subject_id, kind, recorded_at, deadline, body, body_digest, place)
     ORDER BY place
""")

# Found by state: a row that commits late, behind others with a higher ordinal, is pending all the same.
_PENDING = text("""
    SELECT id, subject_id, body_digest FROM ledger.events
     WHERE entry_index IS NULL ORDER BY ordinal LIMIT :limit
""")

_TIPS = text("""
    SELECT given.id, tip.seq, tip.commitment
      FROM unnest(CAST(:subjects AS uuid[])) AS given (id)
      JOIN LATERAL (SELECT seq, commitment FROM ledger.events
                     WHERE subject_id = given.id AND seq IS NOT NULL
                     ORDER BY seq DESC LIMIT 1) AS tip ON true
""")

# Hashes travel end to end in one value each and are cut here: arrays of them cost more than the update itself.
_PLACE = text("""
    UPDATE ledger.events AS e
       SET entry_index = :start + given.place, seq = given.seq,
           previous = substring(CAST(:previous AS bytea) FROM given.place * 32 + 1 FOR 32),
           tag = substring(CAST(:tags AS bytea) FROM given.place * 32 + 1 FOR 32),
           commitment = substring(CAST(:commitments AS bytea) FROM given.place * 32 + 1 FOR 32)
      FROM (SELECT id, seq, CAST(number - 1 AS integer) AS place
              FROM unnest(CAST(:ids AS text[]), CAST(:seqs AS bigint[])) WITH ORDINALITY AS sent (id, seq, number)
           ) AS given
     WHERE e.id = given.id AND e.entry_index IS NULL
""")

# The lock only keeps two leaders from doing the same work twice; the fence is the compare in `swap_head`. A leader
# that sleeps on the lock loses its connection, so that another can go on.
_LOCK_LIMITS = text("""
    SELECT set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '30s', true)
""")


def insert_subjects(session: Session, kind: str, keys: Sequence[tuple[UUID, WrappedKey]]) -> None:
    """Add subjects of one kind with their wrapped keys."""
    session.execute(
        _INSERT_SUBJECTS,
        {
            "kind": kind,
            "ids": [subject for subject, _ in keys],
            "algorithms": [key.algorithm for _, key in keys],
            "kek_ids": [key.kek_id for _, key in keys],
            "ciphertexts": [key.ciphertext for _, key in keys],
        },
    )


def subject_keys(session: Session, subjects: Collection[UUID]) -> list[StoredKey]:
    """Return the keys of those subjects that exist."""
    rows = session.execute(
        select(SubjectRow.id, SubjectRow.key_algorithm, SubjectRow.kek_id, SubjectRow.key_ciphertext).where(
            SubjectRow.id == any_(literal(list(subjects), ARRAY(Uuid)))
        )
    )
    return [
        StoredKey(row.id, row.key_ciphertext and WrappedKey(row.key_algorithm, row.kek_id, row.key_ciphertext))
        for row in rows
    ]


def erase_subject_key(session: Session, subject: UUID, tag_key: bytes, now: datetime) -> None:
    """Destroy a subject's key and keep its tag key."""
    session.execute(
        update(SubjectRow).where(SubjectRow.id == subject).values(key_ciphertext=None, erased_at=now, tag_key=tag_key)
    )


def lock_subject(session: Session, subject: UUID) -> None:
    """Keep events of this subject from being recorded until the transaction ends."""
    session.execute(select(SubjectRow.id).where(SubjectRow.id == subject).with_for_update())


def insert_events(session: Session, events: Sequence[StoredEvent]) -> None:
    """Add events as pending rows; they enter the log in this order."""
    session.execute(
        _INSERT_EVENTS,
        {
            "ids": [event.id for event in events],
            "subjects": [event.subject for event in events],
            "kinds": [event.kind for event in events],
            "times": [event.recorded_at for event in events],
            "deadlines": [event.deadline for event in events],
            "bodies": [event.body for event in events],
            "digests": [event.body_digest for event in events],
        },
    )


def has_pending(session: Session, subject: UUID | None = None) -> bool:
    """Tell whether an event waits for its place: any, or one of a subject."""
    found = select(EventRow.id).where(EventRow.entry_index.is_(None))
    if subject is not None:
        found = found.where(EventRow.subject_id == subject)
    return bool(session.scalar(select(exists(found))))


def pending(session: Session, limit: int) -> list[Pending]:
    """Return the first events that wait, in the order in which they were recorded."""
    return [Pending(*row) for row in session.execute(_PENDING, {"limit": limit})]


def tips(session: Session, subjects: Collection[UUID]) -> dict[UUID, Tip]:
    """Return the end of each subject's chain."""
    rows = session.execute(_TIPS, {"subjects": list(subjects)})
    found = {row.id: Tip(row.seq + 1, row.commitment) for row in rows}
    return {subject: found.get(subject, NEW) for subject in subjects}


def place(session: Session, places: Sequence[Place]) -> None:
    """Write the places of pending events, one after the other; raises FenceLost if one has its place already."""
    result = session.execute(
        _PLACE,
        {
            "start": places[0].index,
            "ids": [item.event for item in places],
            "seqs": [item.seq for item in places],
            "previous": b"".join(item.previous for item in places),
            "tags": b"".join(item.tag for item in places),
            "commitments": b"".join(item.commitment for item in places),
        },
    )
    _expect(result, len(places))


def _expect(result: Result[Any], rows: int) -> None:
    if cast("CursorResult[Any]", result).rowcount != rows:
        raise FenceLost


def head(session: Session) -> Head | None:
    """Return the head, None before the log exists; raises FatalLedgerError."""
    return _head(session, _HEAD)


def lock_head(session: Session) -> Head | None:
    """Return the head and keep other sequencers waiting until the transaction ends; raises FatalLedgerError."""
    session.execute(_LOCK_LIMITS)
    return _head(session, _HEAD.with_for_update())


def _head(session: Session, query: Select[str, int, bytes, bytes]) -> Head | None:
    row = session.execute(query).one_or_none()
    return None if row is None else Head(row.origin, row.root, Frontier.of(row.size, row.frontier))


def create_head(session: Session, origin: str, now: datetime) -> None:
    """Begin an empty log, unless there is one."""
    session.execute(
        insert(LogHeadRow)
        .values(id=1, origin=origin, size=0, root=EMPTY.root(), frontier=b"", updated_at=now)
        .on_conflict_do_nothing()
    )


def swap_head(session: Session, old: Head, new: Head, now: datetime) -> None:
    """Move the head, if it still is where we saw it: this is the fence. Raises FenceLost."""
    result = session.execute(
        update(LogHeadRow)
        .where(LogHeadRow.size == old.size, LogHeadRow.root == old.root)
        .values(size=new.size, root=new.root, frontier=new.frontier.to_bytes(), updated_at=now),
        execution_options={"synchronize_session": False},
    )
    _expect(result, 1)


def entry_parts(session: Session, start: int, end: int) -> list[tuple[bytes, bytes]]:
    """Return tag and commitment of the entries `[start, end)`, in order; fewer if some are missing."""
    rows = session.execute(
        select(EventRow.tag, EventRow.commitment)
        .where(EventRow.entry_index >= start, EventRow.entry_index < end)
        .order_by(EventRow.entry_index)
    )
    return [(tag, commitment) for tag, commitment in rows if tag is not None and commitment is not None]


def placed_events(session: Session, events: Collection[str], size: int) -> list[PlacedEvent]:
    """Return those of the events that stand in the log below `size`."""
    rows = session.execute(
        _PLACED.where(EventRow.id == any_(literal(list(events), ARRAY(Text))), EventRow.entry_index < size)
    )
    return [PlacedEvent(row.id, row.subject_id, row.body, Place(row.id, *cast("_Numbers", row[3:]))) for row in rows]
