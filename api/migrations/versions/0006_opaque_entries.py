"""Entries of the log that are no events: those of other logs, and of load tools."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opaque_entries",
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("start >= 0 AND count > 0", name=op.f("opaque_entries_range_check")),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(start, start + count)"), "&&"), using="gist", name=op.f("opaque_entries_range_excl")
        ),
        sa.PrimaryKeyConstraint("start", name=op.f("opaque_entries_pkey")),
        schema="ledger",
    )
    secure_table("ledger", "opaque_entries")
