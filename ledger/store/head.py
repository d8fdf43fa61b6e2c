"""The one head of the log, and the fence: it moves only if it still is where its mover saw it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Result, Select, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ledger.errors import LedgerError
from ledger.models import LogHeadRow
from ledger.tree.frontier import EMPTY, Frontier


@dataclass(eq=False)
class FenceLost(LedgerError):
    """Another sequencer has moved the head, or has taken the same events; ours is rolled back and nothing is lost."""

    code = "ledger.fence_lost"
    zh = "另一个排序进程已更新账本，本次操作已回滚，将自动重试"
    en = "another sequencer has moved the log; this batch is rolled back and tried again"


@dataclass(frozen=True, slots=True)
class Head:
    """The head of the log: its origin, its root (32 bytes) and its right edge, which tells the size."""

    origin: str
    root: bytes
    frontier: Frontier

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.frontier.size


_HEAD = select(LogHeadRow.origin, LogHeadRow.size, LogHeadRow.root, LogHeadRow.frontier)

# The lock only keeps two leaders from doing the same work twice; the fence is the compare in `swap_head`. A leader
# that sleeps on the lock loses its connection, so that another can go on.
_LOCK_LIMITS = text("""
    SELECT set_config('lock_timeout', '5s', true), set_config('idle_in_transaction_session_timeout', '30s', true)
""")


def head(session: Session) -> Head | None:
    """Return the head, None before the log exists; raises FatalLedgerError."""
    return _head(session, _HEAD)


def lock_head(session: Session) -> Head | None:
    """Return the head and keep other sequencers waiting until the transaction ends; raises FatalLedgerError."""
    session.execute(_LOCK_LIMITS)
    return _head(session, _HEAD.with_for_update())


def _head(session: Session, query: Select[str, int, bytes, bytes]) -> Head | None:
    row = session.execute(query).one_or_none()
    return None if row is None else Head(row.origin, row.root, Frontier.of(row.size, row.frontier))


def create_head(session: Session, origin: str, now: datetime) -> None:
    """Begin an empty log, unless there is one."""
    session.execute(
        insert(LogHeadRow)
        .values(id=1, origin=origin, size=0, root=EMPTY.root(), frontier=b"", updated_at=now)
        .on_conflict_do_nothing()
    )


def swap_head(session: Session, old: Head, new: Head, now: datetime) -> None:
    """Move the head, if it still is where we saw it: this is the fence. Raises FenceLost."""
    result = session.execute(
        update(LogHeadRow)
        .where(LogHeadRow.size == old.size, LogHeadRow.root == old.root)
        .values(size=new.size, root=new.root, frontier=new.frontier.to_bytes(), updated_at=now),
        execution_options={"synchronize_session": False},
    )
    expect_rows(result, 1)


def expect_rows(result: Result[Any], rows: int) -> None:
    """Raise FenceLost unless a statement has changed so many rows."""
    if rows_changed(result) != rows:
        raise FenceLost


def rows_changed(result: Result[Any]) -> int:
    """Return how many rows a statement has changed."""
    return cast("CursorResult[Any]", result).rowcount
