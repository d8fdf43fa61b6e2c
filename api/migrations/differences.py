"""What differs between the models and a database."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from api.migrations import table_security  # noqa: F401 - registers the comparison of row-level security
from api.schema import compare_options, metadatas


def differences(connection: Connection) -> list[str]:
    """Return one line for each table, column, index, constraint or policy that is not as the models say."""
    context = MigrationContext.configure(connection, opts={**compare_options(), "target_metadata": metadatas()})
    found = compare_metadata(context, metadatas())  # type: ignore[arg-type] - takes a list, as the context does
    return [str(difference) for difference in found]
