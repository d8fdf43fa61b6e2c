"""The house's own mirror of its log, by which completeness is proved without reading the log again for each question."""

import fcntl
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.formats.notes import Vkey
from ledger.log.reader import LogReader
from ledger.monitor.state import MonitorFolder
from ledger.provenance.errors import LogForked, MirrorDamaged
from ledger.provenance.mirror import Mirror


class OwnMirror:
    """Our own mirror of the log: kept in a folder, so that a new process does not read ten million entries again.

    It is also a monitor: a log that is not what was read before is not used, whoever changed it.
    """

    def __init__(self, folder: Path, vkey: Vkey) -> None:
        self._folder = folder
        self._vkey = vkey
        self._lock = threading.Lock()
        self._mirror: Mirror | None = None

    def places(self, log: LogReader, tags: Collection[bytes]) -> Mapping[bytes, Sequence[int]]:
        """Return where tags stand in the log as far as its checkpoint reaches; raises LogForked."""
        with self._lock:
            mirror = self._mirror or self._load()
            before = mirror.size
            if log.size < before:
                self._check_older(log, mirror)
            else:
                mirror.follow(log.checkpoint, log.fetch)
            if log.size > before:
                self._save(mirror, log.note, before)
            self._mirror = mirror
            found = mirror.places(tags, log.fetch)
        return {tag: within for tag, at in found.items() if (within := [index for index in at if index < log.size])}

    def _check_older(self, log: LogReader, mirror: Mirror) -> None:
        """Let pass a checkpoint that another process has outrun meanwhile, and none of a log that was set back."""
        newest = LogReader.open(log.fetch, self._vkey)
        if newest.size < mirror.size or newest.root(log.size) != log.checkpoint.root:
            raise LogForked(log.size, f"{mirror.size} entries were read before")

    def _load(self) -> Mirror:
        with suppress(MirrorDamaged, OSError):
            return MonitorFolder(self._folder).load(self._vkey.name)[0]
        return Mirror(self._vkey.name)

    def _save(self, mirror: Mirror, note: str, before: int) -> None:
        # A folder that cannot be written costs time with the next question, and no answer.
        with suppress(OSError), _alone(self._folder) as first:
            if first:
                kept = self._load().size
                if kept <= before:
                    MonitorFolder(self._folder).save(mirror, note, kept)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Say whether we are the one process that writes there now."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
