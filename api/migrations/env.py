"""Run by alembic on the owner's connection, which `api/database.py` hands over together with the migration lock."""

from alembic import context
from sqlalchemy import Connection, text

from api.migrations import sequences, table_security  # noqa: F401 - what autogenerate does not see by itself
from api.schema import VERSION_SCHEMA, compare_options, metadatas


def run(connection: Connection) -> None:
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {VERSION_SCHEMA}"))
    context.configure(connection=connection, target_metadata=metadatas(), **compare_options())
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
