"""What differs between the models and a database."""

from typing import cast

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData

from api.migrations import sequences, table_security  # noqa: F401 - what autogenerate does not see by itself
from api.schema import compare_options, metadatas


def differences(connection: Connection) -> list[str]:
    """Return one line for each table, column, index, constraint or policy that is not as the models say."""
    models = cast("MetaData", metadatas())  # alembic takes a list here as it does in env.py, and is typed for one
    context = MigrationContext.configure(connection, opts=compare_options())
    return [str(difference) for difference in compare_metadata(context, models)]
