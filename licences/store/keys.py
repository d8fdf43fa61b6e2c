"""Queries by what a request is known by, so that nothing is issued twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Key:
    """What a request is known by: its natural key and its case in the source system."""

    type_code: str
    issuer: str
    number_index: bytes
    source_system: str
    business_index: bytes

    @property
    def natural(self) -> tuple[str, str, bytes]:
        """Type, issuer and licence number."""
        return self.type_code, self.issuer, self.number_index

    @property
    def business(self) -> tuple[str, str, bytes]:
        """Issuer, source system and business number."""
        return self.issuer, self.source_system, self.business_index


@dataclass(frozen=True, slots=True)
class Known:
    """A licence's first version as it stands in the repository."""

    licence_id: UUID
    version_id: UUID
    identifier: str
    serial: str
    stage: str
    status_index: int
    content_index: bytes
    natural: tuple[str, str, bytes]
    business: tuple[str, str, bytes]


# Taken in one order by everybody, so that two batches with common keys wait instead of killing each other.
_LOCK_KEYS = text("""
    SELECT pg_advisory_xact_lock(key)
      FROM (SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(CAST(:names AS text[])) AS given (name)
             ORDER BY 1) AS ordered
""")

_KNOWN = """
    SELECT v.licence_id, v.id, v.identifier, l.serial, v.stage, v.status_index, v.content_index, l.type_code,
           v.issuer, l.number_index, v.source_system, v.business_index
      FROM unnest({arrays}) AS given ({names})
"""
_BY_NUMBER = text(
    _KNOWN.format(
        arrays="CAST(:types AS text[]), CAST(:issuers AS text[]), CAST(:numbers AS bytea[])",
        names="type_code, issuer, number_index",
    )
    + """
      JOIN licences.licences l USING (type_code, issuer, number_index)
      JOIN licences.versions v ON v.licence_id = l.id AND v.version = 1
"""
)
_BY_CASE = text(
    _KNOWN.format(
        arrays="CAST(:issuers AS text[]), CAST(:systems AS text[]), CAST(:cases AS bytea[])",
        names="issuer, source_system, business_index",
    )
    + """
      JOIN licences.versions v USING (issuer, source_system, business_index)
      JOIN licences.licences l ON l.id = v.licence_id
     WHERE v.stage <> 'failed'
"""
)


def lock_keys(session: Session, keys: Sequence[Key]) -> None:
    """Hold the keys of a batch to the end of the transaction: nobody else can write under them meanwhile."""
    names = {f"number:{part!r}" for part in (key.natural for key in keys)}
    names |= {f"case:{part!r}" for part in (key.business for key in keys)}
    session.execute(_LOCK_KEYS, {"names": sorted(names)})


def known(session: Session, keys: Sequence[Key]) -> list[Known]:
    """Return what there is under the keys of a batch: by number whatever its stage, by case unless it failed."""
    by_number = session.execute(
        _BY_NUMBER,
        {
            "types": [key.type_code for key in keys],
            "issuers": [key.issuer for key in keys],
            "numbers": [key.number_index for key in keys],
        },
    )
    by_case = session.execute(
        _BY_CASE,
        {
            "issuers": [key.issuer for key in keys],
            "systems": [key.source_system for key in keys],
            "cases": [key.business_index for key in keys],
        },
    )
    return [
        Known(
            licence_id=row.licence_id,
            version_id=row.id,
            identifier=row.identifier,
            serial=row.serial,
            stage=row.stage,
            status_index=row.status_index,
            content_index=row.content_index,
            natural=(row.type_code, row.issuer, row.number_index),
            business=(row.issuer, row.source_system, row.business_index),
        )
        for row in (*by_number, *by_case)
    ]


def serial_numbers(session: Session, count: int) -> list[int]:
    """Return fresh numbers for serials; unique for ever, with gaps where a transaction was rolled back."""
    return list(
        session.scalars(
            text("SELECT nextval('licences.serial_numbers') FROM generate_series(1, :count)"), {"count": count}
        )
    )
