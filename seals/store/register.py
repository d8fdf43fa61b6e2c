"""Queries for the register of uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session

from seals.models import AuthorisationRow, GrantRow, SealRow, UseRow

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Whose seals: a unit's, of one number, and one generation of it; None for all."""

    organisation: str
    code: str | None = None
    generation: int | None = None

    def conditions(self, begin: datetime, end: datetime) -> list[ColumnElement[bool]]:
        """Return the same as conditions on uses opened from `begin` and before `end`, and on their seals."""
        found = [SealRow.organisation == self.organisation, UseRow.opened_at >= begin, UseRow.opened_at < end]
        if self.code is not None:
            found.append(SealRow.code == self.code)
        if self.generation is not None:
            found.append(SealRow.generation == self.generation)
        return found


def uses_between(session: Session, place: Place, begin: datetime, end: datetime) -> Iterator[Row[Any]]:
    """Return the uses opened from `begin` and before `end`, the oldest first, with who allowed them."""
    query = (
        select(
            SealRow.code,
            SealRow.name,
            UseRow.opened_at,
            UseRow.matter,
            UseRow.number,
            UseRow.document,
            UseRow.outcome,
            UseRow.refusal,
            UseRow.copies,
            UseRow.actor,
            GrantRow.granted_by,
            AuthorisationRow.decided_by,
        )
        .join(SealRow, SealRow.id == UseRow.seal_id)
        .outerjoin(GrantRow, GrantRow.id == UseRow.grant_id)
        .outerjoin(AuthorisationRow, AuthorisationRow.id == UseRow.authorisation_id)
        .where(*place.conditions(begin, end))
        .order_by(UseRow.opened_at, UseRow.id)
    )
    yield from session.execute(query.execution_options(yield_per=_AT_ONCE))


def count_between(session: Session, place: Place, begin: datetime, end: datetime) -> int:
    """Return how many there are."""
    query = (
        select(func.count())
        .select_from(UseRow)
        .join(SealRow, SealRow.id == UseRow.seal_id)
        .where(*place.conditions(begin, end))
    )
    return session.scalar(query) or 0
