"""A seal, a grant and a standing authorisation are taken away while many workers issue, with real commits."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.objects.objects import ObjectStore
from licences.issuing import Issuer
from licences.issuing_results import Failed, Issued, Outcome, Refused
from licences.models import VersionRow
from licences.rendering import Renderer
from seals.errors import DailyLimitReached
from seals.models import AuthorisationRow, SealRow, UseRow
from seals.store import grants_of
from tests.licences.issuing_house import KEEPER, TOBACCO, actor, issuer_over, register_seals, shop
from tests.seals.house import FONTS
from tests.seals.keys import NOW
from tests.seals.register import custodian, office

WORKERS = 20
EACH = 3


@pytest.fixture
def issuers(database: Database, objects: ObjectStore) -> Iterator[list[Issuer]]:
    """Four processes' worth of issuers, five threads each."""
    with ExitStack() as stack:
        made = []
        for _ in range(WORKERS // 5):
            own = Database(database.url, own_logins=True)
            stack.callback(own.close)
            made.append(stack.enter_context(issuer_over(own, objects, pages=Renderer(FONTS))))
        yield made


class Worker(threading.Thread):
    def __init__(self, issuer: Issuer, number: int, told: Callable[[Outcome], None]) -> None:
        super().__init__()
        self.issuer, self.number, self.told = issuer, number, told
        self.outcomes: list[Outcome] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            for turn in range(EACH):
                outcome = self.issuer.issue_one(shop(self.number * EACH + turn), actor(TOBACCO), NOW)
                self.outcomes.append(outcome)
                self.told(outcome)
        except BaseException as error:  # noqa: BLE001 - told by the test
            self.error = error


def run(issuers: list[Issuer], told: Callable[[Outcome], None]) -> list[Worker]:
    workers = [Worker(issuers[number % len(issuers)], number, told) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    return workers


def outcomes_of(workers: list[Worker]) -> list[Outcome]:
    for worker in workers:
        worker.join(120)
    assert [worker.error for worker in workers] == [None] * WORKERS
    return [outcome for worker in workers for outcome in worker.outcomes]


def suspend(session: Session, now: datetime) -> None:
    (seal,) = session.scalars(select(SealRow).where(SealRow.organisation == TOBACCO))
    office().stops.suspend(session, seal.id, reason="inspection", actor=KEEPER, now=now)


def revoke(session: Session, now: datetime) -> None:
    (seal,) = session.scalars(select(SealRow).where(SealRow.organisation == TOBACCO))
    (given,) = grants_of(session, seal.id, "*")
    custodian().revoke_grant(session, given.id, KEEPER, now)


@pytest.mark.parametrize("decide", [suspend, revoke])
def test_no_intent_and_no_activation_after_the_decision(
    database: Database, issuers: list[Issuer], decide: Callable[[Session, datetime], None]
) -> None:
    register_seals(database)
    first = threading.Event()
    workers = run(issuers, lambda _outcome: first.set())
    assert first.wait(60)
    with database.session(Role.WORKER) as session:
        decide(session, NOW)
    at_the_decision = _stages(database)
    outcomes = outcomes_of(workers)
    afterwards = _stages(database)
    assert afterwards.get("active") == at_the_decision.get("active")
    assert sum(afterwards.values()) == sum(at_the_decision.values())
    assert afterwards.get("intent", 0) == 0
    kinds = {kind: sum(isinstance(one, kind) for one in outcomes) for kind in (Issued, Failed, Refused)}
    assert kinds[Issued] == afterwards["active"]
    assert kinds[Failed] == afterwards.get("failed", 0)
    assert sum(kinds.values()) == WORKERS * EACH
    with database.session(Role.WORKER) as session:
        told = {
            row[0]: row[1] for row in session.execute(select(UseRow.outcome, func.count()).group_by(UseRow.outcome))
        }
    # Every use, also each refused one, is a record.
    assert told == {
        name: count for name, count in (("used", kinds[Issued]), ("refused", kinds[Failed] + kinds[Refused])) if count
    }


def test_no_licence_beyond_the_daily_cap(database: Database, issuers: list[Issuer]) -> None:
    register_seals(database)
    with database.session(Role.WORKER) as session:
        for row in session.scalars(select(AuthorisationRow)):
            row.daily_cap = 25
    outcomes = outcomes_of(run(issuers, lambda _outcome: None))
    refused = [one.error for one in outcomes if isinstance(one, Refused)]
    assert sum(isinstance(one, Issued) for one in outcomes) == 25
    assert len(refused) == WORKERS * EACH - 25
    assert {type(error) for error in refused} == {DailyLimitReached}
    assert _stages(database) == {"active": 25}


def _stages(database: Database) -> dict[str, int]:
    query = select(VersionRow.stage, func.count()).group_by(VersionRow.stage)
    with database.session(Role.WORKER) as session:
        return {row[0]: row[1] for row in session.execute(query)}
