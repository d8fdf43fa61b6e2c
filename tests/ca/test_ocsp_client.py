"""A real responder (openssl's) is asked over HTTP, and only what it may say is taken."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import ocsp

from ca.errors import CAError
from ca.keys.software_signer import SoftwareSigner
from ca.ocsp.request import make_ocsp_request, read_ocsp_request
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import HttpClient, Limits
from ca.outside.ocsp_client import ask_ocsp
from ca.reading.certificate_reader import Certificate
from tests.ca.licensed import DAY, LicensedCa, cut_off, giving, making, silent, site
from tests.ca.test_crl_client import request_for

HTTP = HttpClient(Limits(connect=2.0, quiet=0.5, total=2.0))


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensedCa]:
    with site() as found:
        yield LicensedCa(tmp_path_factory.mktemp("licensed"), found)


@pytest.fixture
def seal(ca: LicensedCa) -> Certificate:
    return ca.seal(request_for(SoftwareSigner.generate("ES256")))


def verdict(ca: LicensedCa, seal: Certificate, path: str = "ocsp", known: datetime | None = None) -> str:
    response, single = ask_ocsp(HTTP, ca.url(path), seal, ca.issuing, datetime.now(UTC), known)
    assert response.about(seal.serial_number, ca.issuing) == single
    return single.verdict


def test_openssls_own_responder(ca: LicensedCa, seal: Certificate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [
        "openssl",
        "ocsp",
        *map(str, ca.responder_options()),
        "-port",
        str(port),
        "-ndays",
        "1",
        "-nrequest",
        "2",
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            try:
                _, single = ask_ocsp(HTTP, f"http://127.0.0.1:{port}/", seal, ca.issuing, datetime.now(UTC))
                break
            except ForeignUnavailable:
                time.sleep(0.05)
        assert single.verdict == "good"
        response, single = ask_ocsp(HTTP, f"http://127.0.0.1:{port}/", seal, ca.issuing, datetime.now(UTC))
        assert response.nonce is not None
        assert single.next_update is not None
        server.wait(10)
    finally:
        server.kill()
        server.wait()


def test_good_and_revoked_by_a_delegate_and_by_the_authority_itself(ca: LicensedCa, seal: Certificate) -> None:
    ca.site.routes[ca.path("itself")] = making(lambda request: ca.ocsp(request, signer="issuing"))
    assert (verdict(ca, seal), verdict(ca, seal, "itself")) == ("good", "good")
    ca.revoke(seal)
    assert (verdict(ca, seal), verdict(ca, seal, "itself")) == ("revoked", "revoked")


def test_a_responder_without_nonce_is_held_to_its_times(ca: LicensedCa, seal: Certificate) -> None:
    ca.site.routes[ca.path("ready-made")] = making(lambda request: ca.ocsp(request, "-no_nonce", "-ndays", 1))
    assert verdict(ca, seal, "ready-made") == "good"


def failure(
    ca: LicensedCa, seal: Certificate, make: Callable[[bytes], bytes], known: datetime | None = None
) -> CAError:
    ca.site.routes[ca.path("x")] = making(make)
    with pytest.raises((ForeignRefused, ForeignUnavailable)) as told:
        verdict(ca, seal, "x", known)
    assert isinstance(told.value, CAError)
    return told.value


def test_answers_that_are_not_believed(ca: LicensedCa, seal: Certificate, tmp_path: Path) -> None:
    other = LicensedCa(tmp_path, ca.site, "other")
    stranger = other.seal(request_for(SoftwareSigner.generate("ES256")))
    earlier = ca.ocsp(make_ocsp_request(seal.der, ca.issuing.der, bytes(32)))

    def broken(request: bytes) -> bytes:
        answer = bytearray(ca.ocsp(request))
        answer[len(answer) // 2] ^= 1
        return bytes(answer)

    assert isinstance(failure(ca, seal, lambda _: earlier), ForeignRefused)  # the answer to another question
    assert isinstance(failure(ca, seal, broken), ForeignRefused)
    assert isinstance(failure(ca, seal, lambda _: b""), ForeignRefused)
    assert isinstance(failure(ca, seal, lambda request: ca.ocsp(request, signer="tsa")), ForeignRefused)
    assert isinstance(failure(ca, seal, lambda request: ca.ocsp(request, "-no_nonce")), ForeignRefused)  # no nextUpdate
    assert isinstance(failure(ca, stranger, ca.ocsp), ForeignRefused)  # unknown here
    known = datetime.now(UTC) + timedelta(seconds=100)
    assert isinstance(failure(ca, seal, ca.ocsp, known), ForeignUnavailable)  # older than what we have


def test_a_delegate_that_has_ended_cannot_speak_of_later_times(ca: LicensedCa, seal: Certificate) -> None:
    """Its key may be anybody's by then: what it dates back to its own life it cannot have known."""
    later = ca.responder.not_after + 2 * DAY
    responder = x509.load_der_x509_certificate(ca.responder.der)
    made = ocsp.OCSPResponseBuilder().add_response(
        cert=x509.load_der_x509_certificate(seal.der),
        issuer=x509.load_der_x509_certificate(ca.issuing.der),
        algorithm=SHA1(),
        cert_status=ocsp.OCSPCertStatus.GOOD,
        this_update=later - timedelta(hours=1),
        next_update=later + DAY,
        revocation_time=None,
        revocation_reason=None,
    )
    made = made.responder_id(ocsp.OCSPResponderEncoding.HASH, responder).certificates([responder])
    key = load_pem_private_key((ca.folder / "ocsp.key").read_bytes(), None)
    answer = made.sign(key, SHA256()).public_bytes(Encoding.DER)  # type: ignore[arg-type]
    ca.site.routes[ca.path("x")] = giving(answer)
    with pytest.raises(ForeignRefused):
        ask_ocsp(HTTP, ca.url("x"), seal, ca.issuing, later)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(1, ForeignRefused), (2, ForeignUnavailable), (3, ForeignUnavailable), (5, ForeignRefused), (6, ForeignRefused)],
)
def test_the_protocols_own_refusals(ca: LicensedCa, seal: Certificate, code: int, kind: type[CAError]) -> None:
    assert type(failure(ca, seal, lambda _: bytes((0x30, 3, 0x0A, 1, code)))) is kind


def test_answers_out_of_time(ca: LicensedCa, seal: Certificate) -> None:
    for moment, kind in ((2 * DAY, ForeignUnavailable), (-DAY, ForeignRefused)):
        with pytest.raises(kind):
            ask_ocsp(HTTP, ca.url("ocsp"), seal, ca.issuing, datetime.now(UTC) + moment)


def test_a_server_in_trouble(ca: LicensedCa, seal: Certificate) -> None:
    for answer in (giving(b"", 500), cut_off(b"0" * 50), silent(1.0)):
        ca.site.routes[ca.path("x")] = answer
        with pytest.raises(ForeignUnavailable):
            verdict(ca, seal, "x")


def test_the_question_names_the_certificate_and_carries_32_random_octets(ca: LicensedCa, seal: Certificate) -> None:
    asked: list[bytes] = []

    def answer(request: bytes) -> bytes:
        asked.append(request)
        return ca.ocsp(request)

    ca.site.routes[ca.path("x")] = making(answer)
    for _ in range(2):
        verdict(ca, seal, "x")
    nonces = {read_ocsp_request(one).nonce for one in asked}
    assert len(nonces) == 2
    assert {len(nonce or b"") for nonce in nonces} == {32}
    assert all(one.serial == seal.serial_number for data in asked for one in read_ocsp_request(data).ids)
