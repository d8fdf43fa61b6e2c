"""Queries on uses: opened before anything is signed, counted by the day, and closed once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from seals.life.bulk import insert_rows
from seals.models import UseRow


@dataclass(frozen=True, slots=True)
class Closing:
    """How a use ends. document: `sha-256:<hex>` of what was sealed; refusal: the code of the error."""

    use: UUID
    outcome: str
    document: str | None = None
    refusal: str | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """Uses wanted on a day under one grant or standing authorisation, of so many that a day has."""

    counted: UUID
    seal: UUID
    wanted: int
    limit: int


_CLOSE = text("""
    UPDATE seals.uses
       SET closed_at = :closed_at, outcome = given.outcome, document = given.document, refusal = given.refusal,
           event_id = given.event
      FROM unnest(CAST(:ids AS uuid[]), CAST(:outcomes AS text[]), CAST(:documents AS text[]),
                  CAST(:refusals AS text[]), CAST(:events AS text[])) AS given (id, outcome, document, refusal, event)
     WHERE uses.id = given.id AND uses.closed_at IS NULL
    RETURNING uses.id
""")

# Counters are locked in one order, so that two batches cannot wait for each other. Whoever comes second counts on from
# what the first has committed.
_TAKE = text("""
    UPDATE seals.day_counts c SET used = least(c.used + given.wanted, greatest(given.allowed, c.used))
      FROM (SELECT d.counted_id, d.day, d.used, g.wanted, g.allowed
              FROM seals.day_counts d
              JOIN unnest(CAST(:ids AS uuid[]), CAST(:wanted AS bigint[]), CAST(:allowed AS bigint[]))
                   AS g (id, wanted, allowed) ON g.id = d.counted_id AND d.day = :day
             ORDER BY d.counted_id FOR UPDATE OF d) AS given
     WHERE c.counted_id = given.counted_id AND c.day = given.day
    RETURNING c.counted_id, c.used - given.used AS taken
""")
_BEGIN = text("""
    INSERT INTO seals.day_counts (counted_id, day, seal_id, used)
    SELECT id, :day, seal, 0 FROM unnest(CAST(:ids AS uuid[]), CAST(:seals AS uuid[])) AS given (id, seal) ORDER BY id
    ON CONFLICT DO NOTHING
""")


def insert_uses(session: Session, rows: Sequence[Mapping[str, object]]) -> None:
    """Add records of use; all rows name the same columns."""
    insert_rows(session, UseRow, rows)


_UNCOUNT = text("""
    UPDATE seals.day_counts c SET used = c.used - back.uses
      FROM (SELECT counted, day, count(*) AS uses
              FROM (SELECT unnest(ARRAY[u.grant_id, u.authorisation_id]) AS counted,
                           (u.opened_at AT TIME ZONE 'Asia/Shanghai')::date AS day
                      FROM seals.uses u WHERE u.id = ANY(:ids)) AS each
             GROUP BY counted, day) AS back
     WHERE c.counted_id = back.counted AND c.day = back.day AND c.used >= back.uses
""")


def close(session: Session, closings: Sequence[Closing], closed_at: datetime) -> set[UUID]:
    """Close records of use, and return those that were open."""
    if not closings:
        return set()
    closed = session.execute(
        _CLOSE,
        {
            "closed_at": closed_at,
            "ids": [one.use for one in closings],
            "outcomes": [one.outcome for one in closings],
            "documents": [one.document for one in closings],
            "refusals": [one.refusal for one in closings],
            "events": [one.event for one in closings],
        },
    )
    return {row.id for row in closed}


def take(session: Session, day: date, quotas: Sequence[Quota]) -> dict[UUID, int]:
    """Count uses of a day, as many as its limits allow; return how many were granted each, held until the commit."""
    taken = _take(session, day, quotas)
    if len(taken) < len(quotas):
        # The first use of the day. The counter of a neighbour, once he has committed, is as good as ours.
        fresh = [quota for quota in quotas if quota.counted not in taken]
        session.execute(
            _BEGIN, {"day": day, "ids": [one.counted for one in fresh], "seals": [one.seal for one in fresh]}
        )
        taken |= _take(session, day, fresh)
    return taken


def _take(session: Session, day: date, quotas: Sequence[Quota]) -> dict[UUID, int]:
    found = session.execute(
        _TAKE,
        {
            "day": day,
            "ids": [one.counted for one in quotas],
            "wanted": [one.wanted for one in quotas],
            "allowed": [one.limit for one in quotas],
        },
    )
    return {row.counted_id: row.taken for row in found}


def give_back(session: Session, day: date, uses: Mapping[UUID, int]) -> None:
    """Take uses off a day's count that were not opened after all, in the transaction that counted them."""
    session.execute(
        text("""
            UPDATE seals.day_counts SET used = used - given.uses
              FROM unnest(CAST(:ids AS uuid[]), CAST(:uses AS integer[])) AS given (id, uses)
             WHERE counted_id = given.id AND day = :day
        """),
        {"day": day, "ids": list(uses), "uses": list(uses.values())},
    )


def uncount(session: Session, uses: Collection[UUID]) -> None:
    """Take uses under which nothing was signed off the counts of the days on which they were opened."""
    if uses:
        session.execute(_UNCOUNT, {"ids": sorted(uses)})


def open_uses(session: Session, before: datetime) -> Sequence[UseRow]:
    """Return the possible uses from before that moment, to be looked into, the oldest first.

    Those that were opened and never closed: something may have been signed. And those refused after the signature: the
    document was never put in force, but it was made.
    """
    signed = (UseRow.outcome == "refused") & UseRow.document.is_not(None)
    query = select(UseRow).where(UseRow.opened_at < before, or_(UseRow.closed_at.is_(None), signed))
    return session.scalars(query.order_by(UseRow.opened_at, UseRow.id)).all()
