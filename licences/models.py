"""The repository's rows (PostgreSQL schema `licences`): licence → version → rendition, and the statuses of a version.

Nothing personal stands in a plain column. Content is ciphertext under the licence's own key; numbers and codes are
keyed indexes (`blind_index.py`), by which a row is found and not read.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Sequence,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.tables import COLUMN_TYPES, one_of, schema_metadata
from licences.transitions import Status

STAGES = ("intent", "active", "failed")
TRUST_LEVELS = ("A", "B", "C", "D")
RENDITION_KINDS = ("pdf", "json")

_OWN = "issuer = current_setting('elicence.unit', true)"
_OWN_VERSION = f"version_id IN (SELECT id FROM licences.versions WHERE {_OWN})"  # noqa: S608 - a constant of this file
_OWN_LICENCE = {"app": _OWN, "app_select": "current_setting('elicence.purpose', true) = 'verification'"}
_OWN_PART = {**_OWN_LICENCE, "app": _OWN_VERSION}


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = schema_metadata("licences")
    type_annotation_map = COLUMN_TYPES


SERIAL_NUMBERS = Sequence("serial_numbers", metadata=Base.metadata)
"""One number each licence, over all years: what makes a serial unique."""


class LicenceRow(Base):
    """A licence through all its versions. `id` is its subject in the ledger."""

    __tablename__ = "licences"
    __table_args__ = (UniqueConstraint("type_code", "issuer", "number_index"), {"info": _OWN_LICENCE})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    type_code: Mapped[str]
    issuer: Mapped[str]
    serial: Mapped[str] = mapped_column(unique=True)
    number_index: Mapped[bytes]
    created_at: Mapped[datetime]


class VersionRow(Base):
    """One content of a licence: an `intent` until its documents stand, then `active`; or `failed` with its reason.

    payload: the content (`content.py`) under the licence's document key. content_index: keyed, tells a repeat from a
    contradiction. code_digest: of the QR code's secret. json_digest, pdf_digest: of the documents, `sha-256:<hex>`.
    lease_owner: the worker that has it in hand (`leases.py`).
    """

    __tablename__ = "versions"
    __table_args__ = (
        UniqueConstraint("licence_id", "version"),
        # A failed row has issued nothing: its case may come back corrected.
        Index(
            "versions_business_number_key",
            "issuer",
            "source_system",
            "business_index",
            unique=True,
            postgresql_where="stage <> 'failed'",
        ),
        Index("versions_business_ix", "business_index"),  # an auditor's question names no department and no system
        Index("versions_waiting_ix", "created_at", postgresql_where="stage = 'intent'"),
        one_of("stage", STAGES),
        one_of("trust_level", TRUST_LEVELS),
        CheckConstraint("(stage = 'failed') = (failed_reason IS NOT NULL)", name="failed"),
        CheckConstraint(
            "(stage = 'active') = (activated_at IS NOT NULL AND json_digest IS NOT NULL AND pdf_digest IS NOT NULL)",
            name="active",
        ),
        CheckConstraint("valid_until >= valid_from", name="validity"),
        {"info": _OWN_LICENCE},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    licence_id: Mapped[UUID] = mapped_column(ForeignKey("licences.licences.id"))
    version: Mapped[int]
    identifier: Mapped[str] = mapped_column(unique=True)
    issuer: Mapped[str]
    type_version: Mapped[str]
    stage: Mapped[str]
    source_system: Mapped[str]
    business_index: Mapped[bytes]
    content_index: Mapped[bytes]
    payload: Mapped[bytes]
    trust_level: Mapped[str]
    issue_date: Mapped[date]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    status_index: Mapped[int] = mapped_column(BigInteger, unique=True)
    code_digest: Mapped[str] = mapped_column(unique=True)
    seal_use_id: Mapped[UUID]
    json_digest: Mapped[str | None]
    pdf_digest: Mapped[str | None]
    attempts: Mapped[int]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    failed_reason: Mapped[str | None]
    actor: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    activated_at: Mapped[datetime | None]


class HolderRow(Base):
    """A holder of an active version, found by the keyed index of the code and never read here."""

    __tablename__ = "holders"
    __table_args__ = (Index(None, "code_index"), {"info": _OWN_PART})

    version_id: Mapped[UUID] = mapped_column(ForeignKey("licences.versions.id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str]
    code_type: Mapped[str]
    code_index: Mapped[bytes]
    share: Mapped[str | None]


class RenditionRow(Base):
    """A document of a version. `digest`: of the document (DESIGN: the seal's own), `sha256`: of the file.

    object_key: where its ciphertext lies, named by the ciphertext's digest. size: of the file, in bytes.
    generation: 1 as it was sealed; each extension (`extending.py`) is a further one of the same digest, and
    `superseded_at` tells since when. renew_by: when the certificate of its newest timestamp ends, None until somebody
    looks; lease_owner, lease_until, attempts, failed_reason: of the work that extends it.
    """

    __tablename__ = "renditions"
    __table_args__ = (
        one_of("kind", RENDITION_KINDS),
        CheckConstraint("generation > 0", name="generation"),
        Index(
            "renditions_newest_key", "version_id", "kind", "copy", unique=True, postgresql_where="superseded_at IS NULL"
        ),
        Index(
            "renditions_due_ix",
            "renew_by",
            postgresql_where="kind = 'pdf' AND superseded_at IS NULL AND failed_reason IS NULL",
        ),
        Index(None, "digest"),
        Index(None, "sha256"),
        {"info": _OWN_PART},
    )

    version_id: Mapped[UUID] = mapped_column(ForeignKey("licences.versions.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    copy: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    sha256: Mapped[str]
    object_key: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    media: Mapped[str]
    created_at: Mapped[datetime]
    generation: Mapped[int] = mapped_column(primary_key=True)
    superseded_at: Mapped[datetime | None]
    renew_by: Mapped[datetime | None]
    attempts: Mapped[int]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    failed_reason: Mapped[str | None]


class StatusRow(Base):
    """An act on a version. effective_at: from when it counts; recorded_at: when it was written down.

    kind: which suspension, or the cause of a cancellation. until: when it ends by itself.
    grounds: reason, legal basis and decision number under the licence's document key: people write names into them.
    """

    __tablename__ = "statuses"
    __table_args__ = (
        one_of("status", tuple(status.value for status in Status)),
        CheckConstraint("until > effective_at", name="until"),
        Index(None, "version_id"),
        Index("statuses_changed_ix", "version_id", postgresql_where="status <> 'active'"),
        {"info": _OWN_PART},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("licences.versions.id"))
    status: Mapped[str]
    kind: Mapped[str | None]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    until: Mapped[datetime | None]
    grounds: Mapped[bytes | None]
    actor: Mapped[dict[str, Any]]
    event_id: Mapped[str]
