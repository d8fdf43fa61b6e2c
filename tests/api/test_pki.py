"""The authority at the door, over a real house: what it answers to genuine requests, to rubbish, and when something is away."""

import base64
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine
from starlette.testclient import TestClient

from api import pki_house, pki_routes, problems
from api.house import House
from api.pki_house import HousePki
from api.pki_responders import Responders
from api.rates import Rates
from api.schema import Role
from api.timestamping import TimestampAuthorities
from ca import store
from ca.algorithms import digests
from ca.ceremonies.names import Hierarchy
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.desk.issuance import CertificateDesk
from ca.encoding import der
from ca.errors import KeyMissing
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.reader import OcspResponse, read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.reading.names import DistinguishedName
from ca.timekeeping.clock import Clock, TrustedClock
from ca.timestamping.request import Failure
from ca.timestamping.timestamps import TimestampAuthority
from ca.timestamping.token import read_token
from ca.writing.certificate_request import CertificateRequest
from ca.writing.locations import Locations
from ledger.actor import Actor

OCSP = {"Content-Type": "application/ocsp-request"}
QUERY = {"Content-Type": "application/timestamp-query"}
OFFICER = Actor("person", "operator", None, None, frozenset({CERTIFICATE_OFFICER}))


def pki_over(house: House, clock: Clock | None = None) -> HousePki:
    responders = Responders(house.database, house.keys.signer)
    open_tsa = partial(house.ceremony.timestamp_authority, house.keys, clock=clock)
    return HousePki(house.database, responders, house.ceremony.hierarchies, TimestampAuthorities(open_tsa))


