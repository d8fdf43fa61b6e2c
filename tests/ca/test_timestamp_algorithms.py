"""Timestamp authorities of every algorithm, and what a token may be over; the rest is in test_timestamps.py."""

import asyncio
import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import cms, tsp
from asn1crypto import x509 as x509_asn1
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import KeyMissing, ProfileViolated, TokenInvalid
from ca.keys.software_signer import SoftwareSigner
from ca.timekeeping.clock_errors import ClockSuspect
from ca.timestamping.request import Failure
from ca.timestamping.timestamps import TimestampAuthority, read_token, refusal
from ca.writing.certificates import Authority, issue
from ca.writing.profiles import PROFILES
from ledger.signing import SignatureAlgorithm
from tests.ca import sm2_verifier
from tests.ca.answering import INTERNATIONAL, POLICY, answering, name
from tests.ca.house import NOW, STATUS_USAGE, YEAR, Extra, certify, openssl, pem

DATA = "测试 data to be dated".encode()
ALL: tuple[SignatureAlgorithm, ...] = (*INTERNATIONAL, "SM2")
STAMPED = {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "SM3": "sm3"}
MILLISECOND = NOW.replace(microsecond=123000)
AT = ("-attime", str(int(NOW.timestamp()) + 1))


@pytest.mark.parametrize("imprint", STAMPED)
@pytest.mark.parametrize("algorithm", ALL)
def test_every_algorithm_stamps_every_digest(algorithm: SignatureAlgorithm, imprint: str) -> None:
    city = answering(algorithm)
    digest = digests.compute(imprint, DATA)
    token = read_token(city.stamper().stamp(digest, NOW, nonce=7, hash_algorithm=imprint))
    assert (token.imprint, token.hash_algorithm, token.nonce) == (digest, imprint, 7)
    assert (token.gen_time, token.policy, token.accuracy, token.ordering) == (MILLISECOND, POLICY, 1.0, False)
    assert token.signature_algorithm == algorithm
    assert token.signer_certificate == city.timestamp.certificate
    assert set(token.certificates) == set(city.chain)


@pytest.mark.parametrize(("imprint", "size"), [("SHA-256", 31), ("SHA-384", 32), ("SM3", 33)])
def test_only_a_digest_of_its_length_is_stamped(imprint: str, size: int) -> None:
    with pytest.raises(ValueError, match="bytes"):
        answering("ES256").stamper().stamp(bytes(size), NOW, hash_algorithm=imprint)


@pytest.mark.parametrize("imprint", ["sha256", "sha384", "sha512", "sm3"])
@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_openssl_asks_and_believes_the_answer(tmp_path: Path, algorithm: SignatureAlgorithm, imprint: str) -> None:
    city = answering(algorithm)
    (tmp_path / "data").write_bytes(DATA)
    query = ("ts", "-query", "-data", tmp_path / "data", f"-{imprint}", "-cert", "-tspolicy", POLICY)
    asked = openssl(*query, "-out", tmp_path / "query")
    assert asked.returncode == 0, asked.stderr
    (tmp_path / "response").write_bytes(city.stamper().respond((tmp_path / "query").read_bytes(), NOW))
    judge = ("ts", "-verify", "-in", tmp_path / "response", *AT)
    root = ("-CAfile", pem(tmp_path / "root.pem", city.root.certificate))
    verified = openssl(*judge, "-queryfile", tmp_path / "query", *root)
    assert verified.returncode == 0, verified.stderr
    other = ("-CAfile", pem(tmp_path / "other.pem", answering(algorithm, "乙").root.certificate))
    assert openssl(*judge, "-queryfile", tmp_path / "query", *other).returncode != 0
    (tmp_path / "data").write_bytes(DATA + b"!")
    assert openssl(*judge, "-data", tmp_path / "data", *root).returncode != 0


@pytest.mark.parametrize("algorithm", ALL)
def test_asn1crypto_reads_the_same_and_writes_the_same_bytes(algorithm: SignatureAlgorithm) -> None:
    token = answering(algorithm).stamper().stamp(bytes(32), NOW)
    info = cms.ContentInfo.load(token, strict=True)
    assert info.dump(force=True) == token


