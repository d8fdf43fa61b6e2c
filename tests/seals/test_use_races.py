"""Decisions while twenty workers seal, with real commits: after the decision no use is opened and none is closed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.models import EventRow
from seals.errors import SealStopped
from seals.life.document_sealing import DocumentSealing, DocumentWanted, Made
from seals.life.grants import DOCUMENTS, Use
from seals.life.uses import Ending, Opening
from seals.models import UseRow
from tests.seals.keys import NOW
from tests.seals.register import CUSTODIAN, SYSTEM, TYPE, custodian, grant, office
from tests.seals.test_uses import limited

WORKERS = 20
DOCUMENT = "sha-256:" + "ab" * 32

Decide = Callable[[Session, Use], None]


def suspend(session: Session, use: Use) -> None:
    office().stops.suspend(session, use.seal, reason="inspection", actor=CUSTODIAN, now=NOW)


def revoke(session: Session, use: Use) -> None:
    custodian().revoke_grant(session, use.grant, CUSTODIAN, NOW)


def end(session: Session, use: Use) -> None:
    assert use.authorisation is not None
    office().authorisations.end(session, use.authorisation, CUSTODIAN, NOW)


@pytest.fixture
def databases(database: Database) -> Iterator[list[Database]]:
    """Pools enough for all workers to be at it at once."""
    with ExitStack() as stack:
        others = [Database(database.url, own_logins=True) for _ in range(WORKERS // 5)]
        for other in others:
            stack.callback(other.close)
        yield others


def counted(database: Database) -> dict[str | None, int]:
    query = select(UseRow.outcome, func.count()).where(UseRow.refusal.is_(None)).group_by(UseRow.outcome)
    with database.session(Role.WORKER) as session:
        return {row[0]: row[1] for row in session.execute(query)}


def opened(database: Database) -> int:
    with database.session(Role.WORKER) as session:
        return session.scalar(select(func.count()).select_from(UseRow)) or 0


class Worker(threading.Thread):
    """Opens a use, and closes it in a transaction of its own, until it is refused."""

    def __init__(self, database: Database, use: Use, begun: threading.Barrier) -> None:
        super().__init__()
        self.database, self.use, self.begun = database, use, begun
        self.refused = self.done = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.error = error
            self.begun.abort()

    def _work(self) -> None:
        book = office().uses
        while not self.refused:
            with self.database.session(Role.WORKER) as session:
                (error,) = book.admit(session, [self.use], NOW)
                if error is not None:
                    self.refused += 1
                    break
                (record,) = book.open(session, [Opening(self.use, uuid4(), TYPE)], SYSTEM, NOW)
            with self.database.session(Role.WORKER) as session:
                error = book.look_again(session, [self.use], NOW).get(self.use)
                book.close(session, [Ending(record, self.use, SYSTEM, DOCUMENT, None, error)], NOW)
            self.done += 1
            if self.done == 1:
                self.begun.wait(60)


@pytest.mark.parametrize("decide", [suspend, revoke, end])
def test_after_a_decision_nothing_is_opened_and_nothing_closed(
    database: Database, databases: list[Database], decide: Decide
) -> None:
    with database.session(Role.WORKER) as session:
        use = limited(session, daily_limit=None, daily_cap=1_000_000)
    begun = threading.Barrier(WORKERS + 1)
    workers = [Worker(databases[number % len(databases)], use, begun) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    begun.wait(60)
    # A stream of uses cannot starve the decision, either: it has its turn.
    with database.session(Role.WORKER) as session:
        decide(session, use)
    at_the_decision, total = counted(database), opened(database)
    for worker in workers:
        worker.join(60)
    assert [worker.error for worker in workers] == [None] * WORKERS
    assert [worker.refused for worker in workers] == [1] * WORKERS
    afterwards = counted(database)
    assert afterwards.get("used") == at_the_decision["used"]
    # What was open at the decision was refused; nothing was opened since.
    assert afterwards.get(None, 0) == 0
    assert opened(database) == total


def test_twenty_seal_files_while_it_is_suspended(database: Database, databases: list[Database]) -> None:
    """The way of files that are no licences: what was sealed at the decision is kept as a possible use."""
    with database.session(Role.WORKER) as session:
        use = limited(session, daily_limit=None, daily_cap=1_000_000)
        grant(session, use.seal, licence_type=DOCUMENTS)
    begun, done, refused = threading.Barrier(WORKERS + 1), list[UUID](), list[str]()

    def work(number: int) -> None:
        here = databases[number % len(databases)]
        sealing = DocumentSealing(lambda: here.session(Role.WORKER), office().uses)
        wanted = DocumentWanted(use.seal, "测试")
        first = True
        while True:
            try:
                done.append(sealing.seal(wanted, SYSTEM, lambda: NOW, lambda _: lambda _: Made(b"", DOCUMENT)).use)
            except SealStopped as error:
                refused.append(error.code)
                return
            if first:
                begun.wait(60)
                first = False

    workers = [threading.Thread(target=work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    begun.wait(60)
    with database.session(Role.WORKER) as session:
        suspend(session, use)
    used = counted(database)["used"]
    for worker in workers:
        worker.join(60)
    assert counted(database) == {"used": used}
    assert used == len(done)
    assert len(refused) == WORKERS
    with database.session(Role.WORKER) as session:
        told = session.scalar(select(func.count()).where(UseRow.outcome == "refused")) or 0
        events = session.scalar(select(func.count()).where(EventRow.kind == "refused")) or 0
    assert (told, events) == (WORKERS, WORKERS)


@pytest.mark.parametrize(("daily_limit", "daily_cap"), [(None, 50), (50, 1_000)])
def test_twenty_workers_share_a_day(
    database: Database, databases: list[Database], daily_limit: int | None, daily_cap: int
) -> None:
    with database.session(Role.WORKER) as session:
        use = limited(session, daily_limit=daily_limit, daily_cap=daily_cap)
    begun = threading.Barrier(WORKERS)
    workers = [Worker(databases[number % len(databases)], use, begun) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.error for worker in workers] == [None] * WORKERS
    assert sum(worker.done for worker in workers) == 50
    assert counted(database) == {"used": 50}
