"""From outside: certificates of other authorities, and what these say of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "foreign_certificates",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.ARRAY(sa.LargeBinary()), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("use IN ('seal', 'timestamp', 'client')", name=op.f("foreign_certificates_use_check")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("foreign_certificates_digest_check")),
        sa.CheckConstraint("not_before < not_after", name=op.f("foreign_certificates_validity_check")),
        sa.CheckConstraint("cardinality(chain) > 0", name=op.f("foreign_certificates_chain_check")),
        sa.CheckConstraint(
            "(use = 'timestamp') = (key_name IS NULL)", name=op.f("foreign_certificates_key_name_check")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("foreign_certificates_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    op.create_table(
        "foreign_evidence",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("about", sa.LargeBinary(), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("kind IN ('crl', 'ocsp')", name=op.f("foreign_evidence_kind_check")),
        sa.CheckConstraint("octet_length(about) = 32", name=op.f("foreign_evidence_about_check")),
        sa.CheckConstraint("this_update < next_update", name=op.f("foreign_evidence_validity_check")),
        sa.PrimaryKeyConstraint("kind", "source", "about", "this_update", name=op.f("foreign_evidence_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    secure_table("ca", "foreign_certificates", app_select="true")
    secure_table("ca", "foreign_evidence", app_select="true")
