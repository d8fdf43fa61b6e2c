"""What openssl and GnuTLS say of our answers, and what we read of openssl's."""

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca.algorithms import signatures
from ca.ocsp.reader import read_ocsp_response
from ca.ocsp.request import make_ocsp_request
from ca.ocsp.responder import CertificateStatus
from ca.reading.certificate_reader import read_certificate
from ca.writing.certificates import Authority
from ledger.signing import SignatureAlgorithm
from tests.ca.answering import INTERNATIONAL, Answering, answering
from tests.ca.house import NOW, openssl, pem

REVOKED = {"_1": CertificateStatus("revoked", NOW - timedelta(days=2), "keyCompromise")}
AT = ("-attime", str(int(NOW.timestamp()) + 1))
# openssl compares thisUpdate and nextUpdate with the system's time, whatever -attime says
LENIENT = ("-validity_period", str(30 * 365 * 86400))


def files(city: Answering, folder: Path) -> tuple[Path, list[Path]]:
    issuer = pem(folder / "issuer.pem", city.issuing.certificate)
    return issuer, [pem(folder / f"{number}.pem", one) for number, one in enumerate(city.people)]


def listed(certificates: Sequence[Path]) -> list[str | Path]:
    return [part for one in certificates for part in ("-cert", one)]


def judge(city: Answering, folder: Path, certificates: Sequence[Path]) -> str:
    """Let openssl compare the response with the request, verify it up to the root, and look the certificates up."""
    root = pem(folder / "root.pem", city.root.certificate)
    trust = ("-CAfile", root, "-verify_other", folder / "issuer.pem", "-no_nonce", *AT, *LENIENT)
    # with certificates named, openssl makes a request of its own and forgets the file's
    compared = openssl("ocsp", "-reqin", folder / "request", "-respin", folder / "response", *trust)
    found = openssl(
        "ocsp", "-respin", folder / "response", "-issuer", folder / "issuer.pem", *listed(certificates), *trust
    )
    return "\n".join(one.decode() for one in (compared.stderr, found.stderr, found.stdout))


@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_asks_about_several_and_believes_the_answer(
    tmp_path: Path, algorithm: SignatureAlgorithm, nonce: str
) -> None:
    city = answering(algorithm)
    issuer, people = files(city, tmp_path)
    made = openssl("ocsp", "-issuer", issuer, *listed(people[:3]), nonce, "-reqout", tmp_path / "request")
    assert made.returncode == 0, made.stderr
    responder = city.responder(**REVOKED)
    (tmp_path / "response").write_bytes(responder.respond((tmp_path / "request").read_bytes(), NOW).der)
    shown = judge(city, tmp_path, people[:3])
    assert shown.count("Response verify OK") == 2, shown
    assert "nonce" not in shown.lower()
    assert [line.rpartition(": ")[2] for line in shown.splitlines() if ".pem: " in line] == ["good", "revoked", "good"]
    assert "Reason: keyCompromise" in shown


@pytest.mark.parametrize("place", ["data", "signature"])
def test_openssl_refuses_a_changed_answer(tmp_path: Path, place: str) -> None:
    city = answering("ES256")
    _, people = files(city, tmp_path)
    (tmp_path / "request").write_bytes(make_ocsp_request(city.people[0], city.issuing.certificate))
    response = city.responder(**REVOKED).respond((tmp_path / "request").read_bytes(), NOW).der
    found = read_ocsp_response(response)
    inside = found.tbs if place == "data" else found.signature
    at = response.index(inside) + len(inside) - 1
    (tmp_path / "response").write_bytes(response[:at] + bytes((response[at] ^ 1,)) + response[at + 1 :])
    assert "Response verify OK" not in judge(city, tmp_path, people[:1])


def test_openssl_notices_an_answer_to_another_nonce(tmp_path: Path) -> None:
    city = answering("ES256")
    _, people = files(city, tmp_path)
    asked, answered = (make_ocsp_request(city.people[0], city.issuing.certificate, one * 32) for one in (b"a", b"b"))
    (tmp_path / "request").write_bytes(asked)
    (tmp_path / "response").write_bytes(city.responder().respond(answered, NOW).der)
    assert "Nonce Verify error" in judge(city, tmp_path, people[:1])


