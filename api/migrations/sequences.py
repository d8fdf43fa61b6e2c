"""Sequences of their own, which alembic's autogenerate does not see."""

from typing import Any, Self

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations.ops import ExecuteSQLOp, UpgradeOps
from alembic.util import DispatchPriority

from api.schema import metadatas


class CreateSequence(ExecuteSQLOp):
    """Written into a migration as plain SQL."""

    def to_diff_tuple(self) -> tuple[Any, ...]:
        return ("execute", self.sqltext)

    def reverse(self) -> Self:
        return self  # alembic asks for the way back even though we write none: migrations go forward only


@comparators.dispatch_for("schema", priority=DispatchPriority.FIRST)  # before the tables whose defaults use them
def _compare(context: AutogenContext, upgrade: UpgradeOps, _schemas: object) -> None:
    assert context.inspector is not None
    for metadata in metadatas():
        there = set(context.inspector.get_sequence_names(schema=metadata.schema))
        for sequence in metadata._sequences.values():  # noqa: SLF001 - SQLAlchemy has no other way to list them
            if sequence.name not in there:
                upgrade.ops.append(CreateSequence(f"CREATE SEQUENCE {sequence.schema}.{sequence.name}"))
