"""Documents are extended: each extension is a further rendition, which supersedes the one before."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "renditions",
        sa.Column("generation", sa.Integer(), server_default=sa.text("1"), nullable=False),
        schema="licences",
    )
    op.alter_column("renditions", "generation", server_default=None, schema="licences")
    op.add_column(
        "renditions", sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True), schema="licences"
    )
    op.add_column("renditions", sa.Column("renew_by", sa.DateTime(timezone=True), nullable=True), schema="licences")
    op.add_column(
        "renditions",
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        schema="licences",
    )
    op.alter_column("renditions", "attempts", server_default=None, schema="licences")
    op.add_column("renditions", sa.Column("lease_owner", sa.Text(), nullable=True), schema="licences")
    op.add_column("renditions", sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True), schema="licences")
    op.add_column("renditions", sa.Column("failed_reason", sa.Text(), nullable=True), schema="licences")
    op.drop_constraint(op.f("renditions_pkey"), "renditions", schema="licences")
    op.create_primary_key(
        op.f("renditions_pkey"), "renditions", ["version_id", "kind", "copy", "generation"], schema="licences"
    )
    op.create_check_constraint(op.f("renditions_generation_check"), "renditions", "generation > 0", schema="licences")
    op.create_index(
        "renditions_newest_key",
        "renditions",
        ["version_id", "kind", "copy"],
        unique=True,
        schema="licences",
        postgresql_where="superseded_at IS NULL",
    )
    op.create_index(
        "renditions_due_ix",
        "renditions",
        ["renew_by"],
        unique=False,
        schema="licences",
        postgresql_where="kind = 'pdf' AND superseded_at IS NULL AND failed_reason IS NULL",
    )
