"""Subjects and events for the tests that need a database."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.events import Event, EventKind, new_event_id, record_many
from ledger.log.promises import Promise, Promiser
from ledger.log.sequencer import Sequencer
from ledger.objects.objects import ObjectStore
from ledger.signing import KeyWrapper
from ledger.subjects import create_subjects, open_subjects
from tests.ledger.local_keys import ACTOR, ORIGIN, Ed25519Signer

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SIGNER = Ed25519Signer()
PROMISER = Promiser(ORIGIN, SIGNER)

Sessions = Callable[[], AbstractContextManager[Session]]


def event(subject: UUID, kind: EventKind = EventKind.VERIFIED, at: datetime = NOW, **members: object) -> Event:
    return Event(id=new_event_id(at), kind=kind, subject=subject, actor=ACTOR, at=at, **members)  # type: ignore[arg-type]


def record_events(session: Session, wrapper: KeyWrapper, subjects: list[UUID]) -> list[Promise]:
    """Record one event for each subject in this order, a second apart; the same subject may come again."""
    keys = open_subjects(session, wrapper, set(subjects))
    events = [event(subject, at=NOW + timedelta(seconds=number)) for number, subject in enumerate(subjects)]
    return record_many(session, [(item, keys[item.subject]) for item in events], PROMISER)


def new_subjects(session: Session, wrapper: KeyWrapper, count: int) -> list[UUID]:
    return list(create_subjects(session, wrapper, "licence", [UUID(int=number) for number in range(1, count + 1)]))


def nested(session: Session) -> Sessions:
    """Let a sequencer work inside a test's own transaction."""

    @contextmanager
    def sessions() -> Iterator[Session]:
        with session.begin_nested():
            yield session

    return sessions


def sequencer(sessions: Sessions, objects: ObjectStore, wrapper: KeyWrapper, batch: int = 1000) -> Sequencer:
    return Sequencer(sessions=sessions, objects=objects, signer=SIGNER, origin=ORIGIN, wrapper=wrapper, batch=batch)
