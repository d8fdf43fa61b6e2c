"""`POST /v1/promises`: whoever holds a promise learns what became of it."""

from datetime import UTC, datetime, timedelta

import pytest

from ca.ceremonies.names import LOG_KEY
from ledger.formats.notes import Vkey
from ledger.formats.tlog_proof import TlogProof
from ledger.log.promise_keeping import make_evidence, verify_evidence, verify_kept
from ledger.log.promises import Promiser, read_promise
from tests.api.conftest import Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post

URL = "/v1/promises"


@pytest.fixture(scope="module")
def vkeys(door: Door) -> dict[str, Vkey]:
    return {origin: Vkey.parse(key) for origin, key in door.house.trust(datetime.now(UTC)).log_keys.items()}


def promise_of_a_use(door: Door, number: int) -> str:
    """Verify a licence and return the promise of that use."""
    licence = post(door, permit(number), f"for-promise-{number}").json()
    href = licence["documents"]["pdf"]["href"]
    pdf = door.client.get(href, headers=door.authorised).content
    report = door.client.post("/v1/verifications", content=pdf, headers={"Content-Type": "application/pdf"}).json()
    return str(report["usage"]["promise"])


def test_a_promise_waits_and_is_kept(door: Door, vkeys: dict[str, Vkey]) -> None:
    door.sequence()
    promise = promise_of_a_use(door, 91_001)
    answer = door.client.post(URL, content=promise)
    assert answer.status_code == 200
    assert answer.json()["fate"] == "waiting"
    assert (answer.headers["retry-after"], answer.headers["cache-control"]) == ("2", "no-store")
    while door.sequence():
        continue
    answer = door.client.post(URL, content=promise)
    body = answer.json()
    assert (body["fate"], set(body)) == ("kept", {"fate", "event", "deadline", "proof"})
    assert "retry-after" not in answer.headers
    known = read_promise(promise, vkeys)
    assert body["event"] == known.event
    assert datetime.fromisoformat(body["deadline"]) == known.deadline
    assert verify_kept(known, TlogProof.parse(body["proof"]), vkeys).size > 0


def test_a_broken_promise_is_admitted(door: Door, vkeys: dict[str, Vkey]) -> None:
    origin = door.house.ceremony.plan.log.origin
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    promiser = Promiser(origin, door.house.keys.signer(LOG_KEY))
    promise = promiser.promise("evt_" + "0" * 26, b"d" * 32, long_ago).text
    body = door.client.post(URL, content=promise).json()
    assert (body["fate"], set(body)) == ("broken", {"fate", "event", "deadline", "denial"})
    assert verify_evidence(make_evidence(promise, body["denial"]), vkeys).promise.event == body["event"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"evt_1", b"a\n\n\xe2\x80\x94 b AAAAAAAA\n"])
def test_what_is_no_promise_of_ours_is_a_fault_of_the_request(door: Door, content: bytes) -> None:
    answer = door.client.post(URL, content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "log.promise_unusable")


def test_a_promise_has_a_size(door: Door) -> None:
    answer = door.client.post(URL, content=bytes(8193))
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_long")
