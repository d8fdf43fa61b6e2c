"""The rows of the database held against the published log, event by event."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ledger import entries, envelope, store, subjects
from ledger.entries import FIRST
from ledger.envelope import EnvelopeInvalid
from ledger.errors import FatalLedgerError, LedgerError
from ledger.events import written
from ledger.formats import canonical
from ledger.formats.bundles import BundleInvalid
from ledger.formats.canonical import NotCanonical
from ledger.fsck.findings import Report
from ledger.log.log import Sessions
from ledger.log.reader import LogReader
from ledger.objects.objects import ObjectMissing
from ledger.signing import KeyWrapper
from ledger.store import checking
from ledger.store.checking import CheckedEvent
from ledger.subject_keys import SubjectKeys
from ledger.subjects import SubjectErased
from ledger.tree.frontier import Frontier
from ledger.tree.merkle import leaf_hashes
from ledger.tree.tiles import TileInvalid

CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of a chunk's subjects: those that open, and the tag keys of those that were erased."""

    opened: Mapping[UUID, SubjectKeys]
    erased: Mapping[UUID, bytes]

    def tag(self, subject: UUID) -> bytes | None:
        """Return a subject's tag key."""
        keys = self.opened.get(subject)
        return self.erased.get(subject) if keys is None else keys.tag


def check_rows(
    sessions: Sessions, reader: LogReader, wrapper: KeyWrapper, now: datetime, progress: Callable[[int], None]
) -> Report:
    """Compare every row with the published log, whose tiles were checked before.

    Entries, tags, links and bodies are derived again with the subjects' keys; whatever has waited beyond its deadline is
    a broken promise. progress: told how many entries were looked at. Raises what database and fetch raise.
    """
    report = Report()
    for start in range(0, reader.size, CHUNK):
        end = min(start + CHUNK, reader.size)
        with sessions() as session:
            _check_entries(session, reader, start, end, report)
            events = checking.events_with_predecessors(session, start, end)
            keys = _keys(session, wrapper, {event.subject for event in events}, report)
        for event in events:
            _check_event(event, keys, report)
        progress(end - start)
        if report.is_full:
            report.find("check.stopped")
            return report
    with sessions() as session:
        _check_head(session, reader, report)
        for event_id in checking.overdue(session, now, reader.size):
            report.find("promise.broken", event_id)
    return report


def _check_entries(session: Session, reader: LogReader, start: int, end: int, report: Report) -> None:
    """Compare the entries that rows tell with those of the log."""
    tiles = reader.tiles()
    try:
        stored = store.entries_between(session, start, end)
    except BundleInvalid:
        report.find("entry.differs", f"[{start}, {end})")
        return
    if len(stored) != end - start:
        report.find("entry.missing", f"{end - start - len(stored)} of [{start}, {end})")
        return
    try:
        for index, entry in enumerate(stored, start):
            if entry != tiles.entry(index):
                report.find("entry.differs", index)
    except (ObjectMissing, TileInvalid):
        return  # the check of the tiles has told it


def _keys(session: Session, wrapper: KeyWrapper, wanted: Collection[UUID], report: Report) -> _Keys:
    erased = checking.erased_tag_keys(session, wanted)
    opened = {}
    living = set(wanted) - set(erased)
    try:
        opened = subjects.open_subjects(session, wrapper, living)
    except SubjectErased:
        return _keys(session, wrapper, wanted, report)  # a moment ago: now its tag key is there
    except LedgerError:
        raise
    except Exception:  # noqa: BLE001  a wrapper's refusals are its own: one by one tells whose key it is
        opened = _one_by_one(session, wrapper, living, report)
    return _Keys(opened, erased)


def _one_by_one(
    session: Session, wrapper: KeyWrapper, wanted: Collection[UUID], report: Report
) -> dict[UUID, SubjectKeys]:
    opened = {}
    for subject in sorted(wanted):
        try:
            opened[subject] = subjects.open_subject(session, wrapper, subject)
        except Exception:  # noqa: BLE001
            report.find("event.key", subject)
    return opened


def _check_event(event: CheckedEvent, keys: _Keys, report: Report) -> None:
    report.count("events")
    place = event.place
    tag_key = keys.tag(event.subject)
    if tag_key is not None and entries.tag(tag_key, place.seq) != place.tag:
        report.find("event.tag", event.id)
    if not _is_linked(event):
        report.find("event.link", event.id)
    if event.subject in keys.erased:
        report.count("erased")
    elif event.subject in keys.opened and not _is_committed(event, keys.opened[event.subject]):
        report.find("event.body", event.id)


def _is_linked(event: CheckedEvent) -> bool:
    """Tell whether the event names its predecessor, which stands before it in the log."""
    if event.place.seq == 0:
        return event.place.previous == FIRST
    return event.before == event.place.previous and (event.before_index or 0) < event.place.index


def _is_committed(event: CheckedEvent, keys: SubjectKeys) -> bool:
    """Tell whether the entry commits to the body that lies there, and the body to the row."""
    try:
        body = envelope.decrypt(keys.event, event.body, event.id.encode())
        told = canonical.loads(body)
    except (EnvelopeInvalid, NotCanonical):
        return False
    digest = entries.body_digest(entries.body_salt(keys.salt, event.id), body)
    link = entries.link_digest(
        entries.link_salt(keys.salt, event.id), event.subject, event.place.seq, event.place.previous
    )
    named = isinstance(told, dict) and tuple(told.get(name) for name in ("id", "kind", "subject", "at"))
    return (
        digest == event.body_digest
        and entries.commitment(digest, link) == event.place.commitment
        and named == (event.id, event.kind, str(event.subject), written(event.recorded_at))
    )


def _check_head(session: Session, reader: LogReader, report: Report) -> None:
    """Compare the head with the log, and with the entries that have their places and are not published yet."""
    try:
        head = store.head(session)
    except FatalLedgerError:
        report.find("head.differs", "its edge does not fit its size")
        return
    if head is None:
        report.find("head.missing")
        return
    if head.size < reader.size or head.origin != reader.checkpoint.origin:
        report.find("head.behind", f"{head.origin} {head.size} < {reader.checkpoint.origin} {reader.size}")
        return
    try:
        rest: Sequence[bytes] = store.entries_between(session, reader.size, head.size)
        frontier = Frontier.at(reader.size, reader.tiles().nodes).extend(leaf_hashes(rest))
    except BundleInvalid:
        report.find("entry.differs", f"[{reader.size}, {head.size})")
        return
    except (ObjectMissing, TileInvalid):
        return  # the check of the tiles has told it
    if head.frontier != frontier or head.root != frontier.root():
        report.find("head.differs", head.size)
    for event_id in checking.placed_beyond(session):
        report.find("entry.differs", event_id)
    report.count("not yet published", head.size - reader.size)
