from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from ca.algorithms import signatures
from ca.encoding import der, oids
from ca.errors import KeyUnreadable, PassphraseWrong
from ca.keys import pkcs8
from ca.keys.folder import KeyFolder
from ca.keys.passphrase import Cost
from ca.keys.software_signer import SoftwareSigner
from ledger.signing import PrefixSigner, SignatureAlgorithm, Signer, signing_after
from tests.ca.house import CHEAP, openssl

ALGORITHMS: tuple[SignatureAlgorithm, ...] = ("ES256", "ES384", "RS256", "Ed25519", "SM2")
KINDS = {"ES256": ("P-256", 256), "ES384": ("P-384", 384), "RS256": ("RSA", 3072), "Ed25519": ("Ed25519", 256)} | {
    "SM2": ("SM2", 256)
}
HASHING: dict[str, tuple[str, ...]] = {
    "ES256": ("-digest", "sha256"),
    "ES384": ("-digest", "sha384"),
    "RS256": ("-digest", "sha256", "-pkeyopt", "rsa_padding_mode:pkcs1"),
    "Ed25519": (),
    "SM2": ("-digest", "sm3", "-pkeyopt", "distid:1234567812345678"),
}
SIGNERS = {algorithm: SoftwareSigner.generate(algorithm) for algorithm in ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_survives_its_encryption(algorithm: SignatureAlgorithm) -> None:
    signer: Signer = SIGNERS[algorithm]
    assert isinstance(signer, SoftwareSigner)
    again = SoftwareSigner.from_pkcs8(signer.to_pkcs8(b"passphrase", CHEAP), b"passphrase")
    assert (again.public_key, again.algorithm) == (signer.public_key, algorithm)
    assert signatures.key_kind(signer.public_key) == KINDS[algorithm]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_opens_the_key_and_believes_its_signature(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    signer = SIGNERS[algorithm]
    (tmp_path / "key.pem").write_bytes(signer.to_pkcs8("口令".encode()))  # at its full cost
    opened = openssl(
        "pkey",
        "-in",
        tmp_path / "key.pem",
        "-passin",
        "pass:口令",
        "-pubout",
        "-outform",
        "DER",
        "-out",
        tmp_path / "pub",
    )
    assert opened.returncode == 0, opened.stderr
    assert (tmp_path / "pub").read_bytes() == signer.public_key
    (tmp_path / "data").write_bytes(b"what is signed")
    (tmp_path / "signature").write_bytes(signer.sign(b"what is signed"))
    inputs: list[str | Path] = [
        "-inkey",
        tmp_path / "pub",
        "-in",
        tmp_path / "data",
        "-sigfile",
        tmp_path / "signature",
    ]
    verified = openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", *inputs, *HASHING[algorithm])
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_many_messages_begin_with_is_signed_with_each(algorithm: SignatureAlgorithm) -> None:
    signer, identifier = SIGNERS[algorithm], signatures.identifier(algorithm)
    assert isinstance(signer, PrefixSigner)
    sign = signing_after(signer, b"every message ")
    for rest in (b"", b"one", b"other" * 100):
        signature = sign(rest)
        assert signatures.verify(signer.public_key, identifier, b"every message " + rest, signature)
        assert not signatures.verify(signer.public_key, identifier, rest, signature)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_folder_keeps_keys_of_every_algorithm(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    made = KeyFolder(tmp_path / "keys", b"secret", CHEAP).create("national-root-2", algorithm)
    again = KeyFolder(tmp_path / "keys", b"secret").signer("national-root-2")
    assert (again.algorithm, again.public_key) == (algorithm, made.public_key)
    identifier = signatures.identifier(algorithm)
    assert signatures.verify(made.public_key, identifier, b"data", again.sign(b"data"))


def test_the_encryption_is_scrypt_at_full_cost() -> None:
    text = openssl("asn1parse", data=SoftwareSigner.generate("ES256").to_pkcs8(b"x")).stdout.decode()
    assert ":scrypt" in text
    assert ":aes-256-cbc" in text
    assert f":{1 << Cost().log_n:04X}" in text


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_wrong_passphrase_opens_nothing(algorithm: SignatureAlgorithm) -> None:
    data = SIGNERS[algorithm].to_pkcs8(b"right", CHEAP)
    for wrong in (b"wrong", b"", b"right "):
        with pytest.raises(PassphraseWrong) as caught:
            SoftwareSigner.from_pkcs8(data, wrong)
        assert "right" not in str(caught.value)


def test_keys_of_other_kinds_are_refused() -> None:
    for key in (
        ec.generate_private_key(ec.SECP521R1()),
        ec.generate_private_key(ec.SECP256K1()),
        rsa.generate_private_key(65537, 1024),
        rsa.generate_private_key(65537, 2056),
        rsa.generate_private_key(3, 3072),
        dsa.generate_private_key(1024),
        ed448.Ed448PrivateKey.generate(),
    ):
        info = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        with pytest.raises(KeyUnreadable):
            SoftwareSigner.from_pkcs8(pkcs8.encrypt(info, b"x", CHEAP), b"x")


def test_a_short_rsa_key_from_outside_opens() -> None:
    key = rsa.generate_private_key(65537, 2048)
    data = SoftwareSigner(key).to_pkcs8(b"x", CHEAP)
    opened = SoftwareSigner.from_pkcs8(data, b"x")
    assert opened.algorithm == "RS256"
    assert signatures.key_kind(opened.public_key) == ("RSA", 2048)
    assert signatures.verify(opened.public_key, signatures.identifier("RS256"), b"data", opened.sign(b"data"))


@pytest.mark.parametrize("size", [0, 31, 33, 400])
def test_an_ed25519_key_of_another_size_is_refused(size: int) -> None:
    algorithm = der.sequence(der.oid(oids.ED25519))
    info = der.sequence(der.integer(0), algorithm, der.octets(der.octets(bytes(size))))
    with pytest.raises(KeyUnreadable):
        SoftwareSigner.from_pkcs8(pkcs8.encrypt(info, b"x", CHEAP), b"x")


def test_keys_in_other_wrappings_are_refused() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    others = [b"", b"-----BEGIN PRIVATE KEY-----\n", SIGNERS["ES256"].public_key]
    for encryption in (BestAvailableEncryption(b"x"), NoEncryption()):
        others += [key.private_bytes(form, PrivateFormat.PKCS8, encryption) for form in (Encoding.PEM, Encoding.DER)]
    for data in others:
        with pytest.raises(KeyUnreadable):
            SoftwareSigner.from_pkcs8(data, b"x")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_that_is_not_whole_is_refused(algorithm: SignatureAlgorithm) -> None:
    """What opens is still checked: a cut key, or the halves of two keys."""
    info = pkcs8.decrypt(SIGNERS[algorithm].to_pkcs8(b"x", CHEAP), b"x")
    odd = [info[:10]] if algorithm == "Ed25519" else [info[:10], info[:-20] + bytes(20)]
    for changed in odd:
        with pytest.raises((KeyUnreadable, PassphraseWrong)):
            SoftwareSigner.from_pkcs8(pkcs8.encrypt(changed, b"x", CHEAP), b"x")
