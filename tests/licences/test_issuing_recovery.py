from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from api.database import Database
from api.schema import Role
from ledger.objects.objects import ObjectStore
from licences.drafts import LicenceRequest
from licences.issuing import MAX_ATTEMPTS
from licences.issuing_errors import (
    AttemptsExhausted,
    LicenceInProgress,
)
from licences.issuing_production import Producer
from licences.issuing_results import Existing, Failed, Intent, Issued, Outcome, Produced, Refused
from licences.leases import DEFAULT_TERM
from licences.models import VersionRow
from licences.store import intents
from seals import store as seal_store
from seals.errors import SealNotGranted, SealStopped
from tests.licences.issuing_house import (
    KEEPER,
    TOBACCO,
    actor,
    clock,
    counted,
    issue,
    issued,
    open_issuer,
    register_seals,
    shop,
)
from tests.seals.keys import NOW
from tests.seals.register import custodian, office

LATER = NOW + timedelta(hours=1)


# --- left behind -----------------------------------------------------------------------------------------------------


def test_what_another_has_in_hand_is_in_progress(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    seen: list[Outcome] = []

    def look(step: str) -> None:
        if step == "sealed":
            with open_issuer(database, objects) as other:
                seen.append(issue(other, shop(1)))
                assert other.finish_intents(clock) == 0

    with open_issuer(database, objects, checkpoint=look) as issuer:
        issued(issuer, shop(1))
    assert isinstance(seen[0], Refused)
    assert isinstance(seen[0].error, LicenceInProgress)


class _Crash(BaseException):
    """The process ends here."""


def _crash_at(database: Database, objects: ObjectStore, step: str, rows: list[LicenceRequest]) -> None:
    """Leave a batch at a step as a killed process does: its connections gone, its leases still on the rows."""

    def crash(done: str) -> None:
        if done == step:
            raise _Crash

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(intents, "release", lambda *_, **__: None)
        with pytest.raises(_Crash), open_issuer(database, objects, checkpoint=crash) as issuer:
            issuer.issue_batch(rows, actor(TOBACCO), clock)


@pytest.mark.parametrize("step", ["intent-committed", "json-signed", "rendered", "sealed", "stored"])
def test_the_next_worker_finishes(database: Database, objects: ObjectStore, step: str) -> None:
    register_seals(database)
    _crash_at(database, objects, step, [shop(1), shop(2)])
    with database.session(Role.WORKER) as session:
        left = session.scalars(select(VersionRow)).all()
        assert {(row.stage, row.lease_until) for row in left} == {("intent", NOW + DEFAULT_TERM)}
    with open_issuer(database, objects) as issuer:
        finished: list[Outcome] = []
        assert issuer.finish_intents(clock, finished.append) == 2
        assert {type(outcome) for outcome in finished} == {Issued}
        assert issuer.finish_intents(clock) == 0
        assert isinstance(issue(issuer, shop(1)), Existing)
    assert counted(database) == {"licences": 2, "versions": 2, "statuses": 2, "uses": 2, "events": 2}
    with database.session(Role.WORKER) as session:
        assert {row.attempts for row in session.scalars(select(VersionRow))} == {2}
        assert seal_store.open_uses(session, LATER) == []


def test_the_same_rows_again_finish_what_was_begun(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "intent-committed", [shop(1), shop(2)])
    with open_issuer(database, objects) as issuer:
        outcomes = issuer.issue_batch([shop(0), shop(1), shop(2), shop(2)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Issued, Issued, Issued, Existing]
    assert counted(database)["events"] == 3


@pytest.mark.parametrize("step", ["intent-written", "activation-written"])
def test_what_was_not_committed_was_not_done(database: Database, objects: ObjectStore, step: str) -> None:
    register_seals(database)
    _crash_at(database, objects, step, [shop(1)])
    assert counted(database)["statuses"] == counted(database)["events"] == 0
    with open_issuer(database, objects) as issuer:
        issued(issuer, shop(1))
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 1, "events": 1}


def test_after_the_last_step_nothing_is_left_to_do(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "activated", [shop(1)])
    with open_issuer(database, objects) as issuer:
        assert issuer.finish_intents(clock) == 0
        assert isinstance(issue(issuer, shop(1)), Existing)
    assert counted(database)["events"] == 1


def test_a_row_that_kills_its_workers_is_given_up(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    _crash_at(database, objects, "intent-committed", [shop(1)])
    with database.session(Role.WORKER) as session:
        session.execute(text("UPDATE licences.versions SET attempts = :most"), {"most": MAX_ATTEMPTS})
    with open_issuer(database, objects) as issuer:
        finished: list[Outcome] = []
        assert issuer.finish_intents(clock, finished.append) == 1
        (failed,) = finished
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, AttemptsExhausted)
        # Whoever pushes it again has looked into it.
        issued(issuer, shop(1))


@pytest.mark.parametrize("asked_again", [False, True])
def test_a_row_that_kills_its_workers_takes_no_other_with_it(
    database: Database, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch, *, asked_again: bool
) -> None:
    register_seals(database)
    rows = [shop(number) for number in range(4)]
    _crash_at(database, objects, "intent-committed", rows)
    produce = Producer.produce

    def die(producer: Producer, intent: Intent, now: datetime) -> Produced | Failed:
        if intent.content.request.number == rows[1].number:
            raise _Crash
        return produce(producer, intent, now)

    monkeypatch.setattr(Producer, "produce", die)
    for _ in range(MAX_ATTEMPTS):
        with pytest.MonkeyPatch.context() as killed, open_issuer(database, objects) as issuer, suppress(_Crash):
            killed.setattr(intents, "release", lambda *_, **__: None)
            if asked_again:
                issuer.issue_batch(rows, actor(TOBACCO), clock)
            else:
                issuer.finish_intents(clock)
    with open_issuer(database, objects) as issuer:
        issuer.finish_intents(clock)
    with database.session(Role.WORKER) as session:
        stages = sorted(row.stage for row in session.scalars(select(VersionRow)))
    assert stages == ["active", "active", "active", "failed"]


def test_a_lease_that_ran_out_is_anybodys_and_only_one_activates(database: Database, objects: ObjectStore) -> None:
    register_seals(database)
    outcomes: list[Outcome] = []
    much_later = NOW + timedelta(hours=1)

    def overtake(step: str) -> None:
        if step == "stored":
            with open_issuer(database, objects) as other:
                other.finish_intents(lambda: much_later, outcomes.append)

    with open_issuer(database, objects, checkpoint=overtake) as issuer:
        late = issue(issuer, shop(1))
    assert [type(outcome) for outcome in outcomes] == [Issued]
    assert isinstance(late, Existing)
    assert late.stage == "active"
    assert counted(database) == {"licences": 1, "versions": 1, "statuses": 1, "uses": 1, "events": 1}


def test_a_licence_that_another_has_put_in_force_has_not_failed(database: Database, objects: ObjectStore) -> None:
    seal, _ = register_seals(database)[TOBACCO]
    much_later = NOW + timedelta(hours=1)

    def overtake(step: str) -> None:
        if step == "stored":
            with open_issuer(database, objects) as other:
                other.finish_intents(lambda: much_later)
            with database.session(Role.WORKER) as session:
                office().stops.suspend(session, seal.id, reason="inspection", actor=KEEPER, now=NOW)

    with open_issuer(database, objects, checkpoint=overtake) as issuer:
        late = issue(issuer, shop(1))
    assert isinstance(late, Existing)
    assert late.stage == "active"


# --- the seal, looked at again ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stop", "revoke"])
def test_a_seal_stopped_in_between_stops_the_activation(database: Database, objects: ObjectStore, how: str) -> None:
    seal, granted = register_seals(database)[TOBACCO]

    def decide(step: str) -> None:
        if step == "stored":
            with database.session(Role.WORKER) as session:
                if how == "stop":
                    office().stops.suspend(session, seal.id, reason="inspection", actor=KEEPER, now=NOW)
                else:
                    # Later than the moment the request came in, which is the only one that its clock tells.
                    custodian().revoke_grant(session, granted.id, KEEPER, NOW + timedelta(seconds=1))

    with open_issuer(database, objects, checkpoint=decide) as issuer:
        outcomes = issuer.issue_batch([shop(1), shop(2)], actor(TOBACCO), clock)
    assert [type(outcome) for outcome in outcomes] == [Failed, Failed]
    errors = {type(outcome.error) for outcome in outcomes if isinstance(outcome, Failed)}
    assert errors == {SealStopped if how == "stop" else SealNotGranted}
    assert counted(database) == {"licences": 2, "versions": 2, "statuses": 0, "uses": 2, "events": 0}
    with database.session(Role.WORKER) as session:
        reasons = {row.failed_reason for row in session.scalars(select(VersionRow))}
        assert reasons == {"seals.stopped" if how == "stop" else "seals.not_granted"}
        assert len(seal_store.open_uses(session, LATER)) == 2
