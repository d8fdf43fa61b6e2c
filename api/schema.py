"""The database as a whole: its roles, its schemas (one a package) and the metadata of their tables."""

import importlib
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, MetaData, exc

from api.row_security import run

SCHEMAS = ("ledger", "ca", "seals", "licences", "api")
"""One schema a package; a later package's tables may refer to an earlier one's."""


class Role(StrEnum):
    """Who is at the database: the owner migrates, the app serves requests, the worker does everything else."""

    OWNER = "elicence_owner"
    APP = "elicence_app"
    WORKER = "elicence_worker"


_ROOMS_WITH_ROWS = ("ledger.anchor.models",)
"""Rooms whose rows stand beside them, in their package's metadata."""

VERSION_SCHEMA = "migrations"
"""Where alembic keeps the number of the newest migration: the owner's alone."""


def compare_options() -> dict[str, Any]:
    """Return how alembic looks at the database: at our schemas only, types and defaults included."""
    return {
        "include_schemas": True,
        "include_name": lambda name, kind, _parents: kind != "schema" or name in SCHEMAS,
        "version_table_schema": VERSION_SCHEMA,
        "compare_type": True,
        "compare_server_default": True,
        "autogenerate_plugins": ["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    }


def metadatas() -> list[MetaData]:
    """Import the models of every package and return their metadata in the order of SCHEMAS."""
    for module in _ROOMS_WITH_ROWS:
        importlib.import_module(module)
    return [importlib.import_module(f"{schema}.models").Base.metadata for schema in SCHEMAS]


def make_roles(connection: Connection, *, logins: bool) -> None:
    """Make the roles that are missing and let the owner make schemas here; as the URL's own user.

    On a server where an administrator has made them already nothing is changed, and no right to make roles is needed.
    """
    kind = "LOGIN" if logins else "NOLOGIN"
    for role in Role:
        # Roles belong to the whole server: somebody at another database may be making them at this very moment.
        run(
            connection,
            f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} {kind} NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
            END $$""",
        )
        _let_become(connection, role)
    may_create = "SELECT has_database_privilege(%s, current_database(), 'CREATE')"
    if not connection.exec_driver_sql(may_create, (Role.OWNER.value,)).scalar_one():
        run(
            connection,
            f"""
            DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {Role.OWNER}', current_database()); END $$""",
        )


def _let_become(connection: Connection, role: Role) -> None:
    """Make sure that the connection's user may SET ROLE; who creates a role does not become its member."""
    try:
        with connection.begin_nested():
            run(connection, f"SET LOCAL ROLE {role}")
            run(connection, "RESET ROLE")
    except exc.ProgrammingError:
        run(connection, f"GRANT {role} TO CURRENT_USER")


def make_schemas(connection: Connection) -> None:
    """Make the schemas and let app and worker in; as the owner."""
    for schema in SCHEMAS:
        run(connection, f"CREATE SCHEMA IF NOT EXISTS {schema}")
        run(connection, f"GRANT USAGE ON SCHEMA {schema} TO {Role.APP}, {Role.WORKER}")
        run(
            connection,
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE ON SEQUENCES TO {Role.APP}, {Role.WORKER}",
        )
