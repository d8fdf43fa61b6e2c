"""Makers of national seals; what a restore lost; grants that go over to a seal's successor."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PROFILES = (
    "profile IN ('root', 'issuing', 'seal', 'person', 'client', 'timestamp', 'ocsp', 'log', 'status', 'receipt', "
    "'trust', 'seal-maker')"
)
_REASONS = (
    "reason IN ('unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', "
    "'cessationOfOperation', 'certificateHold', 'privilegeWithdrawn', 'aACompromise')"
)


def upgrade() -> None:
    _recheck("certificates", "profile", _PROFILES)
    _recheck("foreign_certificates", "use", "use IN ('seal', 'timestamp', 'client', 'seal-maker')")
    _recheck("foreign_certificates", "key_name", "(use IN ('timestamp', 'seal-maker')) = (key_name IS NULL)")
    op.create_table(
        "lost_revocations",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("revocation_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("invalidity_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(_REASONS, name=op.f("lost_revocations_reason_check")),
        sa.CheckConstraint("serial_number ~ '^[0-9a-f]{40}$'", name=op.f("lost_revocations_serial_number_check")),
        sa.ForeignKeyConstraint(["authority"], ["ca.authorities.id"], name=op.f("lost_revocations_authority_fkey")),
        sa.PrimaryKeyConstraint("authority", "serial_number", name=op.f("lost_revocations_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    secure_table("ca", "lost_revocations", app_select="true")
    op.add_column(
        "applications",
        sa.Column("carries", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="seals",
    )
    op.alter_column("applications", "carries", server_default=None, schema="seals")
    op.create_check_constraint(
        op.f("applications_carries_check"), "applications", "NOT carries OR replaces IS NOT NULL", schema="seals"
    )


def _recheck(table: str, name: str, condition: str) -> None:
    constraint = op.f(f"{table}_{name}_check")
    op.drop_constraint(constraint, table, schema="ca")
    op.create_check_constraint(constraint, table, condition, schema="ca")
