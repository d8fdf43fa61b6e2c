"""Tokens of another maker's timestamp authority, openssl's, as we read them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca.algorithms import digests
from ca.errors import TokenInvalid
from ca.timestamping.token import TimestampToken, read_token
from ledger.signing import SignatureAlgorithm
from tests.ca.answering import INTERNATIONAL, POLICY, Answering, answering
from tests.ca.house import openssl, pem

DATA = b"dated by somebody else"
SIGNED_BY: dict[SignatureAlgorithm, str] = {"ES256": "sha256", "ES384": "sha384", "RS256": "sha256"}


def configure(city: Answering, folder: Path, **changes: str) -> Path:
    """Write openssl's configuration of a timestamp authority."""
    key = city.timestamp.signer._key  # type: ignore[attr-defined]
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "serial").write_text("01\n")
    options = {
        "serial": str(folder / "serial"),
        "crypto_device": "builtin",
        "signer_cert": str(pem(folder / "signer.pem", city.timestamp.certificate)),
        "certs": str(pem(folder / "certs.pem", city.root.certificate)),  # it adds the signer's itself
        "signer_key": str(folder / "key.pem"),
        "signer_digest": SIGNED_BY[city.timestamp.signer.algorithm],
        "default_policy": POLICY,
        "digests": "sha1, sha256, sha384, sha512",
        "ess_cert_id_alg": "sha256",
    } | changes
    body = "\n".join(f"{name} = {value}" for name, value in options.items())
    (folder / "tsa.cnf").write_text(f"[tsa]\ndefault_tsa = one\n[one]\n{body}\n")
    return folder / "tsa.cnf"


def foreign_token(city: Answering, folder: Path, asked: str = "-sha256", **changes: str) -> bytes:
    (folder / "data").write_bytes(DATA)
    query = openssl("ts", "-query", "-data", folder / "data", "-cert", asked, "-out", folder / "query")
    assert query.returncode == 0, query.stderr
    arguments = ("-config", configure(city, folder, **changes), "-queryfile", folder / "query", "-token_out")
    made = openssl("ts", "-reply", *arguments, "-out", folder / "token")
    assert made.returncode == 0, made.stderr
    return (folder / "token").read_bytes()


def check(token: TimestampToken, city: Answering, imprint: str = "SHA-256") -> None:
    assert (token.hash_algorithm, token.imprint) == (imprint, digests.compute(imprint, DATA))
    assert token.signer_certificate == city.timestamp.certificate
    assert token.policy == POLICY
    assert abs(datetime.now(UTC) - token.gen_time) < timedelta(minutes=5)


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_a_token_of_every_algorithm(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    city = answering(algorithm)
    token = read_token(foreign_token(city, tmp_path))
    check(token, city)
    assert token.signature_algorithm == algorithm
    assert token.nonce is not None
    assert (token.accuracy, token.ordering) == (None, False)
    assert set(token.certificates) == set(city.chain)


FORMS: dict[str, dict[str, str]] = {
    "everything in TSTInfo": {
        "accuracy": "secs:1, millisecs:500, microsecs:100",
        "ordering": "yes",
        "tsa_name": "yes",
        "clock_precision_digits": "3",
    },
    "the signing certificate by SHA-1": {"ess_cert_id_alg": "sha1"},
    "the signing certificate by SHA-512": {"ess_cert_id_alg": "sha512"},
    "the chain named as well": {"ess_cert_id_chain": "yes"},
    "the chain named by SHA-1": {"ess_cert_id_chain": "yes", "ess_cert_id_alg": "sha1"},
}


@pytest.mark.parametrize("changes", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_the_forms_that_openssl_can_be_told_to_use(
    tmp_path: Path, algorithm: SignatureAlgorithm, changes: dict[str, str]
) -> None:
    city = answering(algorithm)
    token = read_token(foreign_token(city, tmp_path, **changes))
    check(token, city)
    if "accuracy" in changes:
        assert token.accuracy == pytest.approx(1.5001)
        assert token.ordering


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_an_rsa_authority_may_sign_by_another_hash(tmp_path: Path, digest: str) -> None:
    city = answering("RS256")
    token = read_token(foreign_token(city, tmp_path, signer_digest=digest))
    check(token, city)
    assert token.signature_algorithm == f"RS{digest[3:]}"


@pytest.mark.parametrize("imprint", ["SHA-384", "SHA-512"])
def test_other_imprints(tmp_path: Path, imprint: str) -> None:
    city = answering("ES256")
    check(read_token(foreign_token(city, tmp_path, f"-{imprint.lower().replace('-', '')}")), city, imprint)


def test_a_token_over_sha_1_dates_nothing(tmp_path: Path) -> None:
    with pytest.raises(TokenInvalid, match="unknown hash"):
        read_token(foreign_token(answering("ES256"), tmp_path, "-sha1"))


def test_a_token_signed_with_sha_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TokenInvalid):
        read_token(foreign_token(answering("RS256"), tmp_path, signer_digest="sha1"))


def test_a_token_without_certificates_is_refused(tmp_path: Path) -> None:
    city = answering("ES256")
    foreign_token(city, tmp_path)
    asked = openssl("ts", "-query", "-data", tmp_path / "data", "-sha256", "-out", tmp_path / "query")
    assert asked.returncode == 0
    arguments = ("-config", tmp_path / "tsa.cnf", "-queryfile", tmp_path / "query", "-token_out")
    assert openssl("ts", "-reply", *arguments, "-out", tmp_path / "bare").returncode == 0
    with pytest.raises(TokenInvalid):
        read_token((tmp_path / "bare").read_bytes())


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_changed_bytes_are_found_or_outside_what_counts(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    """Every byte that is changed is refused, but for a second certificate, which is judged with the path."""
    city = answering(algorithm)
    token = foreign_token(city, tmp_path)
    for position in range(0, len(token), 3):
        changed = bytearray(token)
        changed[position] ^= 0x01
        try:
            found = read_token(bytes(changed))
        except TokenInvalid:
            continue
        assert found.certificates != city.chain
        assert found.signer_certificate == city.timestamp.certificate
