"""Queries for those who trace: chains of events, the index of terms, audit orders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Row, Select, Text, Uuid, any_, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from ledger.chains import Place
from ledger.models import AuditOrderRow, EventRow, SubjectRow


@dataclass(frozen=True, slots=True)
class TracedSubject:
    """A subject, and its tag key if it was erased; the key of any other is unwrapped."""

    id: UUID
    kind: str
    erased_tag_key: bytes | None


@dataclass(frozen=True, slots=True)
class StoredLink:
    """An event of a chain as it lies in its row: `body` is ciphertext."""

    id: str
    kind: str
    subject: UUID
    recorded_at: datetime
    deadline: datetime
    body: bytes
    body_digest: bytes
    place: Place | None


_LINKS: Final = select(
    EventRow.id,
    EventRow.kind,
    EventRow.subject_id,
    EventRow.recorded_at,
    EventRow.deadline,
    EventRow.body,
    EventRow.body_digest,
    EventRow.entry_index,
    EventRow.seq,
    EventRow.previous,
    EventRow.tag,
    EventRow.commitment,
)
_IN_ORDER: Final = (EventRow.subject_id, EventRow.seq.nulls_last(), EventRow.ordinal)


def traced_subjects(session: Session, subjects: Collection[UUID]) -> dict[UUID, TracedSubject]:
    """Return those of the subjects that exist."""
    rows = session.execute(
        select(SubjectRow.id, SubjectRow.kind, SubjectRow.tag_key).where(
            SubjectRow.id == any_(literal(list(subjects), ARRAY(Uuid)))
        )
    )
    return {row.id: TracedSubject(*row) for row in rows}


def chain_links(session: Session, subjects: Collection[UUID], limit: int) -> list[StoredLink]:
    """Return all events of these subjects, each chain in its order, what waits last; at most `limit`."""
    chosen = EventRow.subject_id == any_(literal(list(subjects), ARRAY(Uuid)))
    return _read(session, _LINKS.where(chosen), limit)


def links_of_events(session: Session, events: Collection[str], limit: int) -> list[StoredLink]:
    """Return these events, each chain in its order; at most `limit`."""
    chosen = EventRow.id == any_(literal(list(events), ARRAY(Text)))
    return _read(session, _LINKS.where(chosen), limit)


def _read(session: Session, query: Select[*tuple[Any, ...]], limit: int) -> list[StoredLink]:
    return [_link(row) for row in session.execute(query.order_by(*_IN_ORDER).limit(limit))]


def _link(row: Row[*tuple[Any, ...]]) -> StoredLink:
    place = None if row.entry_index is None else Place(row.id, *cast("tuple[int, int, bytes, bytes, bytes]", row[7:]))
    return StoredLink(row.id, row.kind, row.subject_id, row.recorded_at, row.deadline, row.body, row.body_digest, place)


# --- the index of terms ---------------------------------------------------------------------------------------------

_PROGRESS = text("SELECT size FROM ledger.term_progress WHERE id = 1 FOR UPDATE")
_BEGIN = text("INSERT INTO ledger.term_progress (id, size) VALUES (1, 0) ON CONFLICT DO NOTHING")
_ADVANCE = text("UPDATE ledger.term_progress SET size = :size WHERE id = 1")

_UNREAD = text("""
    SELECT id, subject_id, body, entry_index FROM ledger.events
     WHERE entry_index >= :start ORDER BY entry_index LIMIT :limit
""")

_INSERT_TERMS = text("""
    INSERT INTO ledger.event_terms (term, event_id, recorded_at)
    SELECT given.term, given.event_id, e.recorded_at
      FROM unnest(CAST(:terms AS bytea[]), CAST(:events AS text[])) AS given (term, event_id)
      JOIN ledger.events e ON e.id = given.event_id
    ON CONFLICT DO NOTHING
""")

# What was erased since the index was made is not found, even before it is forgotten.
_MATCHING = text("""
    SELECT t.event_id FROM ledger.event_terms t
      JOIN ledger.events e ON e.id = t.event_id
      JOIN ledger.subjects s ON s.id = e.subject_id
     WHERE t.term = :term AND t.recorded_at >= :since AND t.recorded_at < :until AND s.erased_at IS NULL
     ORDER BY t.recorded_at, t.event_id LIMIT :limit
""")

# Erasure leaves the entries and takes away what leads to them.
_FORGET = text("""
    DELETE FROM ledger.event_terms t USING ledger.events e, ledger.subjects s
     WHERE t.event_id = e.id AND e.subject_id = s.id AND s.erased_at IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that stands in the log and was not looked at for terms yet; `body` is ciphertext."""

    id: str
    subject: UUID
    body: bytes
    index: int


def lock_term_progress(session: Session) -> int:
    """Return up to which entry the index of terms is made, and keep others from making it until the transaction ends."""
    session.execute(_BEGIN)
    return int(session.execute(_PROGRESS).scalar_one())


def unread_events(session: Session, start: int, limit: int) -> list[Unread]:
    """Return the next events in the order of the log: an index given is never followed by a lower one."""
    return [Unread(*row) for row in session.execute(_UNREAD, {"start": start, "limit": limit})]


def insert_terms(session: Session, terms: Sequence[tuple[bytes, str]], size: int) -> None:
    """Add terms with their events, and note up to which entry the index is made now."""
    if terms:
        session.execute(_INSERT_TERMS, {"terms": [term for term, _ in terms], "events": [event for _, event in terms]})
    session.execute(_ADVANCE, {"size": size})


def events_of_term(session: Session, term: bytes, since: datetime, until: datetime, limit: int) -> list[str]:
    """Return the events that a term leads to, of a period, the oldest first."""
    return list(session.scalars(_MATCHING, {"term": term, "since": since, "until": until, "limit": limit}))


def forget_erased_terms(session: Session) -> None:
    """Take out of the index what leads to erased subjects; the worker's alone."""
    session.execute(_FORGET)


# --- audit orders ---------------------------------------------------------------------------------------------------


def order_by_number(session: Session, number: str) -> AuditOrderRow | None:
    """Return the order of a number."""
    return session.scalar(select(AuditOrderRow).where(AuditOrderRow.number == number))


def order_for_update(session: Session, number: str) -> AuditOrderRow | None:
    """Return the order of a number and hold it."""
    return session.scalar(select(AuditOrderRow).where(AuditOrderRow.number == number).with_for_update())


def order_by_token(session: Session, token_digest: bytes) -> AuditOrderRow | None:
    """Return the order whose token has this digest."""
    return session.scalar(select(AuditOrderRow).where(AuditOrderRow.token_digest == token_digest))


def orders(session: Session) -> Sequence[AuditOrderRow]:
    """Return all orders, the newest first."""
    newest_first = select(AuditOrderRow).order_by(AuditOrderRow.entered_at.desc(), AuditOrderRow.number)
    return session.scalars(newest_first).all()
