"""The seal register's rows (PostgreSQL schema `seals`)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.tables import COLUMN_TYPES, one_of, schema_metadata
from seals.life.stops import REASONS, SEAL_STATES, Effect

SEAL_KINDS = ("statutory", "internal", "special", "personal", "finance", "invoice", "contract", "other")
"""法定名称章, 内设/分支机构章, 业务专用章, 个人名章, 财务, 发票, 合同, 其他."""
OUTCOMES = ("used", "abandoned", "refused")
APPLICATION_STATES = ("applied", "approved", "rejected", "withdrawn", "made", "delivered")
AUTHORISATION_STATES = ("applied", "approved", "rejected", "ended")

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

    generation: a renewed certificate needs a new seal, which may keep the number. certificate: DER of the signer's
    certificate. provider: who holds its keys, `local` for our own key ring. key_name: where the key is kept, never the
    key. appearance: the picture ready for pasting into pages. esl: the national seal (SES), with the certificate (DER)
    and key that sign under it. invalid_from: since when nothing it sealed is good, where it was compromised.
    """

    __tablename__ = "seals"
    __table_args__ = (
        one_of("kind", SEAL_KINDS),
        one_of("state", SEAL_STATES),
        CheckConstraint("(state IN ('made', 'active')) = (stopped_at IS NULL)", name="stopped"),
        CheckConstraint("num_nulls(stopped_at, stop_reason) IN (0, 2)", name="reason"),
        CheckConstraint("invalid_from IS NULL OR state = 'cancelled'", name="invalid_from"),
        CheckConstraint("num_nulls(esl, esl_certificate, esl_key_name) IN (0, 3)", name="esl"),
        CheckConstraint("generation > 0", name="generation"),
        UniqueConstraint("code", "generation"),
        # Of one number only one is in use at a time; its successor may lie ready.
        Index("seals_live_idx", "code", unique=True, postgresql_where="state IN ('active', 'suspended')"),
        Index(None, "organisation"),
        {"info": {"app": _OWN, "app_select": _VERIFYING}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str]
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
    generation: Mapped[int]
    provider: Mapped[str]
    esl: Mapped[bytes | None]
    esl_certificate: Mapped[bytes | None]
    esl_key_name: Mapped[str | None]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("seals.seals.id"), unique=True)
    invalid_from: Mapped[datetime | None]


