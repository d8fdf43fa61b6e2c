"""Many rows in one statement: what a batch costs is the statements, not the rows."""

import json
from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def insert_rows(
    session: Session, row_type: type[DeclarativeBase], rows: Sequence[Mapping[str, object]], conflict: str = ""
) -> list[tuple[object, ...]]:
    """Insert rows that all name the same columns; one array a column goes over the wire.

    conflict: what follows the statement, such as `ON CONFLICT DO NOTHING RETURNING id`; the rows it returns are
    returned.
    """
    if not rows:
        return []
    table = row_type.__table__
    assert isinstance(table, Table)
    columns = tuple(rows[0])
    arrays: dict[str, object] = {}
    for name in columns:
        values = [row[name] for row in rows]
        arrays[name] = [_json(value) for value in values] if isinstance(table.c[name].type, JSONB) else values
    result = session.execute(_statement(table, columns, conflict), arrays)
    return [tuple(row) for row in result] if "RETURNING" in conflict else []


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


@cache
def _statement(table: Table, columns: tuple[str, ...], conflict: str) -> TextClause:
    arrays = ", ".join(f"CAST(:{name} AS {table.c[name].type.compile(_DIALECT)}[])" for name in columns)
    names = ", ".join(columns)
    # Names of tables and columns come from our own models.
    return text(f"INSERT INTO {table.fullname} ({names}) SELECT * FROM unnest({arrays}) {conflict}")  # noqa: S608
