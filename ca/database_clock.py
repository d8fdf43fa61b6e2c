"""The database as a witness of the clock: its own time, and the newest time that it has recorded."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ca.clock import Sight
from ca.clock_errors import TimeSourceSilent
from ledger.errors import DomainError
from ledger.models import LogHeadRow


def _log_head() -> Select[Any]:
    return select(func.max(LogHeadRow.updated_at))


@dataclass(frozen=True, slots=True)
class DatabaseWitness:
    """Every server of the house shares it, so a clock that differs from the database's differs from the others' too.

    sessions: opens a session for reading; newest: selects the newest time recorded, by default that of the log's head.
    """

    sessions: Callable[[], AbstractContextManager[Session]]
    newest: Select[Any] = field(default_factory=_log_head)
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
