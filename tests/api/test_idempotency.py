"""One request, one licence: whatever is repeated, interrupted or sent at the same moment."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from api import idempotency
from api.founding import enrol
from api.schema import Role
from ledger.actor import Actor, Uscc
from licences.acts import Grounds, Registrar
from licences.transitions import Act
from tests.api.conftest import PLATFORM, TOBACCO, Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post

ACTOR = Actor(kind="system", id="approval-1", operator_unit=Uscc(PLATFORM), on_behalf_of=Uscc(TOBACCO))


def leave_claimed(door: Door, key: str, body: Any, age: timedelta) -> None:
    """Leave a key behind as a process does that dies between its claim and its end."""
    digest = door.house.wrapper.index("api.idempotency", idempotency.canonical(body))
    with door.house.database.session(Role.APP, ACTOR) as session:
        assert idempotency.claim(session, ACTOR.id, key, digest, datetime.now(UTC) - age) is None


def test_a_run_that_died_is_waited_for_and_then_taken_over(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    leave_claimed(door, "died", body, timedelta(seconds=5))
    waiting = post(door, body, "died")
    assert (waiting.status_code, waiting.json()["code"]) == (409, "idempotency.in_progress")
    assert waiting.headers["retry-after"]
    leave_claimed(door, "died-long-ago", body, idempotency.TAKEN_OVER_AFTER)
    assert post(door, permit(unique()), "died-long-ago").json()["code"] == "idempotency.key_reused"
    first, second = post(door, body, "died-long-ago"), post(door, body, "died-long-ago")
    assert [answer.status_code for answer in (first, second)] == [201, 201]
    assert first.json()["identifier"] == second.json()["identifier"]
    assert not first.json()["repeated"]


def test_the_same_request_many_times_at_once_is_done_once(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(post(door, body, "at-once"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = [(answer.status_code, answer.json().get("code")) for answer in answers]
    assert set(told) <= {(201, None), (409, "idempotency.in_progress")}
    assert sum(not answer.json()["repeated"] for answer in answers if answer.status_code == 201) == 1
    assert post(door, body, "at-once").json()["repeated"]


def test_the_order_of_members_makes_no_other_request(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    first = post(door, body, "order").json()
    second = post(door, dict(reversed(body.items())), "order")
    assert second.json()["identifier"] == first["identifier"]


def test_a_replay_tells_what_has_become_of_the_licence(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    first = post(door, body, "revoked-since").json()
    assert first["status"] == "active"
    registrar = Registrar(door.house.wrapper, door.house.promiser)
    with door.house.database.session(Role.WORKER) as session:
        grounds = Grounds(reason="测试", legal_basis="测试")
        registrar.change_status(session, first["identifier"], Act.REVOKE, grounds, ACTOR, datetime.now(UTC))
    again = post(door, body, "revoked-since").json()
    assert (again["identifier"], again["repeated"], again["status"]) == (first["identifier"], True, "revoked")


def test_a_house_that_fails_leaves_the_key_free(
    door: Door, unique: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = permit(unique())
    with monkeypatch.context() as patch:

        def full(_key: str, _data: bytes) -> None:
            raise OSError("no space left")

        patch.setattr(door.house.objects, "put", full)
        failed = post(door, body, "full")
    assert (failed.status_code, failed.json()["code"]) == (500, "door.failed")
    again = post(door, body, "full")
    assert again.status_code == 201
    assert len(door.client.get(again.json()["documents"]["pdf"]["href"], headers=door.authorised).content) > 1000


def test_systems_share_no_keys_and_see_none_of_each_other(door: Door, unique: Callable[[], int]) -> None:
    other = enrol(
        door.house,
        system_id="approval-2",
        name="测试系统二",
        unit=PLATFORM,
        issuers=[TOBACCO],
        now=datetime.now(UTC),
    )
    bodies = permit(unique()), permit(unique())
    first = post(door, bodies[0], "shared")
    second = post(door, bodies[1], "shared", Authorization=f"Bearer {other}")
    assert (first.status_code, second.status_code) == (201, 201)
    with door.house.database.session(Role.APP, ACTOR) as session:
        seen = set(session.execute(text("SELECT system_id FROM api.idempotency_keys")).scalars())
    assert seen == {"approval-1"}
    with door.house.database.session(Role.APP) as session:
        assert session.execute(text("SELECT count(*) FROM api.idempotency_keys")).scalar() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE api.systems SET issuers = '{}'",
        "INSERT INTO api.systems SELECT * FROM api.systems",
        "DELETE FROM api.idempotency_keys",
        "INSERT INTO api.idempotency_keys SELECT 'approval-1', 'k', '\\x00', 'done', 'x', now()",
    ],
)
def test_the_door_itself_lets_nobody_in(door: Door, statement: str) -> None:
    stranger = Actor(kind="system", id="approval-2", operator_unit=None, on_behalf_of=None)
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|row-level security"),
        door.house.database.session(Role.APP, stranger) as session,
    ):
        session.execute(text(statement))
