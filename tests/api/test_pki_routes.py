"""The routes of the authority over answers of our own making: what HTTP adds to them, and what it must never break."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import pki_routes, problems
from api.guard import Guard
from api.pki import AuthorityCertificate, RevocationList
from api.rates import Rates
from ca.ceremonies.names import Hierarchy
from ca.desk.life_errors import AuthorityUnknown
from ca.ocsp.responder import OcspAnswer

NOW = datetime(2026, 11, 22, 10, 30, 15, 250_000, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEEP = b"keep"
SECRET = b"with a nonce"
OCSP = {"Content-Type": "application/ocsp-request"}
QUERY = {"Content-Type": "application/timestamp-query"}


@dataclass
class Answers:
    """Says what it was asked; keeps the requests in the order in which they came."""

    crl_ends: datetime = NOW + 7 * 24 * HOUR
    asked: list[bytes] = field(default_factory=list)

    async def certificate(self, authority: str) -> AuthorityCertificate:
        if authority != "root":
            raise AuthorityUnknown(authority)
        return AuthorityCertificate(b"certificate", NOW - 1000 * HOUR)

    async def crl(self, authority: str) -> RevocationList:
        if authority != "root":
            raise AuthorityUnknown(authority)
        self.asked.append(b"crl")
        return RevocationList(b"list", NOW - HOUR, self.crl_ends)

    async def ocsp(self, request: bytes, now: datetime) -> OcspAnswer:
        self.asked.append(request)
        if request == KEEP:
            return OcspAnswer(b"kept %d" % len(self.asked), "successful", now, now + HOUR, cacheable=True)
        return OcspAnswer(b"ocsp:" + request[:20], "successful", now, now + HOUR)

    async def timestamp(self, request: bytes, hierarchy: Hierarchy, now: datetime) -> bytes:
        self.asked.append(request)
        return hierarchy.encode() + b":" + request[:20]


@dataclass
class Door:
    client: TestClient
    answers: Answers
    now: datetime = NOW
    tick: float = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@pytest.fixture
def door() -> Iterator[Door]:
    answers = Answers()
    app = FastAPI()
    problems.install(app)
    app.add_middleware(Guard)
    app.include_router(pki_routes.routes(answers, Rates(10, tick=lambda: found.tick), lambda: found.now))
    with TestClient(app) as client:
        found = Door(client, answers)
        yield found


def path_of(request: bytes) -> str:
    return "/pki/ocsp/" + base64.b64encode(request).decode().replace("/", "%2F").replace("+", "%2B").replace("=", "%3D")


def test_a_certificate_and_a_list_have_the_standards_types(door: Door) -> None:
    certificate, revoked = door.get("/pki/root.cer"), door.get("/pki/root.crl")
    assert (certificate.content, certificate.headers["content-type"]) == (b"certificate", "application/pkix-cert")
    assert (revoked.content, revoked.headers["content-type"]) == (b"list", "application/pkix-crl")
    assert revoked.headers["cache-control"] == "max-age=300, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(revoked.headers["last-modified"]) == (NOW - HOUR).replace(microsecond=0)
    for path in ("/pki/other.cer", "/pki/other.crl", "/pki/..crl"):
        answer = door.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "ca.authority_unknown")
    assert door.head("/pki/root.crl").headers["content-type"] == "application/pkix-crl"


def test_a_list_is_read_once_in_ten_seconds_and_nobody_keeps_it_beyond_its_end(door: Door) -> None:
    door.answers.crl_ends = NOW + timedelta(seconds=100)
    for _ in range(3):
        assert "max-age=100," in door.get("/pki/root.crl").headers["cache-control"]
    assert door.answers.asked == [b"crl"]
    door.now = NOW + timedelta(seconds=101)
    late = door.get("/pki/root.crl")
    assert (late.status_code, late.headers["cache-control"]) == (200, "no-cache")
    assert door.answers.asked == [b"crl"] * 2


@pytest.mark.parametrize("path", ["/pki/root.cer", "/pki/root.crl", path_of(KEEP)])
def test_what_somebody_has_is_not_sent_again(door: Door, path: str) -> None:
    first = door.get(path)
    etag = first.headers["etag"]
    assert etag == f'"{hashlib.sha256(first.content).hexdigest()[:32]}"'
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = door.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (etag, first.headers["cache-control"])
    assert door.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_an_answer_by_address_may_be_kept_until_it_ends(door: Door) -> None:
    answer = door.get(path_of(KEEP))
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "max-age=3600, public, no-transform, must-revalidate"
    assert parsedate_to_datetime(answer.headers["expires"]) == (NOW + HOUR).replace(microsecond=0)
    assert parsedate_to_datetime(answer.headers["last-modified"]) == NOW.replace(microsecond=0)


def test_one_question_of_many_is_answered_once_in_five_seconds(door: Door) -> None:
    assert {door.get(path_of(KEEP)).content for _ in range(3)} == {b"kept 1"}
    door.now = NOW + timedelta(seconds=4)
    aged = door.get(path_of(KEEP))
    assert (aged.content, aged.headers["cache-control"].partition(",")[0]) == (b"kept 1", "max-age=3596")
    door.now = NOW + timedelta(seconds=5)
    assert door.get(path_of(KEEP)).content == b"kept 2"
    # By body nothing is kept by anybody.
    posted = door.post("/pki/ocsp", content=KEEP, headers=OCSP)
    assert (posted.content, posted.headers["cache-control"]) == (b"kept 3", "no-store")


def test_an_answer_for_one_only_is_kept_by_nobody(door: Door) -> None:
    for _ in range(2):
        answer = door.get(path_of(SECRET))
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers
    assert door.answers.asked == [SECRET] * 2


@pytest.mark.parametrize("request_", [b"0\xff\xff" * 7, b"0\x00", b"0" * 100, b"00\xfe\xfb\xef\xbe"])
def test_base64_in_the_address_as_clients_write_it(door: Door, request_: bytes) -> None:
    text = base64.b64encode(request_).decode()
    # Strict clients encode everything, others nothing, and some begin with a slash of their own.
    for path in (path_of(request_), f"/pki/ocsp/{text}", f"/pki/ocsp//{text.replace('/', '%2f')}"):
        assert door.get(path).content == b"ocsp:" + request_[:20]
    assert door.answers.asked == [request_] * 3


@pytest.mark.parametrize(
    "path",
    ["", "%00", "%FF%FE", "a", "====", "MA%20%3D%3D", "M A==", "测试", "%", "%zz", "A" * 5000, "?x=1"],
    ids=ascii,
)
def test_an_address_that_holds_no_request_is_the_responders_to_refuse(door: Door, path: str) -> None:
    answer = door.get("/pki/ocsp/" + path)
    assert (answer.status_code, answer.content) == (200, b"ocsp:")
    assert answer.headers["content-type"] == "application/ocsp-response"


PROTOCOLS = [
    ("/pki/ocsp", "application/ocsp-request", b"ocsp:"),
    ("/pki/tsa", "application/timestamp-query", b"international:"),
    ("/pki/tsa/national", "application/timestamp-query", b"national:"),
]


@pytest.mark.parametrize(("path", "media", "said"), PROTOCOLS)
def test_a_body_of_the_right_type_reaches_its_protocol(door: Door, path: str, media: str, said: bytes) -> None:
    reply = media.replace("-request", "-response").replace("-query", "-reply")
    for written in (media, media.upper(), f"{media}; charset=binary"):
        answer = door.post(path, content=b"\x30\x00", headers={"Content-Type": written})
        assert (answer.status_code, answer.content) == (200, said + b"\x30\x00")
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == (reply, "no-store")


@pytest.mark.parametrize(("path", "media", "said"), PROTOCOLS)
def test_what_says_that_it_is_something_else_is_no_request(door: Door, path: str, media: str, said: bytes) -> None:
    for headers in (
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": media, "Content-Encoding": "gzip"},
    ):
        answer = door.post(path, content=b"\x30\x00", headers=headers)
        assert (answer.status_code, answer.content) == (200, said)


@pytest.mark.parametrize(("path", "media", "said"), PROTOCOLS)
def test_up_to_64_kib_are_looked_at_and_not_a_byte_more(door: Door, path: str, media: str, said: bytes) -> None:
    headers = {"Content-Type": media}
    limit = 64 * 1024
    assert door.post(path, content=b"x" * limit, headers=headers).content == said + b"x" * 20
    door.answers.asked.clear()
    for size in (limit + 1, 20 * 1024 * 1024):
        answer = door.post(path, content=b"x" * size, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too_long")
    assert door.answers.asked == []


def test_who_asks_too_often_is_told_when_to_come_back_and_costs_nothing(door: Door) -> None:
    for _ in range(40):
        assert door.get("/pki/root.cer").status_code == 200
    door.answers.asked.clear()
    refused = [
        door.get("/pki/root.crl"),
        door.get(path_of(KEEP)),
        door.post("/pki/ocsp", content=KEEP, headers=OCSP),
        door.post("/pki/tsa", content=b"x" * 100_000, headers=QUERY),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["code"]) == (429, "request.too_many")
        assert answer.headers["retry-after"] == "1"
    assert door.answers.asked == []
    door.tick += 0.1
    assert door.get("/pki/root.cer").status_code == 200
    assert door.get("/pki/root.cer").status_code == 429


def test_other_methods_are_told_which_there_are(door: Door) -> None:
    for path, allowed in (("/pki/ocsp", "POST"), ("/pki/tsa", "POST"), ("/pki/root.crl", "GET, HEAD")):
        answer = door.put(path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
