"""What a witness must never forget: one SQLite file with the logs it watches and the latest checkpoint of each.

One file, because a witness runs on a machine of its own without PostgreSQL, and its whole memory can be looked at, moved
and counted by anybody. `BEGIN IMMEDIATE` lets one writer in, of whatever thread or process, so that look and store are one
step; the rollback journal with `synchronous=EXTRA` has file and folder on the disk when a commit returns.

A store that was lost or set back must not be used again under the same key: a witness that forgot could cosign a fork.
Nothing here makes one in passing, and the key that a store belongs to stands in it.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.formats.cosignatures import LogKey, parse_log_key
from ledger.tree.merkle import EMPTY_ROOT
from ledger.witness.errors import WitnessMisplaced, WitnessUnable

RELEASE: Final = 1
_PATIENCE: Final = 5.0
_TABLES: Final = (
    "CREATE TABLE witness (id INTEGER PRIMARY KEY CHECK (id = 1), release INTEGER NOT NULL, vkey TEXT NOT NULL)",
    "CREATE TABLE logs (vkey TEXT PRIMARY KEY, origin TEXT NOT NULL, added_at TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE latest (origin TEXT PRIMARY KEY, size INTEGER NOT NULL CHECK (size >= 0),
           root BLOB NOT NULL CHECK (length(root) = 32), note TEXT NOT NULL, lines TEXT NOT NULL,
           cosigned_at INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE forks (origin TEXT NOT NULL, size INTEGER NOT NULL, ours TEXT NOT NULL, theirs TEXT NOT NULL,
           seen_at TEXT NOT NULL, PRIMARY KEY (origin, size)) WITHOUT ROWID""",
    """CREATE TABLE gathered (origin TEXT NOT NULL, size INTEGER NOT NULL, entry_index INTEGER NOT NULL,
           entry BLOB NOT NULL, PRIMARY KEY (origin, size)) WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class Latest:
    """What was cosigned last of a log.

    root: 32 bytes; note: as the log signed it, with no other lines; lines: our cosignatures; cosigned_at: their second.
    """

    size: int
    root: bytes
    note: str
    lines: str
    cosigned_at: int

    @property
    def cosigned(self) -> str:
        """The note with our cosignatures."""
        return self.note + self.lines


@dataclass(frozen=True, slots=True)
class Fork:
    """Two notes that a log has signed for one size, with different roots: anybody can see that it lied to somebody."""

    origin: str
    size: int
    ours: str
    theirs: str
    seen_at: datetime


NEVER: Final = Latest(size=0, root=EMPTY_ROOT, note="", lines="", cosigned_at=0)
"""Stands for the latest checkpoint of a log of which none was cosigned."""


class WitnessMemory:
    """The store as one transaction sees it; nobody else writes meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keys(self, origin: str) -> tuple[LogKey, ...]:
        """Return the keys by which a log is known; none if it is not watched."""
        rows = self._connection.execute("SELECT vkey FROM logs WHERE origin = ? ORDER BY vkey", [origin])
        return tuple(parse_log_key(vkey) for (vkey,) in rows)

    def origins(self) -> tuple[str, ...]:
        """Return the logs that are watched."""
        return tuple(origin for (origin,) in self._connection.execute("SELECT DISTINCT origin FROM logs ORDER BY 1"))

    def watch(self, key: LogKey, now: datetime) -> None:
        """Watch a log by this key; its name is the log's origin."""
        self._connection.execute(
            "INSERT INTO logs (vkey, origin, added_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [key.text, key.name, now.astimezone(UTC).isoformat()],
        )

    def unwatch(self, key: LogKey) -> bool:
        """Believe a key no more; tell whether it was believed. What was cosigned stays known, should it come back."""
        return self._connection.execute("DELETE FROM logs WHERE vkey = ?", [key.text]).rowcount == 1

    def latest(self, origin: str) -> Latest:
        """Return what was cosigned last of a log."""
        row = self._connection.execute(
            "SELECT size, root, note, lines, cosigned_at FROM latest WHERE origin = ?", [origin]
        ).fetchone()
        return NEVER if row is None else Latest(*row)

    def keep(self, origin: str, latest: Latest) -> None:
        """Replace what was cosigned last of a log."""
        self._connection.execute(
            "REPLACE INTO latest (origin, size, root, note, lines, cosigned_at) VALUES (?, ?, ?, ?, ?, ?)",
            [origin, latest.size, latest.root, latest.note, latest.lines, latest.cosigned_at],
        )

    def keep_fork(self, fork: Fork) -> None:
        """Keep the proof that a log has lied; one for a size is enough, and more could fill the disk."""
        self._connection.execute(
            "INSERT INTO forks (origin, size, ours, theirs, seen_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [fork.origin, fork.size, fork.ours, fork.theirs, fork.seen_at.astimezone(UTC).isoformat()],
        )

    def forks(self) -> tuple[Fork, ...]:
        """Return the proofs that logs have lied."""
        rows = self._connection.execute("SELECT origin, size, ours, theirs, seen_at FROM forks ORDER BY 1, 2, 5")
        return tuple(
            Fork(origin, size, ours, theirs, datetime.fromisoformat(seen_at))
            for origin, size, ours, theirs, seen_at in rows
        )

    def ungathered(self) -> tuple[str, ...]:
        """Return the logs that are watched and whose latest checkpoint is larger than any that the province's log holds."""
        rows = self._connection.execute(
            "SELECT origin FROM latest WHERE size > 0 AND origin IN (SELECT origin FROM logs) AND NOT EXISTS "
            "(SELECT 1 FROM gathered WHERE gathered.origin = latest.origin AND gathered.size >= latest.size) ORDER BY 1"
        )
        return tuple(origin for (origin,) in rows)

    def gathered(self, origin: str, size: int, index: int, entry: bytes) -> None:
        """Remember where in the province's log the checkpoint of a size stands."""
        self._connection.execute(
            "INSERT INTO gathered (origin, size, entry_index, entry) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [origin, size, index, entry],
        )

    def gathered_from(self, origin: str, size: int) -> tuple[int, bytes] | None:
        """Return index and entry of the smallest checkpoint of a log with at least this size; None if there is none."""
        row = self._connection.execute(
            "SELECT entry_index, entry FROM gathered WHERE origin = ? AND size >= ? ORDER BY size LIMIT 1",
            [origin, size],
        ).fetchone()
        return None if row is None else (row[0], row[1])


