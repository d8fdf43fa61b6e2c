"""Files that others read: they have the old content or the new one, never a part."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import click


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, replacing what was there at once; raises click.FileError."""
    temporary = path.with_name(f".{path.name}.{token_hex(8)}")
    try:
        _write(temporary, data)
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise click.FileError(str(path), f"无法写入 / it cannot be written: {reason}") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
