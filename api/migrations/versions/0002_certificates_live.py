"""Certificates live: authorities, intents, revocations, revocation lists and trust lists."""

import hashlib
from typing import Any

import sqlalchemy as sa
from alembic import op
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

from api.migrations.table_security import secure_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_NEW: dict[str, TypeEngine[Any]] = {
    "authority": sa.Text(),
    "key_digest": sa.LargeBinary(),
    "state": sa.Text(),
    "request_id": sa.Text(),
    "request_digest": sa.LargeBinary(),
    "asked_by": postgresql.JSONB(),
    "requested_at": sa.DateTime(timezone=True),
    "tbs": sa.LargeBinary(),
    "abandoned_reason": sa.Text(),
    "replaces": sa.Text(),
    "subject_id": sa.Uuid(),
}
_FILLED = ("authority", "key_digest", "state", "asked_by", "requested_at")
_NULLABLE_NOW = ("key_name", "der", "issued_at")

# The first release had one root and one issuing authority, whose keys the ceremonies of this one do not continue: they
# come before the first generation and have ended. Their lists stand in the trust list of their ceremony.
_AUTHORITIES = """
    INSERT INTO ca.authorities (id, hierarchy, role, generation, serial_number, state, revision)
    SELECT profile || '-' || left(serial_number, 8), 'international', CASE profile WHEN 'root' THEN 'root' ELSE 'seals' END,
           1 - row_number() OVER (PARTITION BY profile ORDER BY issued_at DESC, serial_number), serial_number, 'ended', 0
      FROM ca.certificates WHERE profile IN ('root', 'issuing')
"""
_CERTIFICATES = """
    UPDATE ca.certificates c
       SET authority = a.id, state = 'issued', requested_at = c.issued_at,
           asked_by = '{"kind": "system", "id": "ceremony", "operator_unit": null, "on_behalf_of": null}'
      FROM ca.authorities a WHERE a.serial_number = c.issuer_serial
"""


def _widen_certificates() -> None:
    for name, kind in _NEW.items():
        op.add_column("certificates", sa.Column(name, kind), schema="ca")
    for name in _NULLABLE_NOW:
        op.alter_column("certificates", name, nullable=True, schema="ca")
    # Row-level security binds the owner too: lifted here, and set again at the end of this transaction.
    op.execute("ALTER TABLE ca.certificates NO FORCE ROW LEVEL SECURITY")
    op.execute(_AUTHORITIES)
    op.execute(_CERTIFICATES)
    _fill_key_digests(op.get_bind())
    for name in _FILLED:
        op.alter_column("certificates", name, nullable=False, schema="ca")


def _fill_key_digests(connection: sa.Connection) -> None:
    found = connection.execute(sa.text("SELECT serial_number, der FROM ca.certificates")).all()
    digests = [
        {"serial": serial, "digest": hashlib.sha256(_public_key(certificate)).digest()} for serial, certificate in found
    ]
    if digests:
        connection.execute(
            sa.text("UPDATE ca.certificates SET key_digest = :digest WHERE serial_number = :serial"), digests
        )


