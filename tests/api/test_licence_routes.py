import json
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from api.schema import SCHEMAS, Role
from licences.store import reading
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


def test_every_document_that_leaves_is_an_event(door: Door, unique: Callable[[], int]) -> None:
    licence = post(door, permit(unique()), f"retrieved-{unique()}").json()
    href = licence["documents"]["pdf"]["href"]
    assert door.client.get(href, headers=door.authorised).status_code == 200
    assert door.client.get(href).status_code == 401
    with door.house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, licence["identifier"])
        assert version is not None
        query = text("SELECT kind FROM ledger.events WHERE subject_id = :licence ORDER BY recorded_at")
        kinds = session.scalars(query, {"licence": version.licence_id}).all()
    assert kinds == ["issued", "retrieved"]


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
    wrong = (
        "",
        "Bearer",
        "Bearer els_wrong",
        "Basic eA==",
        "Bearer els_\x7f",
        f"Token {door.token}",
        f"Bearer {door.token}x",
    )
    for headers in ({}, *({"Authorization": value} for value in wrong)):
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


@pytest.mark.parametrize("identifier", ["%00", "a%00b", "%FF", "%0A", "x" * 5000, "..%2F..", "1.2.156.3005.2.x%0A"])
def test_odd_identifiers_name_no_licence(door: Door, identifier: str) -> None:
    for part in ("", "/pdf", "/json", "/proof"):
        answer = door.client.get(f"/v1/licences/{identifier}{part}", headers=door.authorised)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_identifier_followed_by_a_line_break_is_another(door: Door, unique: Callable[[], int]) -> None:
    licence = post(door, permit(unique()), "line-break").json()
    address = f"/v1/licences/{licence['identifier']}"
    assert door.client.get(address, headers=door.authorised).status_code == 200
    assert door.client.get(f"{address}%0A", headers=door.authorised).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "\ud800"},
        {"issuer": "\x00"},
        {"issuer": {"a": 1}},
        {"issuer": None},
        {"issuer": "1" * 100_000},
        {"issuer": ""},
        {"issuer": "11990100MB9T000545"},
        {"\ud800": 1},
        {"type": "\ud800"},
        {"number": "\x00"},
        {"business_number": "\ud800"},
        {"decision": []},
        {"decision": {"number": "\x00", "officer": "\ud800", "case": 1, "item": None}},
        {"holders": "nobody"},
        {"fields": [1]},
        {"issue_date": "２０２６-01-01"},
        {"issue_date": "0001-01-01", "valid_until": "9999-12-31"},
    ],
    ids=str,
)
def test_whatever_a_member_holds_its_fault_is_told(
    door: Door, unique: Callable[[], int], changes: dict[str, Any]
) -> None:
    # Half a character has an escape in JSON and no place in UTF-8.
    answer = push(door, json.dumps({**permit(unique()), **changes}).encode("ascii"))
    assert (answer.status_code, answer.json()["code"]) == (422, "licences.faulty")
    assert len(answer.content) < 10_000


def test_a_broken_shape_hides_no_other_fault(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique(), holders="nobody", issue_date="soon", decision=None, fields={})
    answer = post(door, {**body, "surprise": 1}, "shape")
    told = {fault["field"].split(".")[0] for fault in answer.json()["errors"]}
    assert told >= {"holders", "issue_date", "fields", "surprise"}
    # A request of nobody's is told its faults as well, not an empty unit.
    empty = post(door, {}, "shape-empty")
    assert (empty.status_code, empty.json()["code"]) == (422, "licences.faulty")
    assert "issuer" in {fault["field"] for fault in empty.json()["errors"]}


def test_a_refusal_repeats_nothing_personal(door: Door, unique: Callable[[], int]) -> None:
    secret = {"name": "王测试私密", "code": "990101199001010018", "code_type": "111"}
    bodies = (
        permit(unique(), holders=[secret]),
        permit(unique(), holders=[{**secret, "role": "王测试私密"}]),
        permit(unique()) | {"number": "王测试私密"},
        permit(unique(), fields={"responsible_person": {"name": "王测试私密"}}),
        permit(unique(), business_number="王测试私密" * 30),
        permit(unique(), issue_date="王测试私密", holders=[secret] * 300),
    )
    for position, body in enumerate(bodies):
        answer = post(door, body, f"personal-{position}")
        assert answer.status_code == 422
        assert "王测试私密" not in answer.text
        assert secret["code"] not in answer.text


def test_only_plain_json_is_read(door: Door, unique: Callable[[], int]) -> None:
    body = json.dumps(permit(unique())).encode()
    for headers in (
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip"},
    ):
        answer = push(door, body, **headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "request.media_type")
    assert push(door, body, **{"Content-Type": "Application/JSON; charset=utf-8"}).status_code == 201


def test_a_dump_of_the_database_and_the_store_names_nobody(door: Door, unique: Callable[[], int]) -> None:
    body = permit(unique())
    licence = post(door, body, "dumped").json()
    holder = body["holders"][0]
    words = [holder["name"], holder["code"], body["number"], body["business_number"], body["decision"]["case"]]
    words += [value for value in body["fields"].values() if isinstance(value, str)]
    with door.house.database.session(Role.WORKER) as session:
        tables = session.execute(
            text("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY(:ours)"), {"ours": list(SCHEMAS)}
        ).all()
        dump = "\n".join(
            row
            for schema, table in tables
            for row in session.execute(text(f'SELECT t::text FROM "{schema}"."{table}" t')).scalars()
        )
    assert licence["identifier"] in dump
    files = b"".join(path.read_bytes() for path in door.house.settings.home.rglob("*") if path.is_file())
    for word in words:
        assert word not in dump
        assert word.encode().hex() not in dump
        assert word.encode() not in files


def test_without_the_database_the_answer_is_to_come_back(
    door: Door, unique: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nonexistent")
    with monkeypatch.context() as patch:
        patch.setattr(door.house.database, "engine", lambda _role: nowhere)
        answer = post(door, permit(unique()), "no-database")
        read = door.client.get("/v1/licences/x", headers=door.authorised)
    for one in (answer, read):
        assert (one.status_code, one.json()["code"]) == (503, "database.unavailable")
        assert one.headers["retry-after"]


def test_forty_licences_at_once_are_forty_different_ones(door: Door, unique: Callable[[], int]) -> None:
    bodies = [permit(unique()) for _ in range(40)]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda body: post(door, body, f"many-{body['number']}"), bodies))
    assert {answer.status_code for answer in answers} == {201}
    licences = [answer.json() for answer in answers]
    assert len({licence["identifier"] for licence in licences}) == 40
    for body, licence in list(zip(bodies, licences, strict=True))[::8]:
        address = licence["documents"]["json"]["href"]
        sealed = door.client.get(address, headers=door.authorised).json()
        claims = json.loads(urlsafe_b64decode(sealed["payload"] + "=="))
        assert claims["licence"]["number"] == body["number"]
        assert claims["licence"]["identifier"] == licence["identifier"]
