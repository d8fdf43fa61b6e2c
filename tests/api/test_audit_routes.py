"""What an auditor's system reads with an order's token, and that nothing else opens it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from api.auditing import Auditing, Question
from api.schema import Role
from ledger.actor import Actor
from ledger.evidence.judging import judge_evidence
from ledger.provenance.errors import OrderRefused, OrderWanted
from ledger.provenance.orders import ORDER_KEEPER, Scope, ScopeKind, end_order, enter_order, give_token
from licences.store import reading
from tests.api.conftest import TOBACCO, Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post

KEEPER = Actor("person", "keeper-1", None, None, frozenset({ORDER_KEEPER}))
AUDITOR = Actor("person", "auditor-1", None, None, frozenset({"auditor"}))
_numbers = iter(range(1, 1000))


def enter(door: Door, kind: ScopeKind, value: str) -> tuple[str, str]:
    """Return the number and the token of a new order."""
    house, now = door.house, datetime.now(UTC)
    with house.database.session(Role.WORKER) as session:
        order = enter_order(
            session,
            house.wrapper,
            house.promiser,
            number=f"测审-{next(_numbers)}",
            scope=Scope(kind, value),
            valid_from=now,
            valid_until=now + timedelta(days=1),
            actor=KEEPER,
            now=now,
        )
        token = give_token(session, house.wrapper, house.promiser, order.number, AUDITOR, now)
    return order.number, token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def identifier(door: Door, unique: Callable[[], int]) -> str:
    """A licence whose document was fetched twice."""
    licence = post(door, permit(unique()), f"audited-{unique()}").json()
    for _ in range(2):
        assert door.client.get(licence["documents"]["pdf"]["href"], headers=door.authorised).status_code == 200
    while door.sequence():
        pass
    found: str = licence["identifier"]
    return found


def test_an_order_opens_its_licence(door: Door, identifier: str) -> None:
    number, token = enter(door, "licence", identifier)
    answer = door.client.get("/v1/audit/trace", headers=bearer(token))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    (chain,) = told["chains"]
    assert (told["order"], told["opened"], told["sound"]) == (number, True, True)
    assert [event["kind"] for event in chain["events"]] == ["issued", "retrieved", "retrieved"]
    assert chain["completeness"]["state"] == "proved"
    assert chain["events"][1]["event"]["actor"]["id"] == "approval-1"
    while door.sequence():
        pass
    again = door.client.get("/v1/audit/trace", headers=bearer(token)).json()
    look = again["chains"][0]["events"][-1]["event"]
    assert (look["kind"], look["actor"]["id"]) == ("audit-opened", f"audit-order:{number}")


def test_its_evidence_is_believed_by_a_third_party(door: Door, identifier: str) -> None:
    _, token = enter(door, "licence", identifier)
    answer = door.client.get("/v1/audit/evidence", headers=bearer(token))
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    report = judge_evidence(answer.content, Auditing(door.house, Role.APP).vkeys)
    assert report.verdict == "valid"
    assert report.check("chain.completeness").code == "CLAIMED"
    assert report.check("chain.key").outcome == "passed"


def test_a_department_of_a_period(door: Door, identifier: str) -> None:
    _, token = enter(door, "department", TOBACCO)
    begin = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    told = door.client.get("/v1/audit/trace", params={"since": begin}, headers=bearer(token)).json()
    assert identifier in {label for chain in told["chains"] for label in chain["labels"]}
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    later = door.client.get("/v1/audit/trace", params={"since": tomorrow}, headers=bearer(token)).json()
    assert later["chains"] == []
    wrong = door.client.get("/v1/audit/trace", params={"since": "yesterday"}, headers=bearer(token))
    assert (wrong.status_code, wrong.json()["code"]) == (400, "verification.moment_unclear")


@pytest.mark.parametrize("path", ["/v1/audit/trace", "/v1/audit/evidence"])
def test_no_other_token_opens_anything(door: Door, path: str) -> None:
    for headers in ({}, door.authorised, bearer("elo_" + "A" * 43), {"Authorization": "Basic eA=="}):
        answer = door.client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "door.not_authenticated")


def test_an_ended_order_and_a_licence_that_nobody_knows(door: Door, identifier: str) -> None:
    number, token = enter(door, "licence", identifier)
    house = door.house
    with house.database.session(Role.WORKER) as session:
        end_order(session, house.wrapper, house.promiser, number, KEEPER, datetime.now(UTC))
    ended = door.client.get("/v1/audit/trace", headers=bearer(token))
    assert (ended.status_code, ended.json()["code"]) == (403, "ledger.order_refused")
    _, other = enter(door, "licence", "1.2.156.3005.2.nobody")
    unknown = door.client.get("/v1/audit/trace", headers=bearer(other))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "licences.unknown")


def test_units_and_cases_take_an_order_for_everybody(door: Door) -> None:
    auditing = Auditing(door.house, Role.WORKER)
    for scope in (Scope("case", "x"), Scope("department", "x"), Scope("organisation", "x")):
        with pytest.raises(OrderWanted):
            auditing.trace(Question(scope), KEEPER, datetime.now(UTC))


def test_an_order_that_opens_nothing_does_not_even_tell_how_much_there_is(
    door: Door, identifier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("licences.audit_scopes.MOST_CHAINS", 0)
    number, _ = enter(door, "case", "another")
    auditing, now = Auditing(door.house, Role.WORKER), datetime.now(UTC)
    question = Question(Scope("department", TOBACCO), issued=True)
    with pytest.raises(OrderRefused):
        auditing.trace(question, AUDITOR, now, auditing.order(number))


def test_the_answer_is_a_snapshot_that_another_process_may_outrun(door: Door, identifier: str) -> None:
    """Two processes share the mirror's folder; whoever comes with an older checkpoint is no fork."""
    house = door.house
    slow, quick = Auditing(house, Role.WORKER), Auditing(house, Role.WORKER)
    question, now = Question(Scope("licence", identifier)), datetime.now(UTC)
    older = slow._log()
    quick.trace(question, KEEPER, now)
    while door.sequence():
        pass
    quick.trace(question, KEEPER, now)
    with house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, identifier)
        assert version is not None
    assert slow._scan(older)([bytes(32)]) == {}
    assert slow.trace(question, KEEPER, now).trace.sound
