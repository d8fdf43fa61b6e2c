"""Several recorders and sequencers at once, with real commits; and a leader that wakes up after another has led."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger import store
from ledger.chains import Tip
from ledger.events import record
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore
from ledger.store import FenceLost
from ledger.subjects import open_subjects
from tests.ledger.audit import audit, published
from tests.ledger.local_keys import ACTOR, MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, Sessions, event, new_subjects, record_events, sequencer


class WatchedObjects:
    """An object store that notes what is published."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete
        self.sizes: list[int] = []

    def put(self, key: str, data: bytes) -> None:
        self._objects.put(key, data)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        self._objects.put_all(objects)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self._objects.swap(key, expected, data)
        self.sizes.append(int(data.split(b"\n")[1]))


def worker(database: Database) -> Sessions:
    return lambda: database.session(Role.WORKER)


def test_recorders_and_sequencers_at_once_make_one_log(database: Database, objects: LocalObjects) -> None:
    wrapper, watched, stop = MemoryWrapper(), WatchedObjects(objects), threading.Event()
    with database.session(Role.WORKER) as session:
        subjects = new_subjects(session, wrapper, 5)
        keys = open_subjects(session, wrapper, subjects)

    def write(recorder: int) -> list[str]:
        acknowledged = []
        for number in range(60):
            # The first subject is hot: everybody writes to it.
            subject = subjects[0] if number % 2 else subjects[1 + (recorder + number) % 4]
            with database.session(Role.APP, ACTOR) as session:
                promise = record(session, event(subject, at=NOW + timedelta(seconds=number)), keys[subject], PROMISER)
            acknowledged.append(promise.event)
        return acknowledged

    def lead() -> None:
        sequencer(worker(database), watched, wrapper, batch=7).run(stop, interval=0.001, publish_every=0.01)

    with ThreadPoolExecutor(5) as pool:
        leaders = [pool.submit(lead) for _ in range(2)]
        acknowledged = [name for names in pool.map(write, range(3)) for name in names]
        stop.set()
        for leader in leaders:
            leader.result()
    last = sequencer(worker(database), watched, wrapper)
    while last.run_once(NOW):
        continue
    with database.session(Role.WORKER) as session:
        logged = audit(session, objects, wrapper)
    assert sorted(logged) == sorted(acknowledged), "nothing acknowledged is lost, nothing stands twice"
    assert watched.sizes == sorted(set(watched.sizes)), "a checkpoint never goes back"


def test_an_event_that_commits_late_is_not_passed_over(database: Database, objects: LocalObjects) -> None:
    """A serial watermark would lose it: it was numbered before others that are in the log already."""
    wrapper = MemoryWrapper()
    with database.session(Role.WORKER) as session:
        first, second = new_subjects(session, wrapper, 2)
    with database.session(Role.WORKER) as slow:
        late = record_events(slow, wrapper, [first])
        with database.session(Role.WORKER) as session:
            early = record_events(session, wrapper, [second])
        assert sequencer(worker(database), objects, wrapper).run_once(NOW) == 1
    assert sequencer(worker(database), objects, wrapper).run_once(NOW) == 1
    with database.session(Role.WORKER) as session:
        assert audit(session, objects, wrapper) == [promise.event for promise in [*early, *late]]


class Sleeper:
    """A leader that falls asleep before its lasting step number `at` and is woken later."""

    def __init__(self, database: Database, objects: ObjectStore, at: int) -> None:
        self._database, self._objects, self._at = database, objects, at
        self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete
        self._taken = 0
        self.asleep, self.wake = threading.Event(), threading.Event()
        self.connection: int | None = None
        self.before = ""

    def step(self, name: str) -> None:
        if self._taken == self._at:
            self.before = name
            self.asleep.set()
            assert self.wake.wait(30)
        self._taken += 1

    def put(self, key: str, data: bytes) -> None:
        self.step(key)
        self._objects.put(key, data)

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        for key, data in objects.items():
            self.put(key, data)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self.step(key)
        self._objects.swap(key, expected, data)

    @contextmanager
    def sessions(self) -> Iterator[Session]:
        with self._database.session(Role.WORKER) as session:
            self.connection = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            yield session
            self.step("commit")
        self.connection = None


@pytest.mark.parametrize("at", range(10))
def test_a_leader_that_wakes_up_after_another_has_led_does_no_harm(
    database: Database, objects: LocalObjects, at: int
) -> None:
    wrapper, watched = MemoryWrapper(), WatchedObjects(objects)
    other = sequencer(worker(database), watched, wrapper)
    with database.session(Role.WORKER) as session:
        subjects = new_subjects(session, wrapper, 3)
        recorded = record_events(session, wrapper, subjects * 80)
    other.run_once(NOW)
    with database.session(Role.WORKER) as session:
        recorded += record_events(session, wrapper, subjects * 10)
    sleeper = Sleeper(database, watched, at)
    ended: list[Exception] = []

    def lead() -> None:
        try:
            sequencer(sleeper.sessions, sleeper, wrapper).run_once(NOW)
        except Exception as error:  # noqa: BLE001  whatever it is, it is looked at below
            ended.append(error)

    thread = threading.Thread(target=lead)
    thread.start()
    assert sleeper.asleep.wait(30), "the run has fewer steps than the test thinks"
    if sleeper.connection is not None:
        # It sleeps inside a transaction: the database ends that, as idle_in_transaction_session_timeout would.
        with database.session(Role.WORKER) as session:
            session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": sleeper.connection})
    with database.session(Role.WORKER) as session:
        recorded += record_events(session, wrapper, subjects)
    while other.run_once(NOW):
        continue
    assert published(objects).size == len(recorded)
    sleeper.wake.set()
    thread.join(30)
    assert all(isinstance(error, (OperationalError, FenceLost)) for error in ended), ended
    assert watched.sizes == sorted(set(watched.sizes)), "a checkpoint never goes back"
    assert watched.sizes[-1] == 273
    with database.session(Role.WORKER) as session:
        assert audit(session, objects, wrapper) == [promise.event for promise in recorded]


def test_the_fence_holds_even_without_the_lock(
    database: Database, objects: LocalObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst order: ours sees events 2 and 3, the other gives their indices to 1, which commits late, and 2."""
    wrapper = MemoryWrapper()
    monkeypatch.setattr(store, "lock_head", store.head)
    ours, other = (sequencer(worker(database), objects, wrapper, batch=2) for _ in range(2))
    with database.session(Role.WORKER) as session:
        subjects = new_subjects(session, wrapper, 3)
    slow = ExitStack()
    late = record_events(slow.enter_context(database.session(Role.WORKER)), wrapper, subjects[:1])
    with database.session(Role.WORKER) as session:
        early = record_events(session, wrapper, subjects[1:])
    tips = store.tips
    overtaken: list[int] = []

    def overtake(session: Session, concerned: set[UUID]) -> dict[UUID, Tip]:
        if not overtaken:
            overtaken.append(len(concerned))
            slow.close()
            assert other.run_once(NOW) == 2
        return tips(session, concerned)

    monkeypatch.setattr(store, "tips", overtake)
    with pytest.raises(FenceLost):
        ours.run_once(NOW)
    assert ours.run_once(NOW) == 1
    assert overtaken == [2]
    with database.session(Role.WORKER) as session:
        assert audit(session, objects, wrapper) == [promise.event for promise in [*late, *early]]
