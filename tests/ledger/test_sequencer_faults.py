"""Faults in pairs, at every step that leaves something behind: it failed, and it failed but had been done."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import pytest
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore
from tests.ledger.audit import audit
from tests.ledger.local_keys import MemoryWrapper
from tests.ledger.recording import NOW, Sessions, nested, new_subjects, record_events, sequencer

Mode = Literal["failed", "failed but persisted"]


class Crash(Exception):
    """The process dies here."""


class Steps:
    """Counts the lasting steps of a run; the one numbered `at` crashes, done or not."""

    def __init__(self, at: int | None, mode: Mode = "failed") -> None:
        self.at, self.mode = at, mode
        self.taken: list[str] = []

    def take(self, name: str, perform: Callable[[], None]) -> None:
        self.taken.append(name)
        if len(self.taken) - 1 != self.at:
            perform()
            return
        if self.mode == "failed but persisted":
            perform()
        raise Crash(name)


class SteppedObjects:
    """An object store whose puts are steps, each object one."""

    def __init__(self, objects: ObjectStore, steps: Steps) -> None:
        self._objects, self._steps = objects, steps
        self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete

    def put(self, key: str, data: bytes) -> None:
        self._steps.take(f"put {key}", lambda: self._objects.put(key, data))

    def put_all(self, objects: Mapping[str, bytes]) -> None:
        # Side by side: a crash leaves any of them, the last as well as the first.
        for key, data in sorted(objects.items(), reverse=len(self._steps.taken) % 2 == 1):
            self.put(key, data)

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        self._steps.take(f"swap {key}", lambda: self._objects.swap(key, expected, data))


def stepped_sessions(database: Database, steps: Steps) -> Sessions:
    """Open sessions whose commits are steps."""

    @contextmanager
    def sessions() -> Iterator[Session]:
        with database.sessions(Role.WORKER)() as session:
            yield session
            steps.take("commit", session.commit)

    return sessions


@pytest.mark.parametrize("mode", ["failed", "failed but persisted"])
def test_whatever_step_a_leader_dies_at_the_next_one_finishes(
    database: Database, objects: LocalObjects, mode: Mode
) -> None:
    wrapper = MemoryWrapper()
    recorded: list[str] = []
    with database.session(Role.WORKER) as session:
        subjects = new_subjects(session, wrapper, 20)
    plain = stepped_sessions(database, Steps(None))
    struck: list[str] = []
    at = 0
    while True:
        # Every round passes the edge of a tile, so that full tiles, partial tiles and tiles above are written.
        count = 258 - len(recorded) % 256
        with database.session(Role.WORKER) as session:
            chosen = [subjects[number % 20] for number in range(count)]
            recorded += [promise.event for promise in record_events(session, wrapper, chosen)]
        steps = Steps(at, mode)
        leader = sequencer(stepped_sessions(database, steps), SteppedObjects(objects, steps), wrapper)
        crashed = False
        try:
            leader.run_once(NOW)
        except Crash as crash:
            crashed = True
            struck.append(str(crash))
        sequencer(plain, objects, wrapper).run_once(NOW)
        with database.session(Role.WORKER) as session:
            assert audit(session, objects, wrapper) == recorded
        if not crashed:
            break
        at += 1
    kinds = {step.rsplit("/", 1)[0] for step in struck}
    assert {"commit", "swap log", "put log/tile/entries", "put log/tile/0", "put log/tile/1"} <= {
        kind.removesuffix("/000.p").removesuffix("/001.p") for kind in kinds
    }
    assert struck[0] == "commit"
    assert len(struck) == at


@pytest.mark.parametrize("mode", ["failed", "failed but persisted"])
@pytest.mark.parametrize("at", range(2))
def test_a_leader_may_die_while_the_log_begins(session: Session, objects: LocalObjects, at: int, mode: Mode) -> None:
    steps, wrapper = Steps(at, mode), MemoryWrapper()

    @contextmanager
    def stepped() -> Iterator[Session]:
        savepoint = session.begin_nested()
        try:
            yield session
            steps.take("commit", savepoint.commit)
        finally:
            if savepoint.is_active:
                savepoint.rollback()

    with pytest.raises(Crash):
        sequencer(stepped, SteppedObjects(objects, steps), wrapper).run_once(NOW)
    assert steps.taken == ["commit", "swap log/checkpoint"][: at + 1]
    sequencer(nested(session), objects, wrapper).run_once(NOW)
    assert audit(session, objects, wrapper) == []
