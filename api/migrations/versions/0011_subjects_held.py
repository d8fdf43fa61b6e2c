"""Whoever records holds the subject; a carried grant or authorisation names what it continues."""

import sqlalchemy as sa
from alembic import op

from api.migrations.table_security import secure_table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    secure_table("ledger", "subjects", app_select="true", app_insert="erased_at IS NULL", app_lock="true")
    for table in ("grants", "authorisations"):
        op.add_column(table, sa.Column("continues", sa.Uuid(), nullable=True), schema="seals")
        op.create_foreign_key(
            op.f(f"{table}_continues_fkey"),
            table,
            table,
            ["continues"],
            ["id"],
            source_schema="seals",
            referent_schema="seals",
        )
        op.create_unique_constraint(op.f(f"{table}_continues_key"), table, ["continues"], schema="seals")