class WitnessStore:
    """A witness's memory in a file; raises WitnessMisplaced unless it is there and belongs to this key.

    vkey: the witness's own verifier key, as text.
    """

    def __init__(self, path: Path, vkey: str) -> None:
        self._path = path
        self._turn = threading.Lock()
        with self.reading() as memory:
            row = memory._connection.execute("SELECT release, vkey FROM witness").fetchone()  # noqa: SLF001 - its own
        if row is None or row[0] != RELEASE:
            raise WitnessMisplaced("属于另一个版本", "it is of another release")
        if row[1] != vkey:
            raise WitnessMisplaced("属于另一个见证密钥", "it belongs to another key")

    @classmethod
    def create(cls, path: Path, vkey: str) -> "WitnessStore":
        """Make the memory of a new witness; raises WitnessMisplaced if anything is there already."""
        # Under another name until it is whole, so that whatever is cut off can be done again.
        making = path.with_name(f"{path.name}.new")
        making.unlink(missing_ok=True)
        with _mapped(), closing(_connect(making, "rwc")) as connection:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN IMMEDIATE")
            for table in _TABLES:
                connection.execute(table)
            connection.execute("INSERT INTO witness (id, release, vkey) VALUES (1, ?, ?)", [RELEASE, vkey])
            connection.execute("COMMIT")
        try:
            os.link(making, path)  # never over another
        except FileExistsError:
            raise WitnessMisplaced("该处已有见证库", "there is one already") from None
        finally:
            making.unlink()
        return cls(path, vkey)

    @contextmanager
    def exclusive(self) -> Iterator[WitnessMemory]:
        """Look and store in one step, durable when the block has ended; what it raises undoes all of it.

        Raises WitnessUnable when the file does not answer: then whether it was stored is not known.
        """
        with self._in_turn(), _mapped(), closing(_connect(self._path)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            # Closing without COMMIT rolls back.
            yield WitnessMemory(connection)
            connection.execute("COMMIT")

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        # SQLite lets waiting writers sleep past one another; the threads of one process need not.
        if not self._turn.acquire(timeout=_PATIENCE):
            raise WitnessUnable(reason="its store is busy")
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[WitnessMemory]:
        """Look at one state of the file; raises WitnessUnable, WitnessMisplaced."""
        if not self._path.is_file():
            raise WitnessMisplaced("文件不存在", "the file is not there")
        with _mapped(), closing(_connect(self._path)) as connection:
            connection.execute("BEGIN")
            yield WitnessMemory(connection)


def _connect(path: Path, mode: str = "rw") -> sqlite3.Connection:
    # A connection for each step: threads share none, and no process keeps one over a fork. Never "ro": what a killed
    # writer left half-done is undone by whoever opens the file next.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=_PATIENCE, isolation_level=None
    )
    connection.execute("PRAGMA synchronous = EXTRA")
    return connection


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise WitnessUnable(reason=f"its store does not answer ({type(error).__name__})") from error