def client_of(pki: HousePki, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> TestClient:
    """The routes alone, at a rate that no test reaches."""
    app = FastAPI()
    problems.install(app)
    app.include_router(pki_routes.routes(pki, Rates(100_000), now))
    return TestClient(app)


@pytest.fixture(scope="module")
def client(house: House) -> TestClient:
    return client_of(pki_over(house))


@pytest.fixture
def away(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database, not there."""
    nowhere = create_engine("postgresql+psycopg://nobody@/none?host=/nonexistent")
    monkeypatch.setattr(house.database, "engine", lambda _role: nowhere)
    yield
    nowhere.dispose()


def ask(client: TestClient, request: bytes) -> OcspResponse:
    answer = client.post("/pki/ocsp", content=request, headers=OCSP)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    return read_ocsp_response(answer.content)


def stamp(client: TestClient, request: bytes, path: str = "/pki/tsa") -> bytes:
    answer = client.post(path, content=request, headers=QUERY)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/timestamp-reply")
    return answer.content


def about(house: House, *names: str, nonce: bytes | None = None) -> bytes:
    named = [house.ceremony.certificates[name] for name in names]
    return make_ocsp_request([one.cert_der for one in named], house.ceremony.issuer(named[0]).cert_der, nonce)


def query(data: bytes, hash_name: str = "SHA-256") -> bytes:
    imprint = der.sequence(digests.identifier(hash_name), der.octets(digests.compute(hash_name, data)))
    return der.sequence(der.integer(1), imprint, der.integer(4711), der.TRUE)


def failure(reply: bytes) -> Failure:
    """Return why a time was not stamped."""
    status = der.children(der.children(der.read(reply))[0])
    assert der.parse_integer(status[0]) == 2
    (number,) = (
        8 * octet + bit for octet, value in enumerate(status[-1].value[1:]) for bit in range(8) if value & 0x80 >> bit
    )
    return Failure(number)


def test_every_authority_has_its_certificate_and_a_list_that_lasts(house: House, client: TestClient) -> None:
    authorities = house.ceremony.authorities()
    assert len(authorities) == 8
    for credential in authorities:
        certificate = client.get(f"/pki/{credential.key_name}.cer").content
        assert certificate == credential.cert_der
        listed = read_crl(client.get(f"/pki/{credential.key_name}.crl").content)
        assert listed.issuer == read_certificate(certificate).subject
        assert listed.next_update is not None
        assert listed.next_update > datetime.now(UTC)
    for name in ("status", "nobody", "root-2"):
        for kind in ("cer", "crl"):
            assert client.get(f"/pki/{name}.{kind}").status_code == 404


def test_certificates_name_the_addresses_at_which_we_answer(house: House) -> None:
    where = Locations.of(house.ceremony.plan.base_url, "issuing-seals")
    found = read_certificate(house.ceremony.seals["market"].cert_der)
    assert where.ocsp == "http://127.0.0.1:8000/pki/ocsp"
    for address in (where.certificate, where.crl, where.ocsp):
        assert address.encode() in found.der


@pytest.mark.parametrize(
    "name", ["seal-market", "national-seal-market", "status", "issuing-seals", "national-timestamp"]
)
def test_what_the_ceremony_made_is_good(house: House, client: TestClient, name: str) -> None:
    request = about(house, name)
    response = ask(client, request)
    assert [one.verdict for one in response.singles] == ["good"]
    address = f"/pki/ocsp/{quote(base64.b64encode(request), safe='')}"
    kept = client.get(address)
    assert read_ocsp_response(kept.content).singles[0].verdict == "good"
    assert kept.headers["cache-control"].startswith("max-age=")
    assert client.get(address, headers={"If-None-Match": kept.headers["etag"]}).status_code == 304


def test_a_nonce_comes_back_and_the_answer_is_kept_by_nobody(house: House, client: TestClient) -> None:
    request = about(house, "seal-market", nonce=b"n" * 32)
    assert ask(client, request).nonce == b"n" * 32
    answer = client.get(f"/pki/ocsp/{quote(base64.b64encode(request), safe='')}")
    assert read_ocsp_response(answer.content).nonce == b"n" * 32
    assert "etag" not in answer.headers


def test_several_certificates_in_one_request(house: House, client: TestClient) -> None:
    response = ask(client, about(house, "seal-market", "seal-tobacco", "seal-housing"))
    assert [one.verdict for one in response.singles] == ["good"] * 3


def test_a_serial_number_that_was_never_given_is_unknown(house: House, client: TestClient) -> None:
    one = house.ceremony.certificates["seal-market"]
    genuine = read_certificate(one.cert_der).serial_number.to_bytes(20, "big")
    request = about(house, "seal-market").replace(genuine, bytes((0x11,)) * 20)
    assert [single.verdict for single in ask(client, request).singles] == ["unknown"]


def test_who_is_no_authority_of_ours_is_not_spoken_for(client: TestClient) -> None:
    signer = SoftwareSigner.generate("ES256")
    assert signer.algorithm == "ES256"
    name = bytes.fromhex("11" * 20)
    cert_id = der.sequence(digests.identifier("SHA-1"), der.octets(name), der.octets(name), der.integer(1))
    request = der.sequence(der.sequence(der.sequence(der.sequence(cert_id))))
    assert ask(client, request).status == "unauthorized"


def desk_of(house: House) -> CertificateDesk:
    return CertificateDesk(
        sessions=lambda: house.database.session(Role.WORKER),
        signers=house.keys.signer,
        wrapper=house.wrapper,
        promiser=house.promiser,
        locations=partial(Locations.of, house.ceremony.plan.base_url),
    )


def test_a_revocation_is_told_by_the_next_answer(house: House, client: TestClient, unique: Callable[[], int]) -> None:
    desk, now = desk_of(house), datetime.now(UTC)
    key = SoftwareSigner.generate("ES256").public_key
    name = DistinguishedName("测试接入系统", "测试市数据局")
    wanted = CertificateRequest("client", name, key, now, now + timedelta(days=30))
    issued = desk.issue(wanted, "issuing-systems", f"pki-{unique()}", OFFICER, now)
    serial = read_certificate(issued).serial_number
    request = make_ocsp_request(issued, house.ceremony.authority("systems").cert_der)
    assert ask(client, request).singles[0].verdict == "good"
    desk.hold(serial, now, OFFICER, now)
    held = ask(client, request).singles[0]
    assert (held.verdict, held.reason) == ("revoked", "certificateHold")
    desk.release(serial, OFFICER, datetime.now(UTC))
    assert ask(client, request).singles[0].verdict == "good"
    desk.revoke(serial, "keyCompromise", datetime.now(UTC), OFFICER, datetime.now(UTC))
    revoked = ask(client, request).singles[0]
    assert (revoked.verdict, revoked.reason) == ("revoked", "keyCompromise")


def test_a_renewed_responder_takes_over_by_itself(house: House, unique: Callable[[], int]) -> None:
    begin = datetime.now(UTC)
    shown = begin
    renewing = client_of(pki_over(house), lambda: shown)
    request = about(house, "seal-tobacco")
    before = ask(renewing, request).certificates
    with house.database.session(Role.WORKER) as session:
        row = store.certificate_by_key_name(session, "ocsp-seals")
        assert row is not None
    serial = int(row.serial_number, 16)
    until = begin + timedelta(days=90)
    renewed = desk_of(house).renew(serial, f"pki-{unique()}", until, OFFICER, begin + timedelta(seconds=2))
    shown = begin + timedelta(seconds=59)
    assert ask(renewing, request).certificates == before
    shown = begin + timedelta(seconds=61)
    assert ask(renewing, request).certificates == (renewed,) != before


@pytest.mark.parametrize(
    ("path", "hash_name", "algorithm"),
    [
        ("/pki/tsa", "SHA-256", "timestamp"),
        ("/pki/tsa", "SHA-512", "timestamp"),
        ("/pki/tsa/national", "SM3", "national-timestamp"),
        ("/pki/tsa/national", "SHA-256", "national-timestamp"),
    ],
)
def test_a_time_is_stamped(house: House, client: TestClient, path: str, hash_name: str, algorithm: str) -> None:
    before = datetime.now(UTC)
    status, token = der.children(der.read(stamp(client, query(b"data", hash_name), path)))
    assert der.parse_integer(der.children(status)[0]) == 0
    found = read_token(token.raw)
    assert before - timedelta(milliseconds=1) <= found.gen_time <= datetime.now(UTC)
    assert house.ceremony.certificates[algorithm].cert_der in token.raw


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (b"", Failure.BAD_DATA_FORMAT),
        (b"0", Failure.BAD_DATA_FORMAT),
        (b"\x30\x80" + b"\x00" * 100, Failure.BAD_DATA_FORMAT),
        (b"\x30" * 65536, Failure.BAD_DATA_FORMAT),
        (query(b"x") + b"\x00", Failure.BAD_DATA_FORMAT),
        (query(b"x", "SHA-1"), Failure.BAD_ALG),
    ],
    ids=["empty", "cut", "indefinite", "nested", "trailing", "sha-1"],
)
@pytest.mark.parametrize("path", ["/pki/tsa", "/pki/tsa/national"])
def test_what_is_no_query_is_rejected_with_its_reason(
    client: TestClient, path: str, request_: bytes, why: Failure
) -> None:
    assert failure(stamp(client, request_, path)) == why


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_rubbish_is_answered_by_the_protocols(house: House, client: TestClient, data: st.DataObject) -> None:
    sources = [about(house, "seal-market", nonce=b"n" * 16), query(b"data"), b""]
    source = data.draw(st.sampled_from(sources))
    begin = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(begin, min(len(source), begin + 9)))
    rubbish = source[:begin] + data.draw(st.binary(max_size=9)) + source[end:]
    assert ask(client, rubbish).status in {"successful", "malformedRequest", "unauthorized"}
    answer = client.get(f"/pki/ocsp/{quote(base64.b64encode(rubbish), safe='')}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    for path in ("/pki/tsa", "/pki/tsa/national"):
        status = der.children(der.read(stamp(client, rubbish, path)))[0]
        assert der.parse_integer(der.children(status)[0]) in {0, 2}


def test_without_the_database_the_protocols_say_try_later_and_time_goes_on(
    house: House, client: TestClient, away: None
) -> None:
    started_without = client_of(pki_over(house))
    for asked in (client, started_without):
        assert ask(asked, about(house, "seal-market")).status == "tryLater"
        reply = stamp(asked, query(b"data"))
        assert der.parse_integer(der.children(der.children(der.read(reply))[0])[0]) == 0
    for path in ("/pki/root.cer", "/pki/root.crl"):
        refused = started_without.get(path)
        assert (refused.status_code, refused.json()["code"]) == (503, "database.unavailable")


def test_a_suspect_clock_stamps_nothing(house: House) -> None:
    at = datetime.now(UTC)
    stopped = TrustedClock(wall=lambda: at, elapsed=iter(range(0, 10**9, 100)).__next__)
    suspect = client_of(pki_over(house, stopped), lambda: at)
    assert failure(stamp(suspect, query(b"data"))) == Failure.TIME_NOT_AVAILABLE
    assert failure(stamp(suspect, query(b"data"), "/pki/tsa/national")) == Failure.TIME_NOT_AVAILABLE


def test_a_new_key_stamps_within_a_minute_and_one_that_cannot_be_opened_stops_nothing(house: House) -> None:
    begin = datetime.now(UTC)
    shown = begin
    opened = [house.timestamp_authority("international"), None, house.timestamp_authority("national")]

    def opening(_hierarchy: Hierarchy) -> TimestampAuthority:
        found = opened.pop(0)
        if found is None:
            raise KeyMissing("timestamp")
        return found

    responders = Responders(house.database, house.keys.signer)
    client = client_of(
        HousePki(house.database, responders, ("international",), TimestampAuthorities(opening)), lambda: shown
    )

    def stamped_by() -> str:
        return read_token(der.children(der.read(stamp(client, query(b"data"))))[1].raw).signature_algorithm

    for seconds, algorithm in ((0, "ES256"), (59, "ES256"), (61, "ES256"), (122, "SM2"), (130, "SM2")):
        shown = begin + timedelta(seconds=seconds)
        assert stamped_by() == algorithm
    assert not opened


@pytest.mark.parametrize("name", ["%00", "root%00", "ROOT", "%C3%BC", "a" * 65, "a" * 5000, "root%0A"])
@pytest.mark.parametrize("kind", ["cer", "crl"])
def test_what_cannot_be_a_name_is_nobodys(client: TestClient, name: str, kind: str) -> None:
    answer = client.get(f"/pki/{name}.{kind}")
    assert (answer.status_code, answer.json()["code"]) == (404, "ca.authority_unknown")
    assert len(answer.content) < 1000


def test_where_there_is_no_national_hierarchy_nobody_stamps_for_it(house: House) -> None:
    responders = Responders(house.database, house.keys.signer)
    alone = client_of(HousePki(house.database, responders, ("international",), house.timestamp_authorities))
    answer = alone.post("/pki/tsa/national", content=query(b"data"), headers=QUERY)
    assert (answer.status_code, answer.json()["code"]) == (404, "ca.authority_unknown")


def test_a_failure_of_our_own_is_the_protocols_last_word_and_noted_without_what_was_sent(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    sent = "测试"

    def broken(_name: str) -> NoReturn:
        raise RuntimeError(sent)

    tsas = TimestampAuthorities(broken)
    failing = client_of(HousePki(house.database, Responders(house.database, broken), ("international",), tsas))
    assert ask(failing, about(house, "seal-market")).status == "internalError"
    assert failure(stamp(failing, query(b"data"))) == Failure.SYSTEM_FAILURE
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "RuntimeError" in caplog.text
    assert sent not in caplog.text


def test_who_comes_when_many_wait_is_told_at_once_to_try_later(
    house: House, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pki_house, "_QUEUE", 0)
    assert ask(client, about(house, "seal-market")).status == "tryLater"
    assert failure(stamp(client, query(b"data"))) == Failure.SYSTEM_FAILURE


def test_lookups_that_hang_keep_nobody_from_the_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    held, release = threading.Semaphore(0), threading.Event()

    def hang(_self: Responders, _now: datetime) -> None:
        held.release()
        assert release.wait(30)
        raise RuntimeError

    monkeypatch.setattr(Responders, "current", hang)
    with client_of(pki_over(house)) as hanging, ThreadPoolExecutor(20) as crowd:
        waiting = [crowd.submit(ask, hanging, about(house, "seal-market")) for _ in range(20)]
        for _ in range(4):
            assert held.acquire(timeout=30)
        assert not held.acquire(blocking=False)
        assert b"\x30" in stamp(hanging, query(b"data"))
        release.set()
        assert {one.result().status for one in waiting} == {"internalError"}
