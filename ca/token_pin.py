"""The PIN of a token, read from a file that nobody else can read."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from ca import private_files
from ca.errors import KeyExposed, KeyMissing, KeyUnreadable

_LONGEST: Final = 255


def pin_in(path: Path) -> Callable[[], str]:
    """Return what reads the PIN anew at every log-in, so that a corrected file is obeyed without a restart.

    The file holds one line of 1 to 255 printable characters in UTF-8. The reader raises KeyMissing, KeyExposed, KeyUnreadable.
    """

    def read() -> str:
        try:
            if private_files.is_exposed(path):
                raise KeyExposed(path.name)
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise KeyMissing(path.name) from error
        except OSError as error:
            raise KeyUnreadable(path.name, error.strerror or "the system refuses") from error
        text = data.removesuffix(b"\n").removesuffix(b"\r").decode(errors="surrogateescape")
        if not 0 < len(text) <= _LONGEST or not text.isprintable():
            raise KeyUnreadable(path.name, "the PIN is not one line of 1 to 255 printable characters")
        return text

    return read
