"""Files that only their owner may read, durable when the call returns."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

_PRIVATE_FILE: Final = 0o600
_PRIVATE_FOLDER: Final = 0o700


def make_folder(path: Path) -> None:
    """Make the folder, or take the rights of others away from it."""
    path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
    path.chmod(_PRIVATE_FOLDER)


def is_exposed(path: Path) -> bool:
    """Say whether an account other than the owner has any right to the file."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one, of all threads and processes, inside a folder's lock; it dies with its process. Makes the folder."""
    make_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        # Closing alone would not do: a process forked meanwhile holds the descriptor, and the lock with it.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet; raises FileExistsError and then leaves the old one alone."""
    temporary = _temporary(path, data)
    try:
        os.link(temporary, path)  # unlike a rename, it never replaces
    finally:
        temporary.unlink()
    _make_durable(path.parent)


def write(path: Path, data: bytes) -> None:
    """Write a file, replacing what was there at once."""
    _temporary(path, data).replace(path)
    _make_durable(path.parent)


def remove(path: Path) -> None:
    """Remove a file for good."""
    path.unlink()
    _make_durable(path.parent)


def _temporary(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _make_durable(folder: Path) -> None:
    # A new name is only safe from a power cut once its folder has reached the disk.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
