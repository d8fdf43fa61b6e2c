"""A log with a few subjects, for those who trace: recorded, sequenced, and read back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor, Uscc
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record
from ledger.formats.notes import NoteSigner
from ledger.log.promises import Promise
from ledger.log.reader import LogReader
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore
from ledger.provenance.mirror import Mirror
from ledger.provenance.reading import Scan, Trace, trace
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject, open_subject
from tests.ledger.local_keys import ACTOR, ORIGIN, MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, SIGNER, nested, sequencer

VKEYS = {ORIGIN: NoteSigner(ORIGIN, SIGNER).vkey}
LATER = NOW + timedelta(minutes=5)
BANK = Uscc("91990101MA9T00018G")
AUDITOR = Actor("person", "auditor-1", None, None, frozenset({"auditor"}))
KEEPER = Actor("person", "keeper-1", None, None, frozenset({"audit-order-keeper"}))


@dataclass
class Book:
    """Records into one session and reads it back."""

    session: Session
    objects: ObjectStore
    wrapper: KeyWrapper

    def subject(self, kind: str = "licence") -> UUID:
        return create_subject(self.session, self.wrapper, kind)[0].id

    def record(
        self, subject: UUID, kind: EventKind = EventKind.VERIFIED, at: datetime = NOW, **members: Any
    ) -> Promise:
        actor = members.pop("actor", ACTOR)
        event = Event(id=new_event_id(at), kind=kind, subject=subject, actor=actor, at=at, **members)
        return record(self.session, event, open_subject(self.session, self.wrapper, subject), PROMISER)

    def licence(self, uses: int = 3) -> UUID:
        """A licence with its issuing and some uses, all in the log."""
        subject = self.subject()
        self.record(subject, EventKind.ISSUED)
        for number in range(uses):
            at = NOW + timedelta(seconds=number + 1)
            self.record(subject, at=at, case=f"CASE-{number}", detail={"verdict": "valid"})
        self.sequence()
        return subject

    def sequence(self) -> None:
        leader = sequencer(nested(self.session), self.objects, self.wrapper)
        while leader.run_once(NOW):
            pass

    def log(self) -> LogReader:
        return LogReader.open(tile_fetch(self.objects), VKEYS[ORIGIN])

    def scan(self) -> Scan:
        log = self.log()
        mirror = Mirror(ORIGIN)
        mirror.follow(log.checkpoint, tile_fetch(self.objects))
        return lambda tags: mirror.places(tags, tile_fetch(self.objects))

    def trace(self, *subjects: UUID, scanned: bool = True, now: datetime = LATER, **options: Any) -> Trace:
        scan = self.scan() if scanned else None
        return trace(self.session, self.wrapper, self.log(), subjects, now, scan=scan, **options)


def open_book(session: Session, objects: ObjectStore) -> Book:
    book = Book(session, objects, MemoryWrapper())
    book.sequence()
    return book
