"""The object store in a local folder: each object a file of its own, durable when `put` returns.

A temporary file, fsync, rename, fsync of the folder. A crash leaves the old object, the new one or none, never a part;
of concurrent writers of one key one wins, whole. A key is the path of its file, so that any web server can hand out the
tiles of the log; `.put/` holds what is being written, `.swap` is locked by whoever compares and replaces.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ledger.objects.object_keys import check_key, check_prefix
from ledger.objects.objects import ObjectChanged, ObjectMissing, ObjectStoreUnavailable

_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
_THREADS = 8
_FEW = 4
"""So many files are written sooner by one thread than others are woken."""


class LocalObjects:
    """The `ObjectStore` in a folder, made when missing; any number of processes may share it.

    patience: seconds to wait for somebody else's compare and replace.
    """

    def __init__(self, folder: Path, patience: float = 5.0) -> None:
        self._patience = patience
        self._folder = folder.absolute()
        self._scratch = self._folder / ".put"
        self._known: set[Path] = set()
        with _mapped():
            self._make(self._scratch)

    def put(self, key: str, data: bytes) -> None:
        """Store the bytes, replacing what was there at once; durable when this returns.

        Raises ObjectKeyInvalid, and ObjectStoreUnavailable when the disk refuses (then nothing has changed).
        """
        self.put_all({key: data})

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        """Store many objects; all are durable when this returns, some may be when it raises.

        Raises ObjectKeyInvalid, and ObjectStoreUnavailable when the disk refuses.
        """
        places = {self._folder / check_key(key): data for key, data in objects.items()}
        with _mapped():
            for folder in {place.parent for place in places}:
                self._make(folder)
            self._write(places)
            # One fsync makes every name in a folder durable: bundles and tiles come by the hundred.
            for folder in {place.parent for place in places}:
                _sync(folder)

    def _write(self, places: Mapping[Path, bytes]) -> None:
        if len(places) <= _FEW:
            for place, data in places.items():
                self._write_one(place, data)
            return
        # The disk takes several fsyncs for the price of one when they come together.
        with ThreadPoolExecutor(_THREADS) as pool:
            for done in [pool.submit(self._write_one, place, data) for place, data in places.items()]:
                done.result()

    def _write_one(self, place: Path, data: bytes) -> None:
        written = self._scratch / uuid.uuid4().hex
        try:
            with written.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            written.rename(place)
        except OSError:
            written.unlink(missing_ok=True)
            raise

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        """Store the bytes if the object still is what the caller saw, None for none.

        The lock ends with the process that holds it. One that is stopped while it holds it keeps others from swapping
        until it is woken or killed: they are told that the store is unavailable. Raises ObjectChanged.
        """
        with _mapped(), self._locked():
            try:
                found = self.get(key)
            except ObjectMissing:
                found = None
            if found != expected:
                raise ObjectChanged(key)
            self.put(key, data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / ".swap").open("ab") as file:
            end = time.monotonic() + self._patience
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > end:
                        raise ObjectStoreUnavailable(reason="another process holds the lock") from error
                    time.sleep(0.002)
            yield

    def get(self, key: str) -> bytes:
        """Return the bytes; raises ObjectMissing."""
        with _mapped():
            try:
                return (self._folder / check_key(key)).read_bytes()
            except _ABSENT as error:
                raise ObjectMissing(key) from error

    def delete(self, key: str) -> None:
        """Remove the object, durably; it need not exist."""
        place = self._folder / check_key(key)
        with _mapped(), suppress(*_ABSENT):
            place.unlink()
            _sync(place.parent)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below a folder of keys ("" is all) in lexical order."""
        below = check_prefix(prefix)
        with _mapped():
            yield from _walk(self._folder / below, f"{below}/" if below else "")

    def stored_before(self, prefix: str, moment: datetime) -> Iterator[str]:
        """Yield the keys below a folder of keys whose objects were put before a time."""
        for key in self.keys(prefix):
            with _mapped(), suppress(*_ABSENT):  # it was deleted a moment ago
                if (self._folder / key).stat().st_mtime < moment.timestamp():
                    yield key

    def sweep(self, older_than: float = 3600.0) -> int:
        """Remove what writers that died left half-written, `older_than` seconds ago; return how many files."""
        swept = 0
        with _mapped():
            for file in self._scratch.iterdir():
                with suppress(FileNotFoundError):  # it was renamed a moment ago
                    if file.stat().st_mtime < time.time() - older_than:
                        file.unlink()
                        swept += 1
        return swept

    def _make(self, folder: Path) -> None:
        """Make a folder and see that its name is on the disk, once per process.

        That it exists is not enough: whoever made it may not have reached its own fsync yet.
        """
        if folder in self._known:
            return
        if folder == self._folder:
            folder.mkdir(parents=True, exist_ok=True)
        else:
            self._make(folder.parent)
            folder.mkdir(exist_ok=True)
        _sync(folder.parent)
        self._known.add(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _walk(folder: Path, key: str) -> Iterator[str]:
    """Yield the keys of a folder; "a-b" comes before "a/b", so a folder sorts by its name with the slash."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries)
    except _ABSENT:
        return
    for name in names:
        if name.startswith("."):
            continue
        if name.endswith("/"):
            yield from _walk(folder / name, key + name)
        else:
            yield key + name


@contextmanager
def _mapped() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # strerror only: the path is the operator's business and says nothing more to a caller
        raise ObjectStoreUnavailable(error.strerror or type(error).__name__) from error