@pytest.mark.parametrize("algorithm", INTERNATIONAL)
def test_pyhanko_believes_the_token(algorithm: SignatureAlgorithm) -> None:
    city = answering(algorithm)
    data = cms.ContentInfo.load(city.stamper().stamp(bytes(32), NOW))["content"]
    context = ValidationContext(trust_roots=[x509_asn1.Certificate.load(city.root.certificate)], moment=NOW)
    result = asyncio.run(validate_tst_signed_data(data, context, lambda _: bytes(32)))
    assert (result["valid"], result["intact"], result["trust_problem_indic"]) == (True, True, None)
    assert result["timestamp"] == MILLISECOND


def test_national_tokens_hold_over_the_extracted_bytes(tmp_path: Path) -> None:
    city = answering("SM2")
    token = city.stamper().stamp(digests.compute("SM3", DATA), NOW, hash_algorithm="SM3")
    (signer,) = cms.ContentInfo.load(token)["content"]["signer_infos"]
    data, signature = signer["signed_attrs"].untag().dump(), signer["signature"].native
    (tmp_path / "data").write_bytes(data)
    (tmp_path / "signature").write_bytes(signature)
    (tmp_path / "key.der").write_bytes(city.timestamp.signer.public_key)
    verify = (
        *("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
        *("-pubin", "-keyform", "DER", "-inkey", tmp_path / "key.der", "-sigfile", tmp_path / "signature"),
    )
    assert openssl(*verify, "-in", tmp_path / "data").returncode == 0
    assert sm2_verifier.verify(city.timestamp.signer.public_key, data, signature)
    (tmp_path / "data").write_bytes(data + b"\0")
    assert openssl(*verify, "-in", tmp_path / "data").returncode != 0


def test_national_tokens_use_sm3_throughout() -> None:
    token = answering("SM2").stamper().stamp(digests.compute("SM3", DATA), NOW, hash_algorithm="SM3")
    assert der.oid(oids.SHA256) not in token
    # in the digest set, the imprint, the signer, the signing certificate and the protected algorithms
    assert token.count(der.oid(oids.SM3)) == 5


@pytest.mark.parametrize("algorithm", ALL)
def test_an_algorithm_with_two_spellings_is_itself_signed(algorithm: SignatureAlgorithm) -> None:
    token = answering(algorithm).stamper().stamp(bytes(32), NOW)
    assert (der.oid(oids.ALGORITHM_PROTECTION) in token) == (algorithm in {"RS256", "SM2"})
    if algorithm == "RS256":
        written = signatures.identifier("RS256")
        plain = der.sequence(der.oid(oids.RSA_ENCRYPTION), der.tlv(der.NULL))
        assert len(plain) == len(written)
        with pytest.raises(TokenInvalid, match="other algorithms"):
            read_token(token.replace(written, plain))


@pytest.mark.parametrize("algorithm", ALL)
def test_changed_bytes_are_found(algorithm: SignatureAlgorithm) -> None:
    city = answering(algorithm)
    token = city.stamper().stamp(bytes(32), NOW)
    signer = len(token) - len(token) // 4  # the last quarter: the signer's part and its signature
    for position in range(signer, len(token)):
        changed = bytearray(token)
        changed[position] ^= 0x01
        with pytest.raises(TokenInvalid):
            read_token(bytes(changed))


def test_a_key_without_a_hash_of_its_own_stamps_nothing() -> None:
    root = answering("ES256").root
    signer = SoftwareSigner.generate("Ed25519")
    purpose = Extra(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    authority = certify("测试", root, usage=STATUS_USAGE, ca=False, extras=[purpose], signer=signer)
    with pytest.raises(ProfileViolated, match="Ed25519"):
        TimestampAuthority(signer, (authority.certificate, root.certificate), POLICY)


@pytest.mark.parametrize(
    ("accuracy", "stated"),
    [
        (timedelta(seconds=1), 1.0),
        (timedelta(milliseconds=250), 0.25),
        (timedelta(seconds=2, milliseconds=5), 2.005),
    ],
)
def test_the_accuracy_is_stated(tmp_path: Path, accuracy: timedelta, stated: float) -> None:
    token = answering("ES256").stamper(accuracy=accuracy).stamp(bytes(32), NOW)
    assert read_token(token).accuracy == pytest.approx(stated)
    (tmp_path / "token").write_bytes(token)
    shown = openssl("ts", "-reply", "-in", tmp_path / "token", "-token_in", "-token_out", "-text").stdout.decode()
    seconds = f"0x{accuracy.seconds:02X}" if accuracy.seconds else "unspecified"
    millis = f"0x{accuracy.microseconds // 1000:02X}" if accuracy.microseconds else "unspecified"
    assert f"Accuracy: {seconds} seconds, {millis} millis, unspecified micros" in shown


def test_an_accuracy_below_a_millisecond_is_not_promised() -> None:
    with pytest.raises(ValueError, match="millisecond"):
        answering("ES256").stamper(accuracy=timedelta(microseconds=999))


def test_ordered_tokens_have_times_that_order_them(tmp_path: Path) -> None:
    authority = answering("ES256").stamper(ordering=True)
    moments = [NOW, NOW, NOW - timedelta(hours=1), NOW + timedelta(seconds=1), NOW]
    tokens = [authority.stamp(bytes(32), moment) for moment in moments]
    times = [read_token(token).gen_time for token in tokens]
    assert times == sorted(set(times))
    assert times[0] == NOW
    assert all(read_token(token).ordering for token in tokens)
    (tmp_path / "token").write_bytes(tokens[1])
    shown = openssl("ts", "-reply", "-in", tmp_path / "token", "-token_in", "-token_out", "-text").stdout.decode()
    assert "Ordering: yes" in shown


def test_ordered_tokens_of_many_threads_have_times_of_their_own() -> None:
    authority = answering("ES256").stamper(ordering=True)
    with ThreadPoolExecutor(4) as pool:
        tokens = list(pool.map(lambda _: authority.stamp(bytes(32), NOW), range(200)))
    assert len({read_token(token).gen_time for token in tokens}) == 200


class Stopped:
    """A clock that nobody may date by."""

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def check(self, now: datetime) -> None:
        self.asked.append(now)
        raise ClockSuspect("jumped", 3.0)


def query(**members: object) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(DATA).digest()}
    data: bytes = tsp.TimeStampReq({"version": "v1", "message_imprint": imprint} | members).dump()
    return data


def test_a_suspect_clock_stamps_nothing(tmp_path: Path) -> None:
    clock = Stopped()
    authority = answering("ES256").stamper(clock=clock)
    assert authority.respond(query(), NOW) == refusal(Failure.TIME_NOT_AVAILABLE)
    with pytest.raises(ClockSuspect):
        authority.stamp(bytes(32), NOW)
    assert clock.asked == [NOW, NOW]
    (tmp_path / "response").write_bytes(authority.respond(query(), NOW))
    shown = openssl("ts", "-reply", "-in", tmp_path / "response", "-text").stdout.decode()
    assert "the TSA's time source is not available" in shown
    # what is wrong with the request is said without looking at the clock
    assert authority.respond(b"", NOW) == refusal(Failure.BAD_DATA_FORMAT)


def test_a_key_that_is_away_is_a_failure_of_the_system() -> None:
    city = answering("ES256")

    class Unplugged:
        algorithm = "ES256"
        public_key = city.timestamp.signer.public_key

        def sign(self, data: bytes) -> bytes:
            raise KeyMissing("timestamp")

    authority = TimestampAuthority(Unplugged(), city.chain, POLICY)  # type: ignore[arg-type]
    assert authority.respond(query(), NOW) == refusal(Failure.SYSTEM_FAILURE)


def test_an_authority_outside_its_validity_answers_with_a_failure() -> None:
    authority = answering("ES256").stamper()
    for moment in (NOW - 2 * YEAR, NOW + 9 * YEAR):
        assert authority.respond(query(), moment) == refusal(Failure.SYSTEM_FAILURE)


def test_a_token_of_another_key_of_the_same_name_is_refused() -> None:
    city = answering("ES256")
    signer = SoftwareSigner.generate("ES256")
    twin = Authority(
        issue(PROFILES["timestamp"], name("测试时间戳甲"), signer.public_key, city.root, NOW, NOW + YEAR), signer
    )
    theirs = TimestampAuthority(twin.signer, (twin.certificate, city.root.certificate), POLICY).stamp(bytes(32), NOW)
    swapped = theirs.replace(twin.certificate, city.timestamp.certificate)
    with pytest.raises(TokenInvalid):
        read_token(swapped)
