"""Recording and erasing of one subject exclude each other, with real commits, whoever comes first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from api.database import Database
from api.schema import Role
from ledger.events import record
from ledger.objects.local_objects import LocalObjects
from ledger.subjects import SubjectErased, SubjectKeys, SubjectPending, erase_subject, open_subject
from tests.ledger.local_keys import ACTOR, MemoryWrapper
from tests.ledger.recording import NOW, PROMISER, event, new_subjects, sequencer

_WAITING = text("""
    SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
     WHERE NOT l.granted AND a.datname = current_database()
""")
_LOOKS = 2_000


class Room:
    """One subject, and its keys as somebody read them while it lived."""

    def __init__(self, database: Database) -> None:
        self.database, self.wrapper = database, MemoryWrapper()
        with database.session(Role.WORKER) as session:
            (self.subject,) = new_subjects(session, self.wrapper, 1)
            self.keys: SubjectKeys = open_subject(session, self.wrapper, self.subject)

    def record(self, role: Role = Role.APP, held: Callable[[], object] = int) -> str:
        """Record an event by the door; `held` is called before the commit."""
        with self.database.session(role, ACTOR) as session:
            promise = record(session, event(self.subject), self.keys, PROMISER)
            held()
        return promise.event

    def erase(self, held: Callable[[], object] = int) -> UUID:
        with self.database.session(Role.WORKER) as session:
            erase_subject(session, self.wrapper, self.subject, NOW)
            held()
        return self.subject

    def until_somebody_waits(self) -> None:
        for _ in range(_LOOKS):
            with self.database.session(Role.WORKER) as session:
                if session.execute(_WAITING).scalar_one():
                    return
        pytest.fail("nobody waits for a lock")


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


@pytest.mark.parametrize("role", [Role.APP, Role.WORKER])
def test_who_records_while_another_erases_waits_and_is_refused(room: Room, role: Role) -> None:
    with ThreadPoolExecutor(1) as pool:
        late = None

        def meanwhile() -> None:
            nonlocal late
            late = pool.submit(room.record, role)
            room.until_somebody_waits()

        room.erase(meanwhile)
        assert late is not None
        with pytest.raises(SubjectErased):
            late.result(30)
    with room.database.session(Role.WORKER) as session:
        assert session.execute(text("SELECT count(*) FROM ledger.events")).scalar_one() == 0


def test_who_erases_while_another_records_waits_and_is_refused(room: Room) -> None:
    with ThreadPoolExecutor(1) as pool:
        late = None

        def meanwhile() -> None:
            nonlocal late
            late = pool.submit(room.erase)
            room.until_somebody_waits()

        room.record(held=meanwhile)
        assert late is not None
        with pytest.raises(SubjectPending):
            late.result(30)
    with room.database.session(Role.WORKER) as session:
        assert open_subject(session, room.wrapper, room.subject) == room.keys


def test_recorders_do_not_wait_for_each_other(room: Room) -> None:
    room.record(held=room.record)


def test_whatever_the_order_nothing_is_left_that_cannot_be_placed(room: Room, objects: LocalObjects) -> None:
    """Recorders with old keys, an eraser that tries until it may, and a sequencer, all at once."""
    leader = sequencer(lambda: room.database.session(Role.WORKER), objects, room.wrapper)

    def write() -> list[str]:
        recorded: list[str] = []
        try:
            while len(recorded) < 200:
                recorded.append(room.record())
        except SubjectErased:
            pass
        return recorded

    def erase() -> None:
        for _ in range(_LOOKS):
            try:
                room.erase()
            except SubjectPending:
                leader.run_once(NOW)
            else:
                return
        pytest.fail("the subject was never erased")

    room.record()
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        pool.submit(erase).result(60)
        recorded = [name for writer in writers for name in writer.result(60)]
    with room.database.session(Role.WORKER) as session:
        placed = session.execute(text("SELECT id, entry_index FROM ledger.events ORDER BY entry_index")).all()
    assert {row.id for row in placed} >= set(recorded)
    assert [row.entry_index for row in placed] == list(range(len(recorded) + 1))
