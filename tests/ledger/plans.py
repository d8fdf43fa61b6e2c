"""How the database would answer queries if it had millions of rows."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session


def whole_tables(session: Session, ask: Callable[[], object]) -> list[str]:
    """Return where a plan reads all of a table or of an index although reading tables is forbidden: no index fits.

    For questions to one table: which of two is read first is a matter of statistics.
    """
    connection = session.connection()
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "DELETE", "UPDATE", "INSERT")):
            asked.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    assert asked
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    found = []
    for statement, parameters in asked:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN (COSTS off, FORMAT json) {statement}", parameters).one()  # type: ignore[arg-type]
        found += list(_whole(plan[0]["Plan"]))
    connection.exec_driver_sql("SET LOCAL enable_seqscan = on")
    return found


def _whole(node: dict[str, Any]) -> Iterator[str]:
    kind, index = node["Node Type"], node.get("Index Name", "")
    by_index = "Index" in kind and "Index Cond" in node
    if "Scan" in kind and not by_index and kind not in {"Bitmap Heap Scan", "Function Scan", "Subquery Scan"}:
        yield f"{kind} {index} on {node.get('Relation Name')}"
    for inner in node.get("Plans", ()):
        yield from _whole(inner)
