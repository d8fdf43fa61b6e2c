"""What the tables of every package have in common: names of constraints, types of columns, CHECK in place of enums."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import CheckConstraint, Date, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB

COLUMN_TYPES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        datetime: DateTime(timezone=True),
        date: Date(),
        str: Text(),
        bytes: LargeBinary(),
        dict[str, Any]: JSONB(),
    }
)


def schema_metadata(schema: str) -> MetaData:
    """Return the metadata of one package's schema; every constraint gets a name that migrations can speak of."""
    return MetaData(
        schema=schema,
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        },
    )


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return a CHECK in place of an enum type, which no migration could take a value out of."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(str(value)) for value in values)})", name=column)
