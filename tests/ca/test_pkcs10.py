"""Certification requests: ours are believed by others' tools, and theirs by us."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, pem
from ca.keys.software_signer import SoftwareSigner
from ca.reading.names import attributes, encode
from ca.writing.certificate_errors import RequestInvalid
from ca.writing.certificates import DistinguishedName
from ca.writing.pkcs10 import LABEL, make_pkcs10, read_pkcs10
from ca.writing.signed import signed
from ledger.signing import SignatureAlgorithm
from tests.ca.house import openssl

NAME = DistinguishedName("99010000000003", "11990100MB9T00038E测试市市场监督管理局")
SM2_ID = "distid:1234567812345678"
ALGORITHMS: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "Ed25519", "SM2")
KEY = SoftwareSigner.generate("ES256")
REQUEST = make_pkcs10(KEY, NAME)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_request_is_read_as_it_was_made_and_openssl_verifies_it(
    algorithm: SignatureAlgorithm, tmp_path: Path
) -> None:
    signer = SoftwareSigner.generate(algorithm)
    made = make_pkcs10(signer, NAME)
    read = read_pkcs10(made)
    assert (read.subject, read.public_key, read.algorithm) == (NAME.encode(), signer.public_key, algorithm)
    assert read.distinguished_name() == NAME
    path = tmp_path / "request.pem"
    path.write_bytes(pem.encode(LABEL, made))
    assert read_pkcs10(path.read_bytes()) == read
    options = ("-vfyopt", SM2_ID) if algorithm == "SM2" else ()
    verified = openssl("req", "-in", path, "-verify", "-noout", "-subject", "-nameopt", "utf8", *options)
    assert verified.returncode == 0, verified.stderr
    assert b"verify OK" in verified.stderr + verified.stdout
    assert "市场监督管理局" in verified.stdout.decode()


def test_certtool_shows_our_request() -> None:
    shown = subprocess.run(["certtool", "--crq-info", "--inder"], input=REQUEST, capture_output=True, check=True)
    assert b"Self signature: verified" in shown.stdout + shown.stderr
    assert "CN=99010000000003" in shown.stdout.decode()


KEY_OPTIONS = {
    "ES256": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "ES384": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
    "RS256": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"),
    "Ed25519": ("-algorithm", "ED25519"),
    "SM2": ("-algorithm", "SM2"),
}


def foreign(algorithm: str, folder: Path, *options: str) -> bytes:
    """A request of openssl's own making, with attributes that we never asked for."""
    key = folder / "key.pem"
    assert openssl("genpkey", *KEY_OPTIONS[algorithm], "-out", key).returncode == 0
    config = folder / "request.cnf"
    config.write_text(
        "[req]\ndistinguished_name = dn\nprompt = no\nreq_extensions = ext\nutf8 = yes\nstring_mask = utf8only\n"
        "[dn]\nC = CN\nO = 测试市\nCN = 测试系统\n[ext]\nbasicConstraints = critical, CA:TRUE\n"
    )
    digest = {"SM2": ("-sm3", "-sigopt", SM2_ID), "ES384": ("-sha384",)}.get(algorithm, ())
    made = openssl("req", "-new", "-key", key, "-config", config, *digest, *options)
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.mark.parametrize("algorithm", KEY_OPTIONS)
def test_openssls_requests_are_read(algorithm: str, tmp_path: Path) -> None:
    read = read_pkcs10(foreign(algorithm, tmp_path))
    assert read.algorithm == algorithm
    assert read.distinguished_name() == DistinguishedName("测试系统", "测试市")


def test_a_request_signed_with_sha_1_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestInvalid, match="algorithm"):
        read_pkcs10(foreign("RS256", tmp_path, "-sha1"))


def request_for(subject: bytes, attributes_: bytes = b"\xa0\x00", version: int = 0) -> bytes:
    return signed(der.sequence(der.integer(version), subject, KEY.public_key, attributes_), KEY)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "end inside"),
        (b"\x30" * 70_000, "64 KiB"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n", "not closed"),
        (pem.encode("CERTIFICATE", REQUEST), "exactly one"),
        (pem.encode(LABEL, REQUEST) * 2, "exactly one"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\nMAA\n-----END CERTIFICATE REQUEST-----\n", "base64"),
        (request_for(NAME.encode(), version=1), "version"),
        (request_for(NAME.encode(), b""), "missing"),
        (request_for(der.sequence(der.sequence())), "tag"),
        (REQUEST[:-1] + bytes((REQUEST[-1] ^ 1,)), "key inside"),
        (signed(der.children(der.read(REQUEST))[0].raw, SoftwareSigner.generate("ES256")), "key inside"),
        (REQUEST + b"\0", "after the end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_request_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(RequestInvalid, match=word):
        read_pkcs10(data)


@pytest.mark.parametrize(
    "pairs",
    [
        (("2.5.4.3", "测试"),),
        (("2.5.4.3", "测试"), ("2.5.4.10", "测试市"), ("2.5.4.11", "处室")),
        (("2.5.4.3", "测试"), ("2.5.4.10", "测试市"), ("2.5.4.3", "又一个")),
        (),
    ],
)
def test_a_name_that_we_would_shorten_is_refused(pairs: tuple[tuple[str, str], ...]) -> None:
    read = read_pkcs10(request_for(encode(*pairs)))
    assert attributes(read.subject) == pairs
    with pytest.raises(RequestInvalid):
        read.distinguished_name()


def test_no_request_for_a_name_that_no_certificate_could_bear() -> None:
    with pytest.raises(RequestInvalid):
        make_pkcs10(KEY, DistinguishedName("", "测试市"))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(REQUEST) - 1), st.integers(1, 255))
def test_every_changed_octet_is_noticed(position: int, change: int) -> None:
    changed = bytearray(REQUEST)
    changed[position] ^= change
    with pytest.raises(RequestInvalid):
        read_pkcs10(bytes(changed))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(RequestInvalid):
        read_pkcs10(data)
