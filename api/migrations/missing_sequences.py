"""Sequences of their own, which alembic's autogenerate does not see."""

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import ExecuteSQLOp, UpgradeOps
from alembic.util import DispatchPriority

from api.schema import metadatas


@comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)  # before the tables whose defaults use them
def _compare(context: AutogenContext, upgrade: UpgradeOps, _schemas: object) -> None:
    assert context.inspector is not None
    for metadata in metadatas():
        there = set(context.inspector.get_sequence_names(schema=metadata.schema))
        for sequence in metadata._sequences.values():  # noqa: SLF001 - SQLAlchemy offers no other way to list them
            if sequence.name not in there:
                upgrade.ops.append(ExecuteSQLOp(f"CREATE SEQUENCE {sequence.schema}.{sequence.name}"))
