import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from api.schema import Role
from ledger.formats.notes import Vkey
from ledger.formats.tlog_proof import verify_proof
from ledger.log.promises import read_promise
from ledger.log.reading import inclusion
from seals.jwt.jades import read_jwt
from tests.api.conftest import Door
from tests.api.requests import permit
from tests.api.test_licence_routes import post

URL = "/v1/verifications"


@dataclass(frozen=True, slots=True)
class Sealed:
    identifier: str
    digest: str
    pdf: bytes
    data: bytes


@pytest.fixture(scope="module")
def sealed(door: Door) -> Sealed:
    licence = post(door, permit(90_001), "for-verification").json()
    door.sequence()
    documents = licence["documents"]
    pdf, data = (door.client.get(documents[kind]["href"], headers=door.authorised).content for kind in ("pdf", "json"))
    return Sealed(licence["identifier"], documents["pdf"]["digest"], pdf, data)


def rows(report: Any) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in report["checks"]}


def test_a_pdf_is_accepted(door: Door, sealed: Sealed) -> None:
    answer = door.client.post(URL, content=sealed.pdf, headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 201
    report = answer.json()
    assert report["verdict"] == "valid", [row for row in report["checks"] if row["outcome"] != "passed"]
    assert report["subject"]["identifier"] == sealed.identifier
    assert report["subject"]["face"]
    assert set(rows(report).values()) <= {"passed", "not_applicable"}


def test_json_compact_and_form_are_accepted(door: Door, sealed: Sealed) -> None:
    flattened = door.client.post(URL, content=sealed.data, headers={"Content-Type": "application/jose+json"}).json()
    as_json = door.client.post(URL, content=sealed.data, headers={"Content-Type": "application/json"}).json()
    form = door.client.post(URL, files={"file": ("licence.pdf", sealed.pdf, "application/pdf")}).json()
    parts = json.loads(sealed.data)
    compact = "~".join([f"{parts['protected']}.{parts['payload']}.{parts['signature']}", *parts["disclosures"], ""])
    sd_jwt = door.client.post(URL, content=compact.encode(), headers={"Content-Type": "application/dc+sd-jwt"}).json()
    assert [report["verdict"] for report in (flattened, as_json, form)] == ["valid"] * 3
    assert sd_jwt["subject"]["identifier"] == sealed.identifier
    # The compact form has no timestamp: what cannot be told is not called invalid.
    assert sd_jwt["verdict"] in {"valid", "indeterminate"}


def test_identifier_and_digest_are_enough(door: Door, sealed: Sealed) -> None:
    report = door.client.post(URL, json={"identifier": sealed.identifier, "digest": sealed.digest}).json()
    assert report["verdict"] == "valid"
    other = door.client.post(URL, json={"identifier": sealed.identifier, "digest": "sha-256:" + "0" * 64}).json()
    assert other["verdict"] == "invalid"


def test_every_use_is_promised_and_the_receipt_is_signed(door: Door, sealed: Sealed) -> None:
    report = door.client.post(
        URL, content=sealed.pdf, headers={"Content-Type": "application/pdf"}, params={"case": "案-7", "purpose": "测试"}
    ).json()
    assert report["usage"]["promise"].startswith("elicence/promise/v1\n")
    receipt = read_jwt(report["receipt"], "elicence-receipt+jwt")
    assert receipt.signature_valid
    assert receipt.payload["verdict"] == "valid"
    assert receipt.payload["case"] == "案-7"
    told = json.loads(json.dumps(receipt.payload))
    assert told["usage"]["event"] == report["usage"]["event"]
    # Nothing of the face goes into what is kept.
    assert "face" not in json.dumps(receipt.payload)
    assert door.sequence() >= 1


def test_a_changed_byte_is_named(door: Door, sealed: Sealed) -> None:
    changed = bytearray(sealed.pdf)
    changed[len(changed) // 3] ^= 1
    report = door.client.post(URL, content=bytes(changed), headers={"Content-Type": "application/pdf"}).json()
    assert report["verdict"] == "invalid"
    assert report["reason"] == "document.altered"


@pytest.mark.parametrize(
    ("body", "verdict", "code"),
    [
        (b"", "invalid", "EMPTY"),
        (b"not a licence", "invalid", "UNKNOWN"),
        (b"%PDF-1.7\ntruncated", "invalid", None),
        (b"{}", "invalid", None),
        (b"%PDF-1.7\n" + b"\x00" * 33 * 1024 * 1024, "indeterminate", "TOO_LARGE"),
    ],
    ids=["empty", "text", "truncated", "object", "too-large"],
)
def test_whatever_comes_is_answered_by_a_report(door: Door, body: bytes, verdict: str, code: str | None) -> None:
    answer = door.client.post(URL, content=body, headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 201
    report = answer.json()
    assert report["verdict"] == verdict
    assert report["sentence"]["zh"]
    assert report["sentence"]["en"]
    if code is not None:
        assert any(code in (row.get("code") or "") for row in report["checks"])


def test_200_mb_are_answered_by_a_report(door: Door) -> None:
    def chunks() -> Any:
        yield b"%PDF-1.7\n"
        for _ in range(200):
            yield b"\x00" * 1024 * 1024

    answer = door.client.post(URL, content=chunks(), headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 201
    assert answer.json()["verdict"] == "indeterminate"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"as_of": "soon"}, "verification.moment_unclear"),
        ({"as_of": "2126-01-01T00:00:00Z"}, "verification.moment_in_future"),
        ({"policy": "none"}, "verification.policy_unknown"),
        ({"case": "x" * 300}, "request.member_unusable"),
    ],
)
def test_a_wrong_question_is_refused(door: Door, sealed: Sealed, parameters: dict[str, str], code: str) -> None:
    answer = door.client.post(URL, content=sealed.pdf, params=parameters, headers={"Content-Type": "application/pdf"})
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_wrong_lookups_and_forms_are_refused(door: Door) -> None:
    for body in (
        {"identifier": "x"},
        {"identifier": "x", "digest": "y"},
        {"identifier": 1, "digest": True},
        {"digest": None},
    ):
        assert door.client.post(URL, json=body).status_code == 400
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert door.client.post(URL, content=b"--x\r\nbroken", headers=form).status_code == 400
    assert door.client.post(URL, content=b"", headers={"Content-Type": "multipart/form-data"}).status_code == 400


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_documents_get_a_report(door: Door, sealed: Sealed, data: st.DataObject) -> None:
    source = data.draw(st.sampled_from([sealed.pdf, sealed.data]))
    begin = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(begin, min(len(source), begin + 50)))
    changed = source[:begin] + data.draw(st.binary(max_size=50)) + source[end:]
    answer = door.client.post(URL, content=changed, headers={"Content-Type": "application/octet-stream"})
    assert answer.status_code == 201
    assert answer.json()["verdict"] in ({"valid"} if changed == source else {"invalid", "indeterminate"})


