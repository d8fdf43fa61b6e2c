"""The seal register's rows (PostgreSQL schema `seals`)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.tables import COLUMN_TYPES, one_of, schema_metadata

SEAL_KINDS = ("statutory", "internal", "special", "personal", "finance", "invoice", "contract", "other")
"""法定名称章, 内设/分支机构章, 业务专用章, 个人名章, 财务, 发票, 合同, 其他."""
SEAL_STATES = ("active", "suspended", "cancelled", "expired", "replaced")
OUTCOMES = ("used", "abandoned")

_OWN = "organisation = current_setting('elicence.unit', true)"
_OWN_SEAL = f"seal_id IN (SELECT id FROM seals.seals WHERE {_OWN})"  # noqa: S608 - a constant of this file
_VERIFYING = "current_setting('elicence.purpose', true) = 'verification'"


class Base(DeclarativeBase):
    """The base of this package's rows."""

    metadata = schema_metadata("seals")
    type_annotation_map = COLUMN_TYPES


class OrganisationRow(Base):
    """An organisation under one name, from a day to a day: names change, and what was sealed keeps the old one."""

    __tablename__ = "organisations"
    __table_args__ = {"info": {"app_select": "true"}}  # noqa: RUF012

    uscc: Mapped[str] = mapped_column(primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    name: Mapped[str]
    valid_to: Mapped[date | None]


class SealRow(Base):
    """A seal. `id` is its subject in the ledger; `code` the seal number (STANDARDS: 6-digit division + 8 digits).

    certificate: DER of the signer's certificate. key_name: where the key is kept, never the key.
    appearance: the picture ready for pasting into pages.
    """

    __tablename__ = "seals"
    __table_args__ = (
        one_of("kind", SEAL_KINDS),
        one_of("state", SEAL_STATES),
        CheckConstraint("(state = 'active') = (stopped_at IS NULL)", name="stopped"),
        Index(None, "organisation"),
        {"info": {"app": _OWN, "app_select": _VERIFYING}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    organisation: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    certificate: Mapped[bytes]
    key_name: Mapped[str]
    appearance: Mapped[bytes]
    state: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    stop_reason: Mapped[str | None]


class GrantRow(Base):
    """Who may use a seal, for which licence type, from when to when. `*` stands for any system, or for any type."""

    __tablename__ = "grants"
    __table_args__ = (Index(None, "seal_id"), {"info": {"app": _OWN_SEAL}})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    grantee: Mapped[str]
    licence_type: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    granted_by: Mapped[dict[str, Any]]


class UseRow(Base):
    """One use of a seal, opened and committed before anything is signed; never closed, it is a possible use.

    purpose_id: what it was opened for, the licence version. document: `sha-256:<hex>` of what was sealed.
    """

    __tablename__ = "uses"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("num_nulls(closed_at, outcome) IN (0, 2)", name="closed"),
        Index("uses_open_ix", "opened_at", postgresql_where="closed_at IS NULL"),
        Index(None, "seal_id", "opened_at"),
        {"info": {"app": _OWN_SEAL}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("seals.grants.id"))
    purpose_id: Mapped[UUID]
    actor: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    document: Mapped[str | None]