def test_openssl_knows_an_unknown_certificate_and_an_error(tmp_path: Path) -> None:
    city, other = answering("ES256"), answering("ES256", "乙")
    issuer, _ = files(city, tmp_path)
    unknown = openssl("ocsp", "-issuer", issuer, "-serial", "0x1234", "-no_nonce", "-reqout", tmp_path / "request")
    assert unknown.returncode == 0
    (tmp_path / "response").write_bytes(city.responder().respond((tmp_path / "request").read_bytes(), NOW).der)
    shown = openssl("ocsp", "-respin", tmp_path / "response", "-resp_text", "-noverify").stdout.decode()
    assert "Cert Status: unknown" in shown
    assert "Archive Cutoff" in shown
    (tmp_path / "response").write_bytes(other.responder().respond((tmp_path / "request").read_bytes(), NOW).der)
    refused = openssl("ocsp", "-respin", tmp_path / "response")
    assert b"Responder Error: unauthorized (6)" in refused.stdout + refused.stderr


def ocsptool(*arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["ocsptool", *map(str, arguments)], capture_output=True, check=False)


@pytest.mark.parametrize("nonce", ["--nonce", "--no-nonce"])
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_gnutls_asks_and_believes_the_answer(tmp_path: Path, algorithm: SignatureAlgorithm, nonce: str) -> None:
    # ocsptool judges at the system's time and knows no other
    now = datetime.now(UTC)
    city = answering(algorithm, at=now.replace(hour=0, minute=0, second=0, microsecond=0))
    issuer, people = files(city, tmp_path)
    made = ocsptool("-q", "--load-issuer", issuer, "--load-cert", people[1], nonce, "--outfile", tmp_path / "request")
    assert made.returncode == 0, made.stderr
    answer = city.responder(**REVOKED).respond((tmp_path / "request").read_bytes(), now)
    assert answer.status == "successful"
    (tmp_path / "response").write_bytes(answer.der)
    shown = ocsptool("-j", "--infile", tmp_path / "response").stdout.decode()
    assert "Certificate Status: revoked" in shown
    trust = ("--load-trust", issuer)
    verified = ocsptool("-e", "--load-response", tmp_path / "response", *trust)
    assert b"Verifying OCSP Response: Success" in verified.stdout, verified.stdout + verified.stderr
    found = read_ocsp_response(answer.der)
    at = answer.der.index(found.signature) + len(found.signature) - 1
    (tmp_path / "response").write_bytes(answer.der[:at] + bytes((answer.der[at] ^ 1,)) + answer.der[at + 1 :])
    verified = ocsptool("-e", "--load-response", tmp_path / "response", *trust)
    assert b"Verifying OCSP Response: Failure, Signature failure" in verified.stdout


def private_key(path: Path, authority: Authority) -> Path:
    key = authority.signer._key  # type: ignore[attr-defined]
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def row(verdict: str, serial: int, revoked: str = "") -> str:
    return "\t".join((verdict, "360101000000Z", revoked, f"{serial:X}", "unknown", "/CN=test")) + "\n"


@pytest.mark.parametrize("naming", [(), ("-resp_key_id",)])
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_we_read_an_answer_of_openssls_responder(
    tmp_path: Path, algorithm: SignatureAlgorithm, naming: tuple[str, ...]
) -> None:
    city = answering(algorithm)
    issuer, _ = files(city, tmp_path)
    (tmp_path / "index").write_text(row("V", city.serial(0)) + row("R", city.serial(1), "261120083015Z,keyCompromise"))
    request = make_ocsp_request(city.people[:3], city.issuing.certificate, b"n" * 16, hash_algorithm="SHA-256")
    (tmp_path / "request").write_bytes(request)
    made = openssl(
        *("ocsp", "-index", tmp_path / "index", "-CA", issuer),
        *naming,
        *("-rsigner", pem(tmp_path / "signer.pem", city.delegate.certificate)),
        *("-rkey", private_key(tmp_path / "key.pem", city.delegate), "-nmin", "5"),
        *("-rmd", "sha384" if algorithm == "ES384" else "sha256"),
        *("-reqin", tmp_path / "request", "-respout", tmp_path / "response"),
    )
    assert made.returncode == 0, made.stderr
    found = read_ocsp_response((tmp_path / "response").read_bytes())
    delegate = read_certificate(city.delegate.certificate)
    assert found.names(delegate)
    assert found.certificates == (delegate.der,)
    assert found.nonce == b"n" * 16
    assert signatures.verify(delegate.public_key, found.signature_algorithm, found.tbs, found.signature)
    assert [one.verdict for one in found.singles] == ["good", "revoked", "unknown"]
    revoked = found.about(city.serial(1), city.issuer())
    assert revoked is not None
    assert (revoked.at, revoked.reason) == (
        datetime(2026, 11, 20, 8, 30, 15, tzinfo=UTC),
        "keyCompromise",
    )
