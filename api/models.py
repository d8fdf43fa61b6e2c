"""The door's own rows (PostgreSQL schema `api`): registered systems and idempotency keys."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ledger.tables import COLUMN_TYPES, one_of, schema_metadata

SCHEMA = "api"


class Base(DeclarativeBase):
    """Root of the door's tables."""

    metadata = schema_metadata(SCHEMA)
    type_annotation_map = COLUMN_TYPES


class System(Base):
    """A department's approval system that may push decisions; its token is kept as a digest only."""

    __tablename__ = "systems"
    # The door looks tokens up; who may come in is entered by the worker (`elicence systems add`).
    __table_args__ = {"info": {"app_select": "true"}}  # noqa: RUF012

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    operator_unit: Mapped[str]
    issuers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    token_digest: Mapped[bytes] = mapped_column(unique=True)
    active: Mapped[bool] = mapped_column(server_default=true())
    created_at: Mapped[datetime]


class IdempotencyKey(Base):
    """One acknowledged or running POST: the request's keyed digest and the licence it made, never its body."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        one_of("state", ("running", "done", "refused")),
        {"info": {"app": "system_id = current_setting('elicence.account', true)"}},
    )

    system_id: Mapped[str] = mapped_column(ForeignKey("api.systems.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[bytes]
    state: Mapped[str]
    identifier: Mapped[str | None]
    started_at: Mapped[datetime]
