"""The house: every table of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table
from api.schema import make_schemas

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_schemas(op.get_bind())
    op.execute("CREATE SEQUENCE licences.serial_numbers")
    op.create_table(
        "log_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("log_head_single_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("log_head_pkey")),
        schema="ledger",
        info={"app_select": "true"},
    )
    op.create_table(
        "subjects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key_algorithm", sa.Text(), nullable=False),
        sa.Column("kek_id", sa.Text(), nullable=False),
        sa.Column("key_ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tag_key", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('licence', 'seal', 'certificate', 'administration')", name=op.f("subjects_kind_check")
        ),
        sa.CheckConstraint(
            "(erased_at IS NULL) = (key_ciphertext IS NOT NULL) AND (erased_at IS NULL) = (tag_key IS NULL)",
            name=op.f("subjects_erased_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subjects_pkey")),
        schema="ledger",
        info={"app_select": "true", "app_insert": "erased_at IS NULL"},
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("entry_index", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=True),
        sa.Column("tag", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('issued', 'delivered', 'amended', 'renewed', 'replaced', 'suspended', 'resumed', 'withdrawn', 'annulled', 'revoked', 'cancelled', 'voided', 'expired', 'reinstated', 'extended', 'erased', 'downloaded', 'shown', 'shared', 'share-ended', 'consented', 'consent-ended', 'retrieved', 'verified', 'accepted', 'refused', 'copied', 'printed', 'objected', 'complained', 'answered', 'recalled', 'made', 'imported', 'granted', 'used', 'stopped', 'audit-opened')",
            name=op.f("events_kind_check"),
        ),
        sa.CheckConstraint(
            "num_nulls(entry_index, seq, previous, tag, commitment) IN (0, 5)", name=op.f("events_sequenced_check")
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["ledger.subjects.id"], name=op.f("events_subject_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
        sa.UniqueConstraint("entry_index", name=op.f("events_entry_index_key")),
        sa.UniqueConstraint("subject_id", "seq", name=op.f("events_subject_id_seq_key")),
        sa.UniqueConstraint("tag", name=op.f("events_tag_key")),
        schema="ledger",
        info={"app_select": "true", "app_insert": "entry_index IS NULL"},
    )
    op.create_index(
        "events_pending_idx",
        "events",
        ["ordinal"],
        unique=False,
        schema="ledger",
        postgresql_where=sa.text("entry_index IS NULL"),
    )
    op.create_table(
        "certificates",
        sa.Column("serial_number", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issuer_serial", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "profile IN ('root', 'issuing', 'seal', 'timestamp', 'status', 'receipt')",
            name=op.f("certificates_profile_check"),
        ),
        sa.CheckConstraint("serial_number ~ '^[0-9a-f]{40}$'", name=op.f("certificates_serial_number_check")),
        sa.CheckConstraint("not_before < not_after", name=op.f("certificates_validity_check")),
        sa.ForeignKeyConstraint(
            ["issuer_serial"], ["ca.certificates.serial_number"], name=op.f("certificates_issuer_serial_fkey")
        ),
        sa.PrimaryKeyConstraint("serial_number", name=op.f("certificates_pkey")),
        schema="ca",
        info={"app_select": "true"},
    )
    op.create_table(
        "organisations",
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("uscc", "valid_from", name=op.f("organisations_pkey")),
        schema="seals",
        info={"app_select": "true"},
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("key_name", sa.Text(), nullable=False),
        sa.Column("appearance", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'active') = (stopped_at IS NULL)", name=op.f("seals_stopped_check")),
        sa.CheckConstraint(
            "kind IN ('statutory', 'internal', 'special', 'personal', 'finance', 'invoice', 'contract', 'other')",
            name=op.f("seals_kind_check"),
        ),
        sa.CheckConstraint(
            "state IN ('active', 'suspended', 'cancelled', 'expired', 'replaced')", name=op.f("seals_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("seals_pkey")),
        sa.UniqueConstraint("code", name=op.f("seals_code_key")),
        schema="seals",
        info={
            "app": "organisation = current_setting('elicence.unit', true)",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(op.f("seals_organisation_idx"), "seals", ["organisation"], unique=False, schema="seals")
    op.create_table(
        "grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("grantee", sa.Text(), nullable=False),
        sa.Column("licence_type", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.seals.id"], name=op.f("grants_seal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("grants_pkey")),
        schema="seals",
        info={
            "app": "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))"
        },
    )
    op.create_index(op.f("grants_seal_id_idx"), "grants", ["seal_id"], unique=False, schema="seals")
    op.create_table(
        "uses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("purpose_id", sa.Uuid(), nullable=False),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('used', 'abandoned')", name=op.f("uses_outcome_check")),
        sa.CheckConstraint("num_nulls(closed_at, outcome) IN (0, 2)", name=op.f("uses_closed_check")),
        sa.ForeignKeyConstraint(["grant_id"], ["seals.grants.id"], name=op.f("uses_grant_id_fkey")),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.seals.id"], name=op.f("uses_seal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("uses_pkey")),
        schema="seals",
        info={
            "app": "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))"
        },
    )
    op.create_index(
        "uses_open_ix", "uses", ["opened_at"], unique=False, schema="seals", postgresql_where="closed_at IS NULL"
    )
    op.create_index(op.f("uses_seal_id_opened_at_idx"), "uses", ["seal_id", "opened_at"], unique=False, schema="seals")
    op.create_table(
        "licences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type_code", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("number_index", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("licences_pkey")),
        sa.UniqueConstraint("serial", name=op.f("licences_serial_key")),
        sa.UniqueConstraint(
            "type_code", "issuer", "number_index", name=op.f("licences_type_code_issuer_number_index_key")
        ),
        schema="licences",
        info={
            "app": "issuer = current_setting('elicence.unit', true)",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_table(
        "versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("licence_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("type_version", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("source_system", sa.Text(), nullable=False),
        sa.Column("business_index", sa.LargeBinary(), nullable=False),
        sa.Column("content_index", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("trust_level", sa.Text(), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("status_index", sa.BigInteger(), nullable=False),
        sa.Column("code_digest", sa.Text(), nullable=False),
        sa.Column("seal_use_id", sa.Uuid(), nullable=False),
        sa.Column("json_digest", sa.Text(), nullable=True),
        sa.Column("pdf_digest", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_reason", sa.Text(), nullable=True),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(stage = 'active') = (activated_at IS NOT NULL AND json_digest IS NOT NULL AND pdf_digest IS NOT NULL)",
            name=op.f("versions_active_check"),
        ),
        sa.CheckConstraint("(stage = 'failed') = (failed_reason IS NOT NULL)", name=op.f("versions_failed_check")),
        sa.CheckConstraint("stage IN ('intent', 'active', 'failed')", name=op.f("versions_stage_check")),
        sa.CheckConstraint("trust_level IN ('A', 'B', 'C', 'D')", name=op.f("versions_trust_level_check")),
        sa.CheckConstraint("valid_until >= valid_from", name=op.f("versions_validity_check")),
        sa.ForeignKeyConstraint(["licence_id"], ["licences.licences.id"], name=op.f("versions_licence_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("versions_pkey")),
        sa.UniqueConstraint("code_digest", name=op.f("versions_code_digest_key")),
        sa.UniqueConstraint("identifier", name=op.f("versions_identifier_key")),
        sa.UniqueConstraint("licence_id", "version", name=op.f("versions_licence_id_version_key")),
        sa.UniqueConstraint("status_index", name=op.f("versions_status_index_key")),
        schema="licences",
        info={
            "app": "issuer = current_setting('elicence.unit', true)",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(
        "versions_business_number_key",
        "versions",
        ["issuer", "source_system", "business_index"],
        unique=True,
        schema="licences",
        postgresql_where="stage <> 'failed'",
    )
    op.create_index(
        "versions_waiting_ix",
        "versions",
        ["created_at"],
        unique=False,
        schema="licences",
        postgresql_where="stage = 'intent'",
    )
    op.create_table(
        "holders",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("code_type", sa.Text(), nullable=False),
        sa.Column("code_index", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["version_id"], ["licences.versions.id"], name=op.f("holders_version_id_fkey")),
        sa.PrimaryKeyConstraint("version_id", "ordinal", name=op.f("holders_pkey")),
        schema="licences",
        info={
            "app": "version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(op.f("holders_code_index_idx"), "holders", ["code_index"], unique=False, schema="licences")
    op.create_table(
        "renditions",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("copy", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('pdf', 'json')", name=op.f("renditions_kind_check")),
        sa.ForeignKeyConstraint(["version_id"], ["licences.versions.id"], name=op.f("renditions_version_id_fkey")),
        sa.PrimaryKeyConstraint("version_id", "kind", "copy", name=op.f("renditions_pkey")),
        sa.UniqueConstraint("object_key", name=op.f("renditions_object_key_key")),
        schema="licences",
        info={
            "app": "version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(op.f("renditions_digest_idx"), "renditions", ["digest"], unique=False, schema="licences")
    op.create_index(op.f("renditions_sha256_idx"), "renditions", ["sha256"], unique=False, schema="licences")
    op.create_table(
        "statuses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grounds", sa.LargeBinary(), nullable=True),
        sa.Column("actor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'suspended', 'expired', 'withdrawn', 'annulled', 'revoked', 'cancelled', 'void', 'replaced', 'moved')",
            name=op.f("statuses_status_check"),
        ),
        sa.CheckConstraint("until > effective_at", name=op.f("statuses_until_check")),
        sa.ForeignKeyConstraint(["version_id"], ["licences.versions.id"], name=op.f("statuses_version_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("statuses_pkey")),
        schema="licences",
        info={
            "app": "version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(
        "statuses_changed_ix",
        "statuses",
        ["version_id"],
        unique=False,
        schema="licences",
        postgresql_where="status <> 'active'",
    )
    op.create_index(op.f("statuses_version_id_idx"), "statuses", ["version_id"], unique=False, schema="licences")
    op.create_table(
        "systems",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("operator_unit", sa.Text(), nullable=False),
        sa.Column("issuers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("systems_pkey")),
        sa.UniqueConstraint("token_digest", name=op.f("systems_token_digest_key")),
        schema="api",
        info={"app": "true"},
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("system_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'refused')", name=op.f("idempotency_keys_state_check")),
        sa.ForeignKeyConstraint(["system_id"], ["api.systems.id"], name=op.f("idempotency_keys_system_id_fkey")),
        sa.PrimaryKeyConstraint("system_id", "key", name=op.f("idempotency_keys_pkey")),
        schema="api",
        info={"app": "true"},
    )
    secure_table("ledger", "log_head", app_select="true")
    secure_table("ledger", "subjects", app_select="true", app_insert="erased_at IS NULL")
    secure_table("ledger", "events", app_select="true", app_insert="entry_index IS NULL")
    secure_table("ca", "certificates", app_select="true")
    secure_table("seals", "organisations", app_select="true")
    secure_table(
        "seals",
        "seals",
        app="organisation = current_setting('elicence.unit', true)",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table(
        "seals",
        "grants",
        app="seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
    )
    secure_table(
        "seals",
        "uses",
        app="seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
    )
    secure_table(
        "licences",
        "licences",
        app="issuer = current_setting('elicence.unit', true)",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table(
        "licences",
        "versions",
        app="issuer = current_setting('elicence.unit', true)",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table(
        "licences",
        "holders",
        app="version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table(
        "licences",
        "renditions",
        app="version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table(
        "licences",
        "statuses",
        app="version_id IN (SELECT id FROM licences.versions WHERE issuer = current_setting('elicence.unit', true))",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    secure_table("api", "systems", app_select="true")
    secure_table("api", "idempotency_keys", app="system_id = current_setting('elicence.account', true)")