def test_without_the_database_the_answer_is_indeterminate_and_comes_back_by_itself(
    door: Door, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask() -> Any:
        return door.client.post(URL, content=sealed.pdf, headers={"Content-Type": "application/pdf"}).json()

    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nonexistent")
    with monkeypatch.context() as patch:
        patch.setattr(door.house.database, "engine", lambda _role: nowhere)
        report = ask()
    assert report["verdict"] == "indeterminate"
    assert report["advice"]["zh"]
    assert report["usage"] is None
    assert rows(report)["integrity.signature"] == "passed"
    assert ask()["verdict"] == "valid"


def test_an_unknown_qr_code_is_not_called_invalid(door: Door) -> None:
    wrong = door.client.get("/v/" + "x" * 22)
    assert wrong.status_code == 404
    assert "没有找到这个核验码" in wrong.text


def test_a_use_is_in_the_ledger_as_it_was_promised(door: Door, sealed: Sealed) -> None:
    usage = door.client.post(URL, content=sealed.pdf, params={"case": "案-8"}).json()["usage"]
    house = door.house
    vkeys = {origin: Vkey.parse(text) for origin, text in house.trust(datetime.now(UTC)).log_keys.items()}
    promised = read_promise(usage["promise"], vkeys)
    assert promised.event == usage["event"]
    door.sequence()
    with house.database.session(Role.APP, purpose="verification") as session:
        proof = inclusion(session, house.objects, house.wrapper, usage["event"])
    assert proof is not None
    entry = verify_proof(proof, vkeys)
    assert (entry.event["kind"], entry.event["case"], entry.event["id"]) == ("verified", "案-8", usage["event"])
    digest = "sha-256:" + sealed.digest.removeprefix("sha-256:")
    assert entry.event["document"] == digest


def test_who_only_names_a_licence_writes_nothing_into_its_history(door: Door, sealed: Sealed) -> None:
    changed = bytearray(sealed.pdf)
    changed[len(changed) // 3] ^= 1
    parts = json.loads(sealed.data)
    forged = json.dumps({**parts, "payload": parts["payload"][:-8] + "AAAAAAAA"}).encode()

    def events() -> int:
        with door.house.database.session(Role.WORKER) as session:
            return int(session.execute(text("SELECT count(*) FROM ledger.events")).scalar_one())

    before = events()
    answers = [
        door.client.post(URL, json={"identifier": sealed.identifier, "digest": "sha-256:" + "0" * 64}),
        door.client.post(URL, json={"identifier": sealed.identifier[:-1] + "*", "digest": sealed.digest}),
        door.client.post(URL, json={"code": "x" * 22}),
        door.client.post(URL, content=bytes(changed)),
        door.client.post(URL, content=forged),
    ]
    assert [answer.json()["usage"] for answer in answers] == [None] * 5
    # A document shows what it says itself under its seal; a look-up that failed shows nothing.
    assert [answer.json()["subject"]["face"] for answer in answers[:3]] == [{}] * 3
    assert events() == before


@pytest.mark.parametrize("member", ["identifier", "digest", "code", "case", "purpose", "as_of", "policy"])
@pytest.mark.parametrize("value", ["\x00", "\ud800", "a\nb", "", "x" * 201, 1, True, [], {}], ids=ascii)
def test_odd_members_of_a_look_up_are_refused(door: Door, sealed: Sealed, member: str, value: object) -> None:
    body = json.dumps({"identifier": sealed.identifier, "digest": sealed.digest, member: value}).encode("ascii")
    answer = door.client.post(URL, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "form",
    [
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc\r\n' * 2 + b"--x--\r\n",
        b'--x\r\nContent-Disposition: form-data; filename="a"\r\n\r\nabc\r\n--x--\r\n',
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n',
        b"--x\r\n" + b"X: y\r\n" * 20_000 + b"\r\nabc\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data; name*=utf-8''%ff; filename*=nosuch''%ff\r\n\r\nabc\r\n--x--\r\n",
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\na\r\n' % n for n in range(25)) + b"--x--",
        b'--x\r\nContent-Disposition: form-data; name="identifier"\r\n\r\na\x00b\r\n--x--\r\n',
    ],
    ids=["two-files", "no-name", "bytes", "headers", "rfc2231", "fields", "zero-byte"],
)
@pytest.mark.parametrize("charset", ["", "; charset=nosuch", "; charset=utf-16"])
def test_tricks_with_forms_are_refused(door: Door, form: bytes, charset: str) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary=x{charset}"}
    answer = door.client.post(URL, content=form, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_status_lists_by_number(door: Door) -> None:
    first = door.client.get("/v1/status-lists/1")
    assert first.headers["content-type"] == "application/statuslist+jwt"
    assert read_jwt(first.text, "statuslist+jwt").signature_valid
    for number in ("0", "2", "-1", "9" * 30):
        answer = door.client.get(f"/v1/status-lists/{number}")
        assert (answer.status_code, answer.json()["code"]) == (404, "status.list_unknown")
    assert door.client.get("/v1/status-lists/x").status_code == 422
