"""The database as a witness of the clock: its own time, and the newest time that it has recorded.

What it has recorded outlives a restart: a clock that was set back while the service was off is behind it.
"""

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ca.models import ClockMarkRow
from ca.timekeeping.clock import Sight
from ca.timekeeping.clock_errors import TimeSourceSilent
from ledger.errors import DomainError
from ledger.models import LogHeadRow

_LOG: Final = logging.getLogger(__name__)

Sessions = Callable[[], AbstractContextManager[Session]]


def log_time() -> Select[Any]:
    """Select the time of the log's head."""
    return select(func.max(LogHeadRow.updated_at))


def mark_time() -> Select[Any]:
    """Select the newest time that was trusted."""
    return select(func.max(ClockMarkRow.reached_at))


def _newest() -> Select[Any]:
    # greatest() leaves out what is NULL
    return select(func.greatest(log_time().scalar_subquery(), mark_time().scalar_subquery()))


@dataclass(frozen=True, slots=True)
class DatabaseWitness:
    """Every server of the house shares it, so a clock that differs from the database's differs from the others' too.

    sessions: opens a session for reading; newest: selects the newest time recorded, by default that of the log's head
    or of the clock's mark.
    """

    sessions: Sessions
    newest: Select[Any] = field(default_factory=_newest)
    name: str = "PostgreSQL"
    interval: float = 5.0
    patience: float = 60.0
    independent: bool = False

    def look(self, now: datetime) -> Sight:
        """Compare the database's clock with `now`; raises TimeSourceSilent."""
        started = time.monotonic()
        try:
            with self.sessions() as session:
                newest: datetime | None = session.scalar(self.newest)
                asked = time.monotonic()
                there: datetime = session.scalars(select(func.clock_timestamp())).one()
                answered = time.monotonic()
        except (SQLAlchemyError, DomainError) as error:
            raise TimeSourceSilent(self.name, type(error).__name__) from error
        half = (answered - asked) / 2
        return Sight((there - now - timedelta(seconds=asked - started + half)).total_seconds(), half, newest)


@dataclass(frozen=True, slots=True)
class DatabaseMarks:
    """The clock's mark in the database. sessions: opens a session that may write it, committed at its end.

    A database that is away is the witness's to tell; the mark then waits for the next round.
    """

    sessions: Sessions

    def reach(self, now: datetime) -> None:
        """Raise the mark to a time that was trusted; it is never lowered by this."""
        self._write(now, lower=None)

    def correct(self, now: datetime) -> None:
        """Set the mark to a time that an independent clock confirms."""
        self._write(now, lower="ntp")

    def _write(self, now: datetime, *, lower: "Lowerer | None") -> None:
        try:
            with self.sessions() as session:
                write_mark(session, now, lower=lower)
        except (SQLAlchemyError, DomainError) as error:
            _LOG.warning("the clock's mark was not written: %s", type(error).__name__)


Lowerer = Literal["ntp", "operator"]
"""Who may say that a mark was wrong."""


def write_mark(session: Session, now: datetime, *, lower: Lowerer | None = None) -> None:
    """Raise the mark to `now`; where it is later leave it, or lower it and keep who did so and from where.

    Never beyond the database's own time: two servers that each differ from it by a little may differ by twice as much.
    """
    at: ColumnElement[datetime] = func.least(literal(now, ClockMarkRow.reached_at.type), func.clock_timestamp())
    row = insert(ClockMarkRow).values(id=1, reached_at=at)
    mark, later = ClockMarkRow.reached_at, ClockMarkRow.reached_at > row.excluded.reached_at
    session.execute(
        row.on_conflict_do_update(
            index_elements=[ClockMarkRow.id], set_={"reached_at": row.excluded.reached_at}, where=~later
        )
    )
    if lower is not None:
        session.query(ClockMarkRow).filter(mark > at).update(
            {"reached_at": at, "lowered_from": mark, "lowered_by": lower}, synchronize_session=False
        )
