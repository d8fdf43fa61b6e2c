import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.envelope import decrypt
from ledger.models import EventRow
from ledger.objects.objects import ObjectStore
from ledger.subjects import open_subject
from licences.acts import Grounds, Registrar, StatusChange, current_status
from licences.issuing_errors import ActMalformed, ActNotAllowed, LicenceUnknown
from licences.issuing_results import Failed, Issued
from licences.store import reading
from licences.transitions import RULES, Act, Status, acts_in
from licences.verification.sources import StatusRow
from licences.verification.status_history import status_at
from tests.licences.issuing_house import TOBACCO, actor, open_issuer, register_seals, shop
from tests.seals.keys import NOW
from tests.seals.register import promiser, wrapper

GROUNDS = Grounds("投诉经查属实（测试）", "行政许可法第六十九条", "测撤〔2026〕1号")
OFFICER = actor(TOBACCO)
DAY = timedelta(days=1)

# How each status is reached from a licence in force.
WAYS: dict[Status, tuple[Act, ...]] = {
    Status.ACTIVE: (),
    Status.SUSPENDED: (Act.SUSPEND,),
    Status.EXPIRED: (Act.EXPIRE,),
    Status.WITHDRAWN: (Act.WITHDRAW,),
    Status.ANNULLED: (Act.ANNUL,),
    Status.REVOKED: (Act.REVOKE,),
    Status.CANCELLED: (Act.REVOKE, Act.CANCEL),
    Status.VOID: (Act.VOID,),
    Status.REPLACED: (Act.REPLACE,),
    Status.MOVED: (Act.MOVE,),
}


class Case:
    """One licence in force, and acts on it."""

    def __init__(self, session: Session, made: Issued) -> None:
        self.session = session
        self.made = made
        self.registrar = Registrar(wrapper(), promiser())

    def do(self, act: Act, now: datetime = NOW + DAY, **more: Any) -> StatusChange:
        members = {"kind": next(iter(RULES[act].kinds), None), "grounds": GROUNDS} | more
        return self.registrar.change_status(self.session, self.made.identifier, act, actor=OFFICER, now=now, **members)

    def at(self, as_of: datetime, known_at: datetime) -> str | None:
        rows = reading.statuses(self.session, self.made.version_id)
        found = status_at(
            [StatusRow(row.status, row.effective_at, row.recorded_at, row.until) for row in rows], as_of, known_at
        )
        return None if found is None else found.status

    def current(self) -> Status:
        return current_status(reading.statuses(self.session, self.made.version_id), NOW + DAY)

    def events(self) -> list[dict[str, object]]:
        keys = open_subject(self.session, wrapper(), self.made.licence_id)
        rows = self.session.query(EventRow).filter_by(subject_id=self.made.licence_id).order_by(EventRow.ordinal)
        return [json.loads(decrypt(keys.event, row.body, row.id.encode())) for row in rows]


@pytest.fixture
def case(database: Database, objects: ObjectStore) -> Iterator[Case]:
    register_seals(database)
    with open_issuer(database, objects) as issuer:
        made = issuer.issue_one(shop(1), OFFICER, NOW)
    assert isinstance(made, Issued)
    with database.session(Role.WORKER) as session:
        yield Case(session, made)


def test_every_act_in_every_status(case: Case) -> None:
    tried = 0
    for status, way in WAYS.items():
        for act in Act:
            with case.session.begin_nested() as savepoint:
                for position, step in enumerate(way):
                    case.do(step, NOW + DAY + position * timedelta(hours=1))
                assert case.current() is status
                if act in acts_in(status):
                    assert case.do(act, NOW + 2 * DAY).status is RULES[act].gives
                    assert case.current() is RULES[act].gives
                else:
                    with pytest.raises(ActNotAllowed) as refused:
                        case.do(act, NOW + 2 * DAY)
                    assert refused.value.allowed == tuple(possible.value for possible in acts_in(status))
                    assert refused.value.status == status.value
                    assert refused.value.message("zh")
                savepoint.rollback()
            tried += 1
    assert tried == 120
    assert case.current() is Status.ACTIVE


def test_an_act_is_a_row_and_an_event_and_nothing_else(case: Case) -> None:
    before = reading.version_by_identifier(case.session, case.made.identifier)
    assert before is not None
    facts = (before.version, before.json_digest, before.pdf_digest, before.status_index, before.activated_at)
    change = case.do(Act.SUSPEND, kind="seizure", until=NOW + 10 * DAY)
    issue, row = reading.statuses(case.session, case.made.version_id)
    assert (row.status, row.kind, row.until) == ("suspended", "seizure", NOW + 10 * DAY)
    assert (row.effective_at, row.recorded_at) == (NOW + DAY, NOW + DAY) == (change.effective_at, change.recorded_at)
    assert row.actor == OFFICER.as_json()
    assert issue.grounds is None
    assert case.registrar.grounds_of(case.session, case.made.licence_id, issue) is None
    assert case.registrar.grounds_of(case.session, case.made.licence_id, row) == GROUNDS
    case.session.expire_all()
    after = reading.version_by_identifier(case.session, case.made.identifier)
    assert after is not None
    assert facts == (after.version, after.json_digest, after.pdf_digest, after.status_index, after.activated_at)
    _, event = case.events()
    assert (event["kind"], event["id"]) == ("suspended", change.event)
    assert event["detail"] == {
        "identifier": case.made.identifier,
        "status": "suspended",
        "kind": "seizure",
        "effective_at": (NOW + DAY).isoformat(),
    }
    assert change.promise.event == change.event


