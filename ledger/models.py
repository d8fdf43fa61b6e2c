"""The ledger's rows. Nothing personal stands in a plain column: events are ciphertext, subjects are numbers."""

from datetime import datetime
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
        {"info": {"app_select": "true", "app_insert": "erased_at IS NULL"}},
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
