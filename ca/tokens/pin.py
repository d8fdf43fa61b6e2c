"""The PIN of a token, read from a file that nobody else can read; and the memory of one that the token refused."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from ca.errors import KeyExposed, KeyMissing, KeyUnreadable
from ca.keys import private_files
from ca.keys.passphrase import Cost, Derivation

_LONGEST: Final = 255
_COST: Final = Cost(p=1)
_DIGEST_SIZE: Final = 32


class RefusedPin:
    """What a token refused last, on disk: no process tries it again, or a supervised server would lock the token.

    folder: of the marks, one for each token's label; a mark is a salt and a scrypt digest of the PIN with the token's
    serial number. What it is about was no PIN of the token when the mark was made.
    """

    def __init__(self, folder: Path, label: str) -> None:
        self._folder = folder
        self.path = folder / f"{hashlib.sha256(label.encode()).hexdigest()[:16]}.refused-pin"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only process that tries a PIN, or several started at once would each try it; raises KeyUnreadable."""
        with ExitStack() as stack:
            with _told(self._folder):
                stack.enter_context(private_files.locked(self._folder))
            yield

    def is_refused(self, pin: str, serial: bytes) -> bool:
        """Say whether the token of that serial number refused this PIN; raises KeyUnreadable."""
        with _told(self.path):
            try:
                kept = self.path.read_bytes()
            except FileNotFoundError:
                return False
        salt, digest = kept[:-_DIGEST_SIZE], kept[-_DIGEST_SIZE:]
        return hmac.compare_digest(Derivation(_COST, salt).key(_whole(pin, serial)), digest)

    def note(self, pin: str, serial: bytes) -> None:
        """Keep what was refused, in place of what was refused before; raises KeyUnreadable."""
        derivation = Derivation.fresh(_COST)
        with _told(self.path):
            private_files.write(self.path, derivation.salt + derivation.key(_whole(pin, serial)))

    def forget(self) -> None:
        """The token took a PIN, and counts from the beginning again; raises KeyUnreadable."""
        with _told(self.path):
            if self.path.exists():
                private_files.remove(self.path)


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


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyUnreadable(path.name, error.strerror or "the system refuses") from error


def _whole(pin: str, serial: bytes) -> bytes:
    return serial + b"\0" + pin.encode()
