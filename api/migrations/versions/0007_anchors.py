"""The chain as a witness: what was seen on it, what is under way to it, and every anchor that it holds."""

import sqlalchemy as sa
from alembic import op

from api.migrations.table_security import secure_table

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "anchor_attempts",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("price", sa.Numeric(precision=78, scale=0), nullable=False),
        sa.Column("tip", sa.Numeric(precision=78, scale=0), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("anchor_attempts_number_check")),
        sa.CheckConstraint("octet_length(hash) = 32", name=op.f("anchor_attempts_hash_check")),
        sa.PrimaryKeyConstraint("chain", "number", name=op.f("anchor_attempts_pkey")),
        schema="ledger",
    )
    op.create_table(
        "anchor_looks",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("newest_size", sa.BigInteger(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.CheckConstraint("octet_length(root) = 32", name=op.f("anchor_looks_root_check")),
        sa.PrimaryKeyConstraint("chain", name=op.f("anchor_looks_pkey")),
        schema="ledger",
        info={"app_select": "true"},
    )
    op.create_table(
        "anchors",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("block_number", sa.BigInteger(), nullable=False),
        sa.Column("block_hash", sa.LargeBinary(), nullable=False),
        sa.Column("transaction", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("octet_length(root) = 32", name=op.f("anchors_root_check")),
        sa.PrimaryKeyConstraint("chain", "size", name=op.f("anchors_pkey")),
        schema="ledger",
        info={"app_select": "true"},
    )
    secure_table("ledger", "anchor_attempts")
    secure_table("ledger", "anchor_looks", app_select="true")
    secure_table("ledger", "anchors", app_select="true")
