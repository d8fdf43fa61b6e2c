import threading
from collections.abc import Callable
from typing import Any

from tests.api.conftest import MARKET, TOBACCO, Door
from tests.api.requests import permit


def post(door: Door, body: Any, key: str, **headers: str) -> Any:
    return door.client.post("/v1/licences", json=body, headers={**door.authorised, "Idempotency-Key": key, **headers})


def push(door: Door, raw: bytes, **headers: str) -> Any:
    """Push bytes that may be no JSON at all."""
    fixed = {**door.authorised, "Idempotency-Key": "raw", "Content-Type": "application/json"}
    return door.client.post("/v1/licences", content=raw, headers={**fixed, **headers})


def test_a_decision_becomes_a_sealed_licence(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    answer = post(door, body, f"key-{body['number']}")
    assert answer.status_code == 201, answer.text
    licence = answer.json()
    assert licence["stage"] == "active"
    assert licence["issuer"] == TOBACCO
    assert not licence["repeated"]
    assert licence["promise"].startswith("elicence/promise/v1\n")
    pdf = door.client.get(licence["documents"]["pdf"]["href"], headers=door.authorised)
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["content-type"] == "application/pdf"
    assert len(pdf.content) == licence["documents"]["pdf"]["size"]
    assert door.client.get(licence["documents"]["json"]["href"], headers=door.authorised).json()["payload"]


def test_the_proof_comes_when_the_sequencer_has_been_there(door: Door, unique: Callable[[], int]) -> None:
    licence = post(door, permit(unique()), "proof-key").json()
    assert door.client.get(licence["proof"], headers=door.authorised).status_code == 202
    assert door.sequence() >= 1
    proof = door.client.get(licence["proof"], headers=door.authorised)
    assert proof.status_code == 200
    assert proof.text.startswith("c2sp.org/tlog-proof@v1\n")


def test_the_same_key_and_body_answer_the_same_licence(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    first, second = post(door, body, "same"), post(door, body, "same")
    assert second.status_code == 201
    assert second.json()["repeated"]
    assert second.json()["identifier"] == first.json()["identifier"]


def test_the_same_key_with_another_body_is_refused(door: Door, unique: Callable[[], int]) -> None:
    assert post(door, permit(unique()), "reused").status_code == 201
    answer = post(door, permit(unique()), "reused")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency.key_reused")


def test_the_same_licence_under_another_business_number_is_issued_once(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    first = post(door, body, "natural-1").json()
    second = post(door, {**body, "business_number": body["business_number"] + "-B"}, "natural-2")
    assert second.status_code == 201
    assert second.json()["identifier"] == first["identifier"]
    assert second.json()["repeated"]


def test_the_same_number_with_other_content_is_a_conflict(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    post(door, body, "conflict-1")
    changed = {**body, "business_number": "other", "valid_until": "2029-01-01"}
    answer = post(door, changed, "conflict-2")
    assert (answer.status_code, answer.json()["code"]) == (409, "licences.conflict")


def test_every_fault_is_told_at_once_and_the_key_can_be_used_again(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    broken = {**body, "number": "1", "valid_until": "2020-01-01"}
    answer = post(door, broken, "faults")
    assert answer.status_code == 422
    assert {fault["field"] for fault in answer.json()["errors"]} >= {"number", "valid_until"}
    assert all(fault["zh"] and fault["en"] for fault in answer.json()["errors"])
    assert post(door, body, "faults").status_code == 201


def test_without_a_token_nothing_is_told(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    for headers in ({}, {"Authorization": "Bearer els_wrong"}, {"Authorization": "Basic eA=="}):
        answer = door.client.post("/v1/licences", json=body, headers={"Idempotency-Key": "k", **headers})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == "application/problem+json"


def test_another_units_licences_are_neither_issued_nor_read(door: Door, unique: Callable[[], int]) -> None:
    foreign = permit(unique(), issuer="11990100MB9T00011N")
    assert post(door, foreign, "foreign").status_code == 403
    answer = door.client.get("/v1/licences/1.2.156.3005.2.none", headers=door.authorised)
    assert (answer.status_code, answer.json()["code"]) == (404, "licences.unknown")


def test_a_unit_without_the_seal_for_a_type_is_refused(door: Door, unique: Callable[[], int]) -> None:
    answer = post(door, permit(unique(), issuer=MARKET), "no-seal")
    assert (answer.status_code, answer.json()["code"]) == (403, "seals.not_granted")


def test_bad_requests_are_named(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    without = {name: value for name, value in body.items() if name != "decision"}
    assert post(door, without, "d").json()["code"] == "licences.decision_missing"
    missing_key = door.client.post("/v1/licences", json=body, headers=door.authorised)
    assert (missing_key.status_code, missing_key.json()["code"]) == (400, "idempotency.key_missing")
    for raw, code in (
        (b"", "request.not_json"),
        (b"[]", "request.not_json"),
        (b'{"a":1,"a":2}', "request.not_json"),
        (b"\xff", "request.not_json"),
        (b"[" * 100_000, "request.not_json"),
        (b"x" * 2_000_000, "request.too_large"),
    ):
        answer = push(door, raw)
        assert answer.json()["code"] == code
        assert 400 <= answer.status_code < 500


def test_twenty_at_once_issue_one_licence(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    answers: list[Any] = []

    def push(position: int) -> None:
        answers.append(
            post(door, {**body, "business_number": f"{body['business_number']}-{position}"}, f"race-{position}")
        )

    threads = [threading.Thread(target=push, args=(position,)) for position in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    issued = [answer.json() for answer in answers if answer.status_code == 201]
    assert len({licence["identifier"] for licence in issued}) == 1
    assert sum(not licence["repeated"] for licence in issued) == 1
