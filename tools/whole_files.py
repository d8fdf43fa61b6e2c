"""Files that others read: they have the old content or the new one, never a part."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import click


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, replacing what was there at once; raises click.FileError."""
    with prepared(path) as write:
        write(data)


@contextmanager
def prepared(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield what writes a file's content beside its place; it is put there when the block ends well.

    A device or a pipe is written to and never replaced: as root, `-o /dev/null` would take it away from everybody.
    Raises click.FileError where it cannot be written.
    """
    if path.is_char_device() or path.is_fifo():
        yield lambda data: _pour(path, data)
        return
    if not path.name:
        raise click.FileError(str(path), "应为文件名 / the name of a file is wanted")
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")

    def write(data: bytes) -> None:
        with _told(path):
            _write(temporary, data)

    try:
        yield write
        with _told(path):
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise click.FileError(str(path), f"无法写入 / it cannot be written: {reason}") from error


def _pour(path: Path, data: bytes) -> None:
    with _told(path), path.open("wb", buffering=0) as stream:
        stream.write(data)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
