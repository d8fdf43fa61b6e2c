"""Queries for what goes over from a seal to its successor."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from seals.models import AuthorisationRow, GrantRow

_COUNTS = text("""
    INSERT INTO seals.day_counts (counted_id, day, seal_id, used)
    SELECT given.next, d.day, :seal, d.used
      FROM unnest(CAST(:before AS uuid[]), CAST(:next AS uuid[])) AS given (before, next)
      JOIN seals.day_counts d ON d.counted_id = given.before AND d.day = :day
""")


def grants_in_force(session: Session, seal_id: UUID, now: datetime) -> Sequence[GrantRow]:
    """Return the grants of a seal that nobody took back and that have not ended, the first to begin first."""
    query = select(GrantRow).where(
        GrantRow.seal_id == seal_id,
        GrantRow.revoked_at.is_(None),
        or_(GrantRow.valid_until.is_(None), GrantRow.valid_until >= now),
    )
    return session.scalars(query.order_by(GrantRow.valid_from, GrantRow.id)).all()


def authorisations_in_force(session: Session, seal_id: UUID, now: datetime) -> Sequence[AuthorisationRow]:
    """Return the approved standing authorisations of a seal that have not ended, the first to begin first."""
    query = select(AuthorisationRow).where(
        AuthorisationRow.seal_id == seal_id, AuthorisationRow.state == "approved", AuthorisationRow.valid_until > now
    )
    return session.scalars(query.order_by(AuthorisationRow.valid_from, AuthorisationRow.id)).all()


def carry_counts(session: Session, day: date, seal: UUID, counters: Mapping[UUID, UUID]) -> None:
    """Let new counters of a seal go on from where old ones stand today: a day has one limit, whichever seal it is."""
    if counters:
        given = {"before": list(counters), "next": list(counters.values())}
        session.execute(_COUNTS, {**given, "day": day, "seal": seal})
