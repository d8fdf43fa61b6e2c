"""Uses and decisions wait for each other: a shared lock a use, an exclusive one a decision, on the seal it is about.

Advisory locks, not row locks: PostgreSQL lets share-lockers of a row overtake a waiting decision for as long as others
hold it, so that a busy seal could never be stopped; its lock manager queues fairly. A busy row is not rewritten either.
A decision about a seal's grant or standing authorisation takes the seal's lock, too: there is one fence, not three.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

# Two integers, apart from the single ones of other locks; ordered, so that two batches cannot wait for each other.
# Should two seals share a lock, their uses and decisions wait for each other without need.
_LOCK = """
    SELECT pg_advisory_xact_lock{shared}(1936024940, key)
      FROM (SELECT DISTINCT hashtext(id) AS key FROM unnest(CAST(:ids AS text[])) AS given (id) ORDER BY 1) AS ordered
"""
_SHARED = text(_LOCK.format(shared="_shared"))
_EXCLUSIVE = text(_LOCK.format(shared=""))


def lock_for_use(session: Session, seals: Iterable[UUID]) -> None:
    """Hold off decisions about these seals to the end of the transaction; what is read from now on stays true to it."""
    _lock(session, _SHARED, seals)


def lock_for_decision(session: Session, seal: UUID) -> None:
    """Wait for running uses of a seal to end, and hold off new ones to the end of the transaction."""
    _lock(session, _EXCLUSIVE, [seal])


def _lock(session: Session, statement: object, seals: Iterable[UUID]) -> None:
    session.execute(statement, {"ids": [str(seal) for seal in seals]})  # type: ignore[call-overload]
