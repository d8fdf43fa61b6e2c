"""Auditors: their orders, and the index by which the events of a case or a unit are found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_AUDIT = "current_setting('elicence.purpose', true) = 'audit'"


def upgrade() -> None:
    op.create_table(
        "event_terms",
        sa.Column("term", sa.LargeBinary(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["ledger.events.id"], name=op.f("event_terms_event_id_fkey")),
        sa.PrimaryKeyConstraint("term", "event_id", name=op.f("event_terms_pkey")),
        schema="ledger",
        info={"app": _AUDIT},
    )
    op.create_index("event_terms_recorded_ix", "event_terms", ["term", "recorded_at"], unique=False, schema="ledger")
    op.create_index(op.f("event_terms_event_id_idx"), "event_terms", ["event_id"], unique=False, schema="ledger")
    secure_table("ledger", "event_terms", app=_AUDIT)
    op.create_table(
        "term_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("term_progress_single_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("term_progress_pkey")),
        schema="ledger",
        info={"app": _AUDIT},
    )
    secure_table("ledger", "term_progress", app=_AUDIT)
    op.create_table(
        "audit_orders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("scope", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_digest", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("audit_orders_validity_check")),
        sa.CheckConstraint("num_nulls(ended_at, ended_by) <> 1", name=op.f("audit_orders_ended_check")),
        sa.ForeignKeyConstraint(["id"], ["ledger.subjects.id"], name=op.f("audit_orders_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_orders_pkey")),
        sa.UniqueConstraint("number", name=op.f("audit_orders_number_key")),
        sa.UniqueConstraint("token_digest", name=op.f("audit_orders_token_digest_key")),
        schema="ledger",
        info={"app_select": _AUDIT},
    )
    secure_table("ledger", "audit_orders", app_select=_AUDIT)
    op.create_index(
        "subjects_erased_ix",
        "subjects",
        ["id"],
        unique=False,
        schema="ledger",
        postgresql_where=sa.text("erased_at IS NOT NULL"),
    )
    op.create_index("versions_business_ix", "versions", ["business_index"], unique=False, schema="licences")
