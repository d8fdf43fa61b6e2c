"""Row-level security as an operation of alembic: `secure_table("ledger", "events", app_insert="true")`.

Autogenerate writes one for each table whose grants, flags or policies are not what its model says, so that
`Database.check` finds a forgotten or altered policy as it finds a forgotten column.
"""

from typing import Any, Self

from alembic import op
from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import UpgradeOps
from alembic.util import DispatchPriority

from api import row_security
from api.row_security import Access
from api.schema import metadatas


class SecureTable(MigrateOperation):
    """Enable and force row-level security on one table, with its grants and policies."""

    def __init__(self, schema: str, name: str, access: Access) -> None:
        self.schema, self.name, self.access = schema, name, access

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("secure_table", f"{self.schema}.{self.name}", *self.access.given().items())

    def reverse(self) -> Self:
        return self  # alembic asks for the way back even though we write none: migrations go forward only


def secure_table(schema: str, name: str, **access: str) -> None:
    """Secure a table, inside a migration."""
    op.invoke(SecureTable(schema, name, Access(**access)))


@Operations.implementation_for(SecureTable)
def _run(operations: Operations, operation: SecureTable) -> None:
    row_security.secure_table(operations.get_bind(), operation.schema, operation.name, operation.access)


@renderers.dispatch_for(SecureTable)
def _render(context: AutogenContext, operation: SecureTable) -> str:
    arguments = [repr(operation.schema), repr(operation.name)]
    arguments += [f"{name}={expression!r}" for name, expression in operation.access.given().items()]
    context.imports.add("from api.migrations.table_security import secure_table")
    return f"secure_table({', '.join(arguments)})"


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)  # after the tables it secures
def _compare(context: AutogenContext, upgrade: UpgradeOps, _schemas: object) -> None:
    assert context.connection is not None
    for metadata in metadatas():
        for table in metadata.sorted_tables:
            if not row_security.is_secured(context.connection, table):
                assert table.schema is not None
                upgrade.ops.append(SecureTable(table.schema, table.name, row_security.access_of(table)))
