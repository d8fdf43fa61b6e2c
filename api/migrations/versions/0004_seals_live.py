"""Seals live: applications, standing authorisations, stops with their effect, uses with who, what and under which grant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from api.migrations.table_security import secure_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Systems that may seal today go on sealing: each grant becomes a standing authorisation, which ends by itself after 90
# days. Until then somebody applies for one that somebody else approves.
_CARRIED_OVER = """
    INSERT INTO seals.authorisations (id, seal_id, system, licence_type, opens_at, closes_at, daily_cap, valid_from,
                                      valid_until, grounds, state, applied_by, applied_at, decided_by, decided_at)
    SELECT gen_random_uuid(), seal_id, grantee, licence_type, 0, 1440, 100000, now(), now() + interval '90 days',
           'carried over from the grant ' || id, 'approved', granted_by, now(),
           '{"kind": "system", "id": "migration-0004", "operator_unit": null, "on_behalf_of": null}', now()
      FROM seals.grants WHERE revoked_at IS NULL
"""
_WHAT_FOR = """
    UPDATE seals.uses u SET matter = l.type_code, number = v.identifier
      FROM licences.versions v JOIN licences.licences l ON l.id = v.licence_id
     WHERE v.id = u.purpose_id
"""


def _fill(table: str, column: sa.Column[object], value: str) -> None:
    """Add a column that has a value in every row."""
    op.add_column(table, sa.Column(column.name, column.type), schema="seals")
    op.execute(f"UPDATE seals.{table} SET {column.name} = {value}")  # noqa: S608 - constants of this file
    op.alter_column(table, column.name, nullable=False, schema="seals")


def _change_check(schema: str, table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"{table}_{name}_check"), table, schema=schema)
    op.create_check_constraint(op.f(f"{table}_{name}_check"), table, condition, schema=schema)


def upgrade() -> None:
    _new_tables()
    _wider_tables()
    _secure_tables()


def _new_tables() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("bottom_text", sa.Text(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("applied_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("made_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("delivered_to", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('statutory', 'internal', 'special', 'personal', 'finance', 'invoice', 'contract', 'other')",
            name=op.f("applications_kind_check"),
        ),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'rejected', 'withdrawn', 'made', 'delivered')",
            name=op.f("applications_state_check"),
        ),
        sa.CheckConstraint("num_nulls(decided_by, decided_at) <> 1", name=op.f("applications_decided_check")),
        sa.CheckConstraint(
            "num_nulls(delivered_by, delivered_to, delivered_at) IN (0, 3)", name=op.f("applications_delivered_check")
        ),
        sa.CheckConstraint("num_nulls(made_by, made_at) <> 1", name=op.f("applications_made_check")),
        sa.ForeignKeyConstraint(["replaces"], ["seals.seals.id"], name=op.f("applications_replaces_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("applications_pkey")),
        sa.UniqueConstraint("seal_id", name=op.f("applications_seal_id_key")),
        schema="seals",
        info={"app": "organisation = current_setting('elicence.unit', true)"},
    )
    op.create_index(
        op.f("applications_organisation_applied_at_idx"),
        "applications",
        ["organisation", "applied_at"],
        unique=False,
        schema="seals",
    )
    op.create_table(
        "authorisations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("licence_type", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.Integer(), nullable=False),
        sa.Column("closes_at", sa.Integer(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("applied_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("authorisations_ended_check")),
        sa.CheckConstraint(
            "state IN ('applied', 'approved', 'rejected', 'ended')", name=op.f("authorisations_state_check")
        ),
        sa.CheckConstraint(
            "0 <= opens_at AND opens_at < closes_at AND closes_at <= 1440", name=op.f("authorisations_hours_check")
        ),
        sa.CheckConstraint("daily_cap > 0", name=op.f("authorisations_daily_cap_check")),
        sa.CheckConstraint("num_nulls(decided_by, decided_at) <> 1", name=op.f("authorisations_decided_check")),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("authorisations_validity_check")),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.seals.id"], name=op.f("authorisations_seal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("authorisations_pkey")),
        schema="seals",
        info={
            "app": "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))"
        },
    )
    op.create_index(op.f("authorisations_seal_id_idx"), "authorisations", ["seal_id"], unique=False, schema="seals")
    op.create_table(
        "day_counts",
        sa.Column("counted_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("day_counts_used_check")),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.seals.id"], name=op.f("day_counts_seal_id_fkey")),
        sa.PrimaryKeyConstraint("counted_id", "day", name=op.f("day_counts_pkey")),
        schema="seals",
        info={
            "app": "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))"
        },
    )
    op.create_table(
        "stops",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("invalid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_by", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "(effect = 'good_before') = (invalid_from IS NOT NULL)", name=op.f("stops_invalid_from_check")
        ),
        sa.CheckConstraint("effect IN ('good', 'good_before', 'in_question')", name=op.f("stops_effect_check")),
        sa.CheckConstraint(
            "reason IN ('reorganisation', 'renamed', 'no_longer_needed', 'damaged', 'personnel', 'inspection', 'expiry', 'renewal', 'suspected_compromise', 'lost', 'compromise')",
            name=op.f("stops_reason_check"),
        ),
        sa.CheckConstraint(
            "state IN ('suspended', 'cancelled', 'expired', 'replaced')", name=op.f("stops_state_check")
        ),
        sa.CheckConstraint("num_nulls(resumed_at, resumed_by) <> 1", name=op.f("stops_resumed_check")),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.seals.id"], name=op.f("stops_seal_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("stops_pkey")),
        schema="seals",
        info={
            "app": "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
            "app_select": "current_setting('elicence.purpose', true) = 'verification'",
        },
    )
    op.create_index(
        "stops_standing_idx", "stops", ["seal_id"], unique=True, schema="seals", postgresql_where="resumed_at IS NULL"
    )


def _wider_tables() -> None:
    # Row-level security binds the owner too: lifted here, and set again at the end of this transaction.
    for table in ("seals.seals", "seals.grants", "seals.uses", "licences.versions", "licences.licences"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.add_column("grants", sa.Column("daily_limit", sa.Integer(), nullable=True), schema="seals")
    op.add_column(
        "grants", sa.Column("revoked_by", postgresql.JSONB(astext_type=sa.Text()), nullable=True), schema="seals"
    )
    op.create_check_constraint(op.f("grants_daily_limit_check"), "grants", "daily_limit > 0", schema="seals")
    _fill("seals", sa.Column("generation", sa.Integer()), "1")
    _fill("seals", sa.Column("provider", sa.Text()), "'local'")
    op.add_column("seals", sa.Column("esl", sa.LargeBinary(), nullable=True), schema="seals")
    op.add_column("seals", sa.Column("esl_certificate", sa.LargeBinary(), nullable=True), schema="seals")
    op.add_column("seals", sa.Column("esl_key_name", sa.Text(), nullable=True), schema="seals")
    op.add_column("seals", sa.Column("replaces", sa.Uuid(), nullable=True), schema="seals")
    op.add_column("seals", sa.Column("invalid_from", sa.DateTime(timezone=True), nullable=True), schema="seals")
    op.drop_constraint(op.f("seals_code_key"), "seals", schema="seals", type_="unique")
    op.create_unique_constraint(op.f("seals_code_generation_key"), "seals", ["code", "generation"], schema="seals")
    op.create_index(
        "seals_live_idx",
        "seals",
        ["code"],
        unique=True,
        schema="seals",
        postgresql_where="state IN ('active', 'suspended')",
    )
    op.create_unique_constraint(op.f("seals_replaces_key"), "seals", ["replaces"], schema="seals")
    op.create_foreign_key(
        op.f("seals_replaces_fkey"),
        "seals",
        "seals",
        ["replaces"],
        ["id"],
        source_schema="seals",
        referent_schema="seals",
    )
    op.create_check_constraint(
        op.f("seals_esl_check"), "seals", "num_nulls(esl, esl_certificate, esl_key_name) IN (0, 3)", schema="seals"
    )
    op.create_check_constraint(op.f("seals_generation_check"), "seals", "generation > 0", schema="seals")
    op.create_check_constraint(
        op.f("seals_invalid_from_check"), "seals", "invalid_from IS NULL OR state = 'cancelled'", schema="seals"
    )
    op.create_check_constraint(
        op.f("seals_reason_check"), "seals", "num_nulls(stopped_at, stop_reason) IN (0, 2)", schema="seals"
    )
    op.add_column("uses", sa.Column("authorisation_id", sa.Uuid(), nullable=True), schema="seals")
    _fill("uses", sa.Column("matter", sa.Text()), "'-'")
    op.add_column("uses", sa.Column("number", sa.Text(), nullable=True), schema="seals")
    op.execute(_WHAT_FOR)
    op.add_column("uses", sa.Column("refusal", sa.Text(), nullable=True), schema="seals")
    _fill("uses", sa.Column("copies", sa.Integer()), "1")
    op.add_column("uses", sa.Column("event_id", sa.Text(), nullable=True), schema="seals")
    op.alter_column("uses", "grant_id", existing_type=sa.UUID(), nullable=True, schema="seals")
    op.alter_column("uses", "purpose_id", existing_type=sa.UUID(), nullable=True, schema="seals")
    op.create_foreign_key(
        op.f("uses_authorisation_id_fkey"),
        "uses",
        "authorisations",
        ["authorisation_id"],
        ["id"],
        source_schema="seals",
        referent_schema="seals",
    )
    op.create_check_constraint(op.f("uses_copies_check"), "uses", "copies > 0", schema="seals")
    op.create_check_constraint(
        op.f("uses_event_check"),
        "uses",
        "CASE outcome WHEN 'refused' THEN event_id IS NOT NULL WHEN 'used' THEN true ELSE event_id IS NULL END",
        schema="seals",
    )
    op.create_check_constraint(
        op.f("uses_granted_check"), "uses", "grant_id IS NOT NULL OR refusal IS NOT NULL", schema="seals"
    )
    op.create_check_constraint(
        op.f("uses_refusal_check"),
        "uses",
        "(outcome IS NOT DISTINCT FROM 'refused') = (refusal IS NOT NULL)",
        schema="seals",
    )
    op.execute(_CARRIED_OVER)
    _change_check(
        "seals", "seals", "state", "state IN ('made', 'active', 'suspended', 'cancelled', 'expired', 'replaced')"
    )
    _change_check("seals", "seals", "stopped", "(state IN ('made', 'active')) = (stopped_at IS NULL)")
    _change_check("seals", "uses", "outcome", "outcome IN ('used', 'abandoned', 'refused')")
    _change_check(
        "ledger",
        "events",
        "kind",
        "kind IN ('issued', 'delivered', 'amended', 'renewed', 'replaced', 'suspended', 'resumed', 'withdrawn', 'annulled', 'revoked', 'cancelled', 'voided', 'expired', 'reinstated', 'extended', 'erased', 'downloaded', 'shown', 'shared', 'share-ended', 'consented', 'consent-ended', 'retrieved', 'verified', 'accepted', 'refused', 'copied', 'printed', 'objected', 'complained', 'answered', 'recalled', 'applied', 'approved', 'rejected', 'made', 'imported', 'granted', 'used', 'stopped', 'audit-opened')",
    )


def _secure_tables() -> None:
    secure_table("seals", "applications", app="organisation = current_setting('elicence.unit', true)")
    secure_table(
        "seals",
        "authorisations",
        app="seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
    )
    secure_table(
        "seals",
        "day_counts",
        app="seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
    )
    secure_table(
        "seals",
        "stops",
        app="seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))",
        app_select="current_setting('elicence.purpose', true) = 'verification'",
    )
    own_seal = "seal_id IN (SELECT id FROM seals.seals WHERE organisation = current_setting('elicence.unit', true))"
    verifying = "current_setting('elicence.purpose', true) = 'verification'"
    secure_table("seals", "seals", app="organisation = current_setting('elicence.unit', true)", app_select=verifying)
    secure_table("seals", "grants", app=own_seal)
    secure_table("seals", "uses", app=own_seal)
    secure_table("licences", "licences", app="issuer = current_setting('elicence.unit', true)", app_select=verifying)
    secure_table("licences", "versions", app="issuer = current_setting('elicence.unit', true)", app_select=verifying)