class StopRow(Base):
    """A stop of a seal, and its end where the seal was only suspended. effect: on what was sealed before."""

    __tablename__ = "stops"
    __table_args__ = (
        one_of("state", [state for state in SEAL_STATES if state not in {"made", "active"}]),
        one_of("reason", REASONS),
        one_of("effect", Effect),
        CheckConstraint("(effect = 'good_before') = (invalid_from IS NOT NULL)", name="invalid_from"),
        CheckConstraint("num_nulls(resumed_at, resumed_by) <> 1", name="resumed"),
        Index("stops_standing_idx", "seal_id", unique=True, postgresql_where="resumed_at IS NULL"),
        {"info": {"app": _OWN_SEAL, "app_select": _VERIFYING}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    state: Mapped[str]
    reason: Mapped[str]
    effect: Mapped[str]
    invalid_from: Mapped[datetime | None]
    stopped_at: Mapped[datetime]
    stopped_by: Mapped[dict[str, Any]]
    note: Mapped[str | None]
    event_id: Mapped[str]
    resumed_at: Mapped[datetime | None]
    resumed_by: Mapped[dict[str, Any] | None]


class ApplicationRow(Base):
    """An application for a seal, from its first day to the seal's delivery. `seal_id`: of the seal to be.

    carries: whether grants and standing authorisations of the seal that it replaces go over to it at its delivery.
    """

    __tablename__ = "applications"
    __table_args__ = (
        one_of("kind", SEAL_KINDS),
        one_of("state", APPLICATION_STATES),
        CheckConstraint("num_nulls(decided_by, decided_at) <> 1", name="decided"),
        CheckConstraint("num_nulls(made_by, made_at) <> 1", name="made"),
        CheckConstraint("num_nulls(delivered_by, delivered_to, delivered_at) IN (0, 3)", name="delivered"),
        CheckConstraint("NOT carries OR replaces IS NOT NULL", name="carries"),
        Index(None, "organisation", "applied_at"),
        {"info": {"app": _OWN}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(unique=True)
    organisation: Mapped[str]
    kind: Mapped[str]
    code: Mapped[str]
    name: Mapped[str]
    bottom_text: Mapped[str | None]
    replaces: Mapped[UUID | None] = mapped_column(ForeignKey("seals.seals.id"))
    grounds: Mapped[str]
    state: Mapped[str]
    applied_by: Mapped[dict[str, Any]]
    applied_at: Mapped[datetime]
    decided_by: Mapped[dict[str, Any] | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    made_by: Mapped[dict[str, Any] | None]
    made_at: Mapped[datetime | None]
    delivered_by: Mapped[dict[str, Any] | None]
    delivered_to: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    carries: Mapped[bool]


class GrantRow(Base):
    """Who may use a seal, for which licence type, from when to when. `*` stands for any system, or for any type.

    daily_limit: uses a day in local time, None for no limit. continues: the one on the seal before, whose end ends it.
    """

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint("daily_limit > 0", name="daily_limit"),
        Index(None, "seal_id"),
        {"info": {"app": _OWN_SEAL}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    grantee: Mapped[str]
    licence_type: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    granted_by: Mapped[dict[str, Any]]
    daily_limit: Mapped[int | None]
    revoked_by: Mapped[dict[str, Any] | None]
    continues: Mapped[UUID | None] = mapped_column(ForeignKey("seals.grants.id"), unique=True)


class AuthorisationRow(Base):
    """A standing authorisation: a system may seal by itself, nobody looking on, until a day that always comes.

    opens_at, closes_at: minutes of the local day, from and before; both 0 and 1440 for round the clock. continues: the
    one on the seal before, whose end ends it.
    """

    __tablename__ = "authorisations"
    __table_args__ = (
        one_of("state", AUTHORISATION_STATES),
        CheckConstraint("0 <= opens_at AND opens_at < closes_at AND closes_at <= 1440", name="hours"),
        CheckConstraint("daily_cap > 0", name="daily_cap"),
        CheckConstraint("valid_from < valid_until", name="validity"),
        CheckConstraint("num_nulls(decided_by, decided_at) <> 1", name="decided"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended"),
        Index(None, "seal_id"),
        {"info": {"app": _OWN_SEAL}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    system: Mapped[str]
    licence_type: Mapped[str]
    opens_at: Mapped[int]
    closes_at: Mapped[int]
    daily_cap: Mapped[int]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    grounds: Mapped[str]
    state: Mapped[str]
    applied_by: Mapped[dict[str, Any]]
    applied_at: Mapped[datetime]
    decided_by: Mapped[dict[str, Any] | None]
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[dict[str, Any] | None]
    continues: Mapped[UUID | None] = mapped_column(ForeignKey("seals.authorisations.id"), unique=True)


class DayCountRow(Base):
    """How many uses were opened on one local day under one grant or standing authorisation that has a limit."""

    __tablename__ = "day_counts"
    __table_args__ = (CheckConstraint("used >= 0", name="used"), {"info": {"app": _OWN_SEAL}})

    counted_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    used: Mapped[int]


class UseRow(Base):
    """One use of a seal, opened and committed before anything is signed; never closed, it is a possible use.

    matter: what it is put on, a licence type's code or words; number: of the licence or document; purpose_id: what it was
    opened for, the licence version; document: `sha-256:<hex>` of what was sealed; copies: how many. A use that was refused
    has a `refusal`, the code of the error; with a document, it was sealed before the refusal and never put in force.
    """

    __tablename__ = "uses"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        CheckConstraint("num_nulls(closed_at, outcome) IN (0, 2)", name="closed"),
        CheckConstraint("(outcome IS NOT DISTINCT FROM 'refused') = (refusal IS NOT NULL)", name="refusal"),
        CheckConstraint("grant_id IS NOT NULL OR refusal IS NOT NULL", name="granted"),
        # Uses of the first release were closed without an event of their own.
        CheckConstraint(
            "CASE outcome WHEN 'refused' THEN event_id IS NOT NULL WHEN 'used' THEN true ELSE event_id IS NULL END",
            name="event",
        ),
        CheckConstraint("copies > 0", name="copies"),
        Index("uses_open_ix", "opened_at", postgresql_where="closed_at IS NULL"),
        Index(None, "seal_id", "opened_at"),
        {"info": {"app": _OWN_SEAL}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seal_id: Mapped[UUID] = mapped_column(ForeignKey("seals.seals.id"))
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("seals.grants.id"))
    purpose_id: Mapped[UUID | None]
    actor: Mapped[dict[str, Any]]
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    document: Mapped[str | None]
    authorisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("seals.authorisations.id"))
    matter: Mapped[str]
    number: Mapped[str | None]
    refusal: Mapped[str | None]
    copies: Mapped[int]
    event_id: Mapped[str | None]
