"""The folder of the demonstration, made anew each time; nothing that a demonstration did not make is ever removed."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.demo.errors import DemoFolderBusy, DemoFolderForeign, DemoFolderUnwritable

MARK: Final = ".elicence-demo"
"""Written first: an interrupted demonstration is known again."""
_FAREWELL: Final = 5.0
"""Seconds that the database of a demonstration that was killed takes, at most, to notice."""


@dataclass(frozen=True, slots=True)
class DemoFolder:
    """Where everything is."""

    root: Path

    @property
    def service(self) -> Path:
        """The home of the demonstration's own service: database, keys, objects."""
        return self.root / "service"

    @property
    def rows(self) -> Path:
        """The rows to issue."""
        return self.root / "rows.csv"

    @property
    def faulty_rows(self) -> Path:
        """Rows with typical faults."""
        return self.root / "rows-faulty.csv"

    @property
    def licences(self) -> Path:
        """Every licence: page, data and ledger proof."""
        return self.root / "licences"

    @property
    def tampered(self) -> Path:
        """Documents that were changed."""
        return self.root / "tampered"

    @property
    def revoked(self) -> Path:
        """A genuine licence that is no longer in force."""
        return self.root / "revoked"

    @property
    def trust(self) -> Path:
        """The trust list."""
        return self.root / "trust.json"

    @property
    def status(self) -> Path:
        """The signed status list."""
        return self.root / "status.jwt"

    @property
    def report(self) -> Path:
        """All that came out, for programs."""
        return self.root / "report.json"

    @property
    def preview(self) -> Path:
        """A picture of one licence of each type."""
        return self.root / "preview.png"

    def name(self, file: Path) -> str:
        """Return a file's name within the folder."""
        return file.relative_to(self.root).as_posix()


@contextmanager
def made_anew(root: Path) -> Iterator[DemoFolder]:
    """Empty the folder, or make it, and hold it while the block lasts.

    Raises DemoFolderForeign, DemoFolderBusy, DemoFolderUnwritable.
    """
    folder = DemoFolder(root.absolute())
    try:
        folder.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder.root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise DemoFolderUnwritable(str(root), error.strerror or str(error)) from error
    try:
        _hold(descriptor, folder)
        try:
            _empty(folder)
        except OSError as error:
            raise DemoFolderUnwritable(str(root), f"{error.filename}: {error.strerror}") from error
        yield folder
    finally:
        os.close(descriptor)


def _hold(descriptor: int, folder: DemoFolder) -> None:
    if not _locked(descriptor) or not _database_gone(folder):
        raise DemoFolderBusy(str(folder.root))


def _empty(folder: DemoFolder) -> None:
    found = list(folder.root.iterdir())
    mark = folder.root / MARK
    if found and not mark.exists():
        raise DemoFolderForeign(str(folder.root))
    mark.touch()
    for entry in found:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry != mark:
            entry.unlink()
    for made in (folder.licences, folder.tampered, folder.revoked):
        made.mkdir()


def _database_gone(folder: DemoFolder) -> bool:
    """Wait until no server runs on the service's database: its keeper holds this lock for as long as one does."""
    try:
        descriptor = os.open(folder.service / "postgres" / "server.lock", os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return True  # there is none, or it is another user's: then emptying the folder fails, and says so
    try:
        end = time.monotonic() + _FAREWELL
        while not (free := _locked(descriptor)) and time.monotonic() < end:
            time.sleep(0.1)
        return free
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
