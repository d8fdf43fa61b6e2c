"""The check of a whole log: its checkpoint, then tiles, then, where they are at hand, what lies among them and the rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.fsck.findings import Finding, Report
from ledger.fsck.rows import check_rows
from ledger.fsck.tiles import check_leftovers, check_tiles
from ledger.log.log import Sessions
from ledger.log.reader import LogReader
from ledger.log.served import PREFIX
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.signing import KeyWrapper
from ledger.tree.tiles import Fetch

__all__ = ["Finding", "ObjectFetch", "Report", "check_log", "check_own_log"]

_AHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class ObjectFetch:
    """Fetches from an object store; goes to other processes with it."""

    objects: ObjectStore

    def __call__(self, path: str) -> bytes:
        """Return an object of the log; raises ObjectMissing."""
        return self.objects.get(PREFIX + path)


def check_log(fetch: Fetch, vkey: Vkey, *, jobs: int = 1, ahead: int = _AHEAD) -> tuple[LogReader | None, Report]:
    """Check a log by what it serves; return how it reads, None without a checkpoint of its own, and what was found.

    Raises what the fetch raises, ObjectMissing excepted.
    """
    report = Report()
    try:
        reader = LogReader.open(fetch, vkey)
    except ObjectMissing:
        report.find("checkpoint.missing")
        return None, report
    except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid):
        report.find("checkpoint.unsigned")
        return None, report
    report.take(check_tiles(reader.checkpoint, fetch, jobs=jobs, ahead=ahead))
    return reader, report


def check_own_log(
    sessions: Sessions,
    objects: ObjectStore,
    wrapper: KeyWrapper,
    vkey: Vkey,
    now: datetime,
    *,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Check our own log with everything that only we have: the store's leftovers and the rows.

    progress: told how many rows were looked at. Raises what database and store raise.
    """
    reader, report = check_log(ObjectFetch(objects), vkey, jobs=jobs, ahead=0)
    if reader is not None:
        report.take(check_leftovers(reader.size, objects))
        report.take(check_rows(sessions, reader, wrapper, now, progress))
    return report
