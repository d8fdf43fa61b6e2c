"""Queries for the register of uses."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from seals.models import AuthorisationRow, GrantRow, SealRow, UseRow

_AT_ONCE = 1_000


def uses_between(
    session: Session, organisation: str, code: str | None, begin: datetime, end: datetime
) -> Iterator[Row[Any]]:
    """Return the uses opened from `begin` and before `end`, of one seal or all, the oldest first, with who allowed them."""
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
        .where(SealRow.organisation == organisation, UseRow.opened_at >= begin, UseRow.opened_at < end)
        .order_by(UseRow.opened_at, UseRow.id)
    )
    if code is not None:
        query = query.where(SealRow.code == code)
    yield from session.execute(query.execution_options(yield_per=_AT_ONCE))


def count_between(session: Session, organisation: str, code: str | None, begin: datetime, end: datetime) -> int:
    """Return how many there are."""
    query = (
        select(func.count())
        .select_from(UseRow)
        .join(SealRow, SealRow.id == UseRow.seal_id)
        .where(SealRow.organisation == organisation, UseRow.opened_at >= begin, UseRow.opened_at < end)
    )
    if code is not None:
        query = query.where(SealRow.code == code)
    return session.scalar(query) or 0
