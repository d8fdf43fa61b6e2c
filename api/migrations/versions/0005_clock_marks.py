"""The newest time that was trusted, so that a clock set back while the service was off is noticed."""

import sqlalchemy as sa
from alembic import op

from api.migrations.table_security import secure_table

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_marks",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lowered_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lowered_by", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("clock_marks_id_check")),
        sa.CheckConstraint("lowered_by IN ('ntp', 'operator')", name=op.f("clock_marks_lowered_by_check")),
        sa.CheckConstraint("num_nulls(lowered_from, lowered_by) <> 1", name=op.f("clock_marks_lowered_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("clock_marks_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    secure_table("ca", "clock_marks", app_select="true")
