"""The ledger's rows. Nothing personal stands in a plain column: events are ciphertext, subjects are numbers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.event_kinds import EventKind, SubjectKind
from ledger.tables import COLUMN_TYPES, one_of, schema_metadata


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = schema_metadata("ledger")
    type_annotation_map = COLUMN_TYPES


class SubjectRow(Base):
    """Whatever has a chain of events, and its key: 32 bytes, wrapped under a key-encryption key.

    After erasure the wrapped key is gone and the tag key stands here in plain: it names nobody, and the number of
    entries stays provable.
    """

    __tablename__ = "subjects"
    __table_args__ = (
        one_of("kind", SubjectKind),
        CheckConstraint(
            "(erased_at IS NULL) = (key_ciphertext IS NOT NULL) AND (erased_at IS NULL) = (tag_key IS NULL)",
            name="erased",
        ),
        Index("subjects_erased_ix", "id", postgresql_where=text("erased_at IS NOT NULL")),
        # Whoever records holds the subject, so that nobody erases it meanwhile.
        {"info": {"app_select": "true", "app_insert": "erased_at IS NULL", "app_lock": "true"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    key_algorithm: Mapped[str] = mapped_column(Text)
    kek_id: Mapped[str] = mapped_column(Text)
    key_ciphertext: Mapped[bytes | None]
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    tag_key: Mapped[bytes | None]


class EventRow(Base):
    """An event as it was recorded; pending until the sequencer fills the last five columns, all at once.

    `body`: canonical JSON under the subject's event key; `body_digest`: the salted digest that the entry commits to;
    `ordinal`: the order in which pending rows enter the log, never a watermark.
    """

    __tablename__ = "events"
    __table_args__ = (
        one_of("kind", EventKind),
        CheckConstraint("num_nulls(entry_index, seq, previous, tag, commitment) IN (0, 5)", name="sequenced"),
        # The seams of the log: an index, a tag and a place in a chain are given once, whatever two sequencers do.
        UniqueConstraint("entry_index"),
        UniqueConstraint("tag"),
        UniqueConstraint("subject_id", "seq"),
        Index("events_pending_idx", "ordinal", postgresql_where=text("entry_index IS NULL")),
        {"info": {"app_select": "true", "app_insert": "entry_index IS NULL"}},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    ordinal: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    subject_id: Mapped[UUID] = mapped_column(ForeignKey(SubjectRow.id))
    kind: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deadline: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[bytes]
    body_digest: Mapped[bytes]
    entry_index: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int | None] = mapped_column(BigInteger)
    previous: Mapped[bytes | None]
    tag: Mapped[bytes | None]
    commitment: Mapped[bytes | None]


class OpaqueRow(Base):
    """Entries of the log that are no events: those of `[start, start + count)`, each behind its length.

    They were given their indices by whoever moved the head, in the same transaction.
    """

    __tablename__ = "opaque_entries"
    __table_args__ = (
        CheckConstraint("start >= 0 AND count > 0", name="range"),
        # An index is given once; and a range is found without looking at all that came before it.
        ExcludeConstraint(
            (text("int8range(start, start + count)"), "&&"), using="gist", name="opaque_entries_range_excl"
        ),
    )

    start: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    count: Mapped[int]
    entries: Mapped[bytes]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class LogHeadRow(Base):
    """The one head of the one log: its size, its root, and the right edge from which the next root is computed."""

    __tablename__ = "log_head"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        {"info": {"app_select": "true"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    origin: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes]
    frontier: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class EventTermRow(Base):
    """What leads to an event: a keyed index of its case or of a unit that acted. Made out of the log, for auditors.

    recorded_at: the event's, so that a period is found without opening anything.
    """

    __tablename__ = "event_terms"
    __table_args__ = (
        Index("event_terms_recorded_ix", "term", "recorded_at"),
        Index(None, "event_id"),
        {"info": {"app": "current_setting('elicence.purpose', true) = 'audit'"}},
    )

    term: Mapped[bytes] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(ForeignKey(EventRow.id), primary_key=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class TermProgressRow(Base):
    """Up to which entry of the log the index of terms is made."""

    __tablename__ = "term_progress"
    __table_args__ = (
        CheckConstraint("id = 1", name="single"),
        {"info": {"app": "current_setting('elicence.purpose', true) = 'audit'"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)


class AuditOrderRow(Base):
    """An audit order (审计任务书): what opens events to an auditor. `id` is its subject in the ledger.

    scope: what it covers, encrypted under the subject's document key, for it may name a company or a case;
    token_digest: SHA-256 of the token by which a system of the auditor's reads, None where there is none.
    """

    __tablename__ = "audit_orders"
    __table_args__ = (
        CheckConstraint("valid_from < valid_until", name="validity"),
        CheckConstraint("num_nulls(ended_at, ended_by) <> 1", name="ended"),
        {"info": {"app_select": "current_setting('elicence.purpose', true) = 'audit'"}},
    )

    id: Mapped[UUID] = mapped_column(ForeignKey(SubjectRow.id), primary_key=True)
    number: Mapped[str] = mapped_column(Text, unique=True)
    scope: Mapped[bytes]
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    entered_by: Mapped[dict[str, Any]]
    entered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[dict[str, Any] | None]
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    token_digest: Mapped[bytes | None] = mapped_column(unique=True)
