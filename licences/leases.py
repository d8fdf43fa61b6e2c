"""Who has an intent in hand: a lease with an end, and a sign of life that ends with the process.

A worker holds an advisory lock on a connection of its own for as long as it lives. PostgreSQL drops the lock with the
connection, whatever killed the process: its leases are free at once, and nobody waits for them to run out. The end of
the lease is for workers that hang or were cut off. Neither is a fence: activation is, for only one can take a row from
`intent` to `active`.
"""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

DEFAULT_TERM = timedelta(minutes=10)
"""Long for a batch of 32, which takes less than a second; a province's HSM may be slow."""

_KEY_BITS = 63
_HOLD = text("SELECT pg_try_advisory_lock(:key)")
_HELD = text("""
    SELECT EXISTS (SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() AND objsubid = 1
                      AND (classid::bigint << 32) + objid::bigint = :key)
""")


@dataclass(frozen=True, slots=True)
class Lease:
    """What a worker writes on a row that it takes."""

    owner: str
    until: datetime


class Worker:
    """One worker's sign of life. `connect` opens a connection that autocommits and belongs to the worker alone."""

    def __init__(self, connect: Callable[[], Connection], term: timedelta = DEFAULT_TERM) -> None:
        self._connect = connect
        self._term = term
        self._key = secrets.randbits(_KEY_BITS)
        self._connection: Connection | None = None
        # One connection, and a web process has many threads: they take turns.
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def lease(self, now: datetime) -> Lease:
        """Return a lease from now; the sign of life is set up again if the server was restarted."""
        with self._turn:
            if not self._alive():
                self._let_go()
                self._hold()
            return Lease(str(self._key), now + self._term)

    def close(self) -> None:
        """End: whatever is still on lease is free."""
        with self._turn:
            self._let_go()

    def _alive(self) -> bool:
        if self._connection is None:
            return False
        try:
            return bool(self._connection.execute(_HELD, {"key": self._key}).scalar_one())
        except DBAPIError:
            return False

    def _hold(self) -> None:
        self._connection = self._connect()
        # After a lost connection the server may not have noticed yet that we were gone: then under another name.
        while not self._connection.execute(_HOLD, {"key": self._key}).scalar_one():
            self._key = secrets.randbits(_KEY_BITS)

    def _let_go(self) -> None:
        if self._connection is not None:
            # Not back into the pool: a pooled connection would hold the lock on.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