def test_grounds_are_not_in_the_clear(case: Case) -> None:
    case.do(Act.REVOKE)
    row = reading.statuses(case.session, case.made.version_id)[-1]
    assert row.grounds is not None
    assert "投诉".encode() not in row.grounds


@pytest.mark.parametrize("act", [Act.ANNUL, Act.VOID])
def test_annulment_and_voiding_reach_back_to_the_issue(case: Case, act: Act) -> None:
    change = case.do(act)
    assert change.effective_at == NOW
    before, after = NOW + timedelta(hours=1), NOW + 2 * DAY
    assert case.at(before, before) == "active"
    assert case.at(before, after) == change.status.value
    assert case.at(after, before) == "active"


def test_a_decision_may_say_otherwise(case: Case) -> None:
    change = case.do(Act.ANNUL, effective_at=NOW + timedelta(hours=6))
    assert change.effective_at == NOW + timedelta(hours=6)
    assert case.at(NOW + timedelta(hours=5), NOW + 2 * DAY) == "active"
    assert case.at(NOW + timedelta(hours=7), NOW + 2 * DAY) == "annulled"


def test_a_court_restores_over_the_span_that_was_wrong(case: Case) -> None:
    case.do(Act.ANNUL, NOW + DAY)
    case.do(Act.REINSTATE, NOW + 5 * DAY, effective_at=NOW)
    then, now = NOW + 2 * DAY, NOW + 6 * DAY
    assert case.at(then, then) == "annulled"
    assert case.at(then, now) == "active"
    assert case.at(now, now) == "active"


def test_a_suspension_ends_by_itself(case: Case) -> None:
    case.do(Act.SUSPEND, until=NOW + 3 * DAY)
    assert case.at(NOW + 2 * DAY, NOW + 2 * DAY) == "suspended"
    assert case.at(NOW + 3 * DAY, NOW + 3 * DAY) == "active"
    assert case.do(Act.REVOKE, NOW + 4 * DAY).status is Status.REVOKED


@pytest.mark.parametrize(
    ("act", "more", "member"),
    [
        (Act.REVOKE, {"grounds": Grounds(" ", "law")}, "reason"),
        (Act.REVOKE, {"grounds": Grounds("reason", "")}, "legal_basis"),
        (Act.REVOKE, {"grounds": Grounds("\udcff", "law")}, "reason"),
        (Act.REVOKE, {"grounds": Grounds("reason", "law\0")}, "legal_basis"),
        (Act.REVOKE, {"grounds": Grounds("reason", "law", "\ud800")}, "decision_number"),
        (Act.REVOKE, {"kind": "seizure"}, "kind"),
        (Act.SUSPEND, {"kind": None}, "kind"),
        (Act.CANCEL, {"kind": "seizure"}, "kind"),
        (Act.REVOKE, {"until": NOW + 9 * DAY}, "until"),
        (Act.SUSPEND, {"until": NOW + DAY}, "until"),
        (Act.REVOKE, {"effective_at": NOW - DAY}, "effective_at"),
        (Act.REVOKE, {"effective_at": NOW + 2 * DAY}, "effective_at"),
    ],
)
def test_malformed_acts(case: Case, act: Act, more: dict[str, Any], member: str) -> None:
    with pytest.raises(ActMalformed) as refused:
        case.do(act, **more)
    assert refused.value.member == member
    assert len(reading.statuses(case.session, case.made.version_id)) == 1


def test_reinstatement_needs_a_decision(case: Case) -> None:
    case.do(Act.REVOKE)
    with pytest.raises(ActMalformed) as refused:
        case.do(Act.REINSTATE, NOW + 2 * DAY, grounds=Grounds("reason", "law"))
    assert refused.value.member == "decision_number"


def test_a_clock_that_is_behind_changes_no_order(case: Case) -> None:
    suspended = case.do(Act.SUSPEND, NOW + DAY)
    resumed = case.do(Act.RESUME, NOW)
    assert resumed.recorded_at > suspended.recorded_at
    assert case.current() is Status.ACTIVE


def test_only_licences_in_force(case: Case, database: Database, objects: ObjectStore) -> None:
    unprintable = {**shop(2).fields, "responsible_person": "王测试\U000323b0"}
    with open_issuer(database, objects) as issuer:
        failed = issuer.issue_one(shop(2, fields=unprintable), OFFICER, NOW)
    assert isinstance(failed, Failed)
    for identifier in (failed.intent.identifier, "1.2.156.3005.2.unknown"):
        with pytest.raises(LicenceUnknown):
            case.registrar.change_status(case.session, identifier, Act.REVOKE, GROUNDS, OFFICER, NOW)


def test_another_department_cannot_act(case: Case, database: Database) -> None:
    with database.session(Role.APP, actor("11990100MB9T0002XE")) as other, pytest.raises(LicenceUnknown):
        case.registrar.change_status(other, case.made.identifier, Act.REVOKE, GROUNDS, OFFICER, NOW + DAY)
    with database.session(Role.APP, OFFICER) as own:
        change = case.registrar.change_status(own, case.made.identifier, Act.REVOKE, GROUNDS, OFFICER, NOW + DAY)
    assert change.status is Status.REVOKED
