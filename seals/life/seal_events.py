"""A seal's acts in its chain of events, written in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record
from ledger.formats.canonical import JSON
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import open_subject


class SealEvents:
    """Records what is done to seals."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def record(self, session: Session, kind: EventKind, seal: UUID, actor: Actor, now: datetime, **detail: JSON) -> str:
        """Record an act on a seal, and return the event's id. Members that are None are left out."""
        told = {name: value for name, value in detail.items() if value is not None}
        event = Event(id=new_event_id(now), kind=kind, subject=seal, actor=actor, at=now, detail=told)
        return record(session, event, open_subject(session, self._wrapper, seal), self._promiser).event