def _public_key(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def upgrade() -> None:
    op.create_table(
        "authorities",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hierarchy", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("hierarchy IN ('international', 'national')", name=op.f("authorities_hierarchy_check")),
        sa.CheckConstraint("role IN ('root', 'seals', 'persons', 'systems')", name=op.f("authorities_role_check")),
        sa.CheckConstraint("state IN ('active', 'retiring', 'ended')", name=op.f("authorities_state_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("authorities_pkey")),
        sa.UniqueConstraint("hierarchy", "role", "generation", name=op.f("authorities_hierarchy_role_generation_key")),
        sa.UniqueConstraint("serial_number", name=op.f("authorities_serial_number_key")),
        schema="ca",
        info={"app_select": "true"},
    )
    op.create_index(
        "authorities_active_idx",
        "authorities",
        ["hierarchy", "role"],
        unique=True,
        schema="ca",
        postgresql_where="state = 'active'",
    )
    op.create_table(
        "trust_lists",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("trust_lists_number_check")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("trust_lists_validity_check")),
        sa.PrimaryKeyConstraint("number", name=op.f("trust_lists_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    op.create_table(
        "crls",
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("this_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_update", sa.DateTime(timezone=True), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("audience IN ('everybody', 'trust-list')", name=op.f("crls_audience_check")),
        sa.CheckConstraint("number > 0", name=op.f("crls_number_check")),
        sa.CheckConstraint("this_update < next_update", name=op.f("crls_validity_check")),
        sa.ForeignKeyConstraint(["authority"], ["ca.authorities.id"], name=op.f("crls_authority_fkey")),
        sa.PrimaryKeyConstraint("authority", "number", name=op.f("crls_pkey")),
        schema="ca",
        info={"app_select": "der IS NOT NULL"},
    )
    op.create_table(
        "revocations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("revocation_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("invalidity_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "reason IN ('unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation', 'certificateHold', 'privilegeWithdrawn', 'aACompromise')",
            name=op.f("revocations_reason_check"),
        ),
        sa.CheckConstraint("num_nulls(lifted_at, lifted_by) <> 1", name=op.f("revocations_lifted_check")),
        sa.ForeignKeyConstraint(
            ["serial_number"], ["ca.certificates.serial_number"], name=op.f("revocations_serial_number_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("revocations_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    op.create_index(op.f("revocations_serial_number_idx"), "revocations", ["serial_number"], unique=False, schema="ca")
    op.create_index(
        "revocations_standing_idx",
        "revocations",
        ["serial_number"],
        unique=True,
        schema="ca",
        postgresql_where="lifted_at IS NULL",
    )
    _widen_certificates()
    op.create_index(
        "certificates_intended_idx",
        "certificates",
        ["requested_at"],
        unique=False,
        schema="ca",
        postgresql_where="state = 'intended'",
    )
    op.create_index(op.f("certificates_key_digest_idx"), "certificates", ["key_digest"], unique=False, schema="ca")
    op.create_index(
        "certificates_replaces_idx",
        "certificates",
        ["replaces"],
        unique=True,
        schema="ca",
        postgresql_where="state <> 'abandoned'",
    )
    op.create_unique_constraint(op.f("certificates_request_id_key"), "certificates", ["request_id"], schema="ca")
    op.create_unique_constraint(op.f("certificates_subject_id_key"), "certificates", ["subject_id"], schema="ca")
    op.create_foreign_key(
        op.f("certificates_authority_fkey"),
        "certificates",
        "authorities",
        ["authority"],
        ["id"],
        source_schema="ca",
        referent_schema="ca",
    )
    op.create_foreign_key(
        op.f("certificates_replaces_fkey"),
        "certificates",
        "certificates",
        ["replaces"],
        ["serial_number"],
        source_schema="ca",
        referent_schema="ca",
    )
    op.create_check_constraint(
        op.f("certificates_abandoned_check"),
        "certificates",
        "(state = 'abandoned') = (abandoned_reason IS NOT NULL)",
        schema="ca",
    )
    op.create_check_constraint(
        op.f("certificates_issued_check"),
        "certificates",
        "(state = 'issued') = (der IS NOT NULL) AND num_nulls(der, issued_at) <> 1",
        schema="ca",
    )
    op.create_check_constraint(
        op.f("certificates_request_check"), "certificates", "num_nulls(request_id, request_digest) <> 1", schema="ca"
    )
    op.create_check_constraint(
        op.f("certificates_state_check"), "certificates", "state IN ('intended', 'issued', 'abandoned')", schema="ca"
    )
    op.create_check_constraint(
        op.f("certificates_tbs_check"), "certificates", "state = 'issued' OR tbs IS NOT NULL", schema="ca"
    )
    op.drop_constraint(op.f("certificates_profile_check"), "certificates", schema="ca")
    op.create_check_constraint(
        op.f("certificates_profile_check"),
        "certificates",
        "profile IN ('root', 'issuing', 'seal', 'person', 'client', 'timestamp', 'ocsp', 'log', 'status', 'receipt', 'trust')",
        schema="ca",
    )
    op.create_foreign_key(
        op.f("authorities_serial_number_fkey"),
        "authorities",
        "certificates",
        ["serial_number"],
        ["serial_number"],
        source_schema="ca",
        referent_schema="ca",
        deferrable=True,
        initially="DEFERRED",
    )
    secure_table("ca", "authorities", app_select="true")
    secure_table("ca", "trust_lists", app_select="true")
    secure_table("ca", "certificates", app_select="state = 'issued'")
    secure_table("ca", "crls", app_select="der IS NOT NULL")
    secure_table("ca", "revocations", app_select="true")
