from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from ca import der, signatures
from ca.errors import KeyUnreadable, PassphraseWrong
from ca.keys import Cost, SoftwareSigner
from ledger.signing import SignatureAlgorithm, Signer
from tests.ca.house import CHEAP, openssl

ALGORITHMS: tuple[SignatureAlgorithm, ...] = ("ES256", "Ed25519")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_survives_its_encryption(algorithm: SignatureAlgorithm) -> None:
    signer: Signer = SoftwareSigner.generate(algorithm)
    assert isinstance(signer, SoftwareSigner)
    again = SoftwareSigner.from_pkcs8(signer.to_pkcs8(b"passphrase", CHEAP), b"passphrase")
    assert (again.public_key, again.algorithm) == (signer.public_key, algorithm)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_openssl_opens_the_key_and_believes_its_signature(tmp_path: Path, algorithm: SignatureAlgorithm) -> None:
    signer = SoftwareSigner.generate(algorithm)
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
    hashing: list[str | Path] = ["-digest", "sha256"] if algorithm == "ES256" else []
    verified = openssl(
        *("pkeyutl", "-verify", "-rawin", *hashing, "-pubin", "-keyform", "DER", "-inkey", tmp_path / "pub"),
        *("-in", tmp_path / "data", "-sigfile", tmp_path / "signature"),
    )
    assert verified.returncode == 0, verified.stderr


def test_the_encryption_is_scrypt_at_full_cost() -> None:
    text = openssl("asn1parse", data=SoftwareSigner.generate("ES256").to_pkcs8(b"x")).stdout.decode()
    assert ":scrypt" in text
    assert ":aes-256-cbc" in text
    assert f":{1 << Cost().log_n:04X}" in text


def test_a_wrong_passphrase_opens_nothing() -> None:
    data = SoftwareSigner.generate("ES256").to_pkcs8(b"right", CHEAP)
    for wrong in (b"wrong", b"", b"right "):
        with pytest.raises(PassphraseWrong) as caught:
            SoftwareSigner.from_pkcs8(data, wrong)
        assert "right" not in str(caught.value)


def test_keys_of_other_kinds_are_refused() -> None:
    signer = SoftwareSigner.generate("ES256")
    encryption = BestAvailableEncryption(b"x")
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 1024)):
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        with pytest.raises(KeyUnreadable):
            SoftwareSigner.from_pkcs8(data, b"x")
    for data in (b"", b"-----BEGIN PRIVATE KEY-----\n", signer.public_key):
        with pytest.raises(KeyUnreadable):
            SoftwareSigner.from_pkcs8(data, b"x")


def test_verification_refuses_what_it_does_not_know() -> None:
    signer = SoftwareSigner.generate("ES256")
    signature = signer.sign(b"data")
    assert signatures.verify(signer.public_key, signatures.ES256_IDENTIFIER, b"data", signature)
    assert not signatures.verify(signer.public_key, signatures.ES256_IDENTIFIER, b"datum", signature)
    assert not signatures.verify(signer.public_key, der.sequence(der.oid("1.2.3")), b"data", signature)
    assert not signatures.verify(b"not a key", signatures.ES256_IDENTIFIER, b"data", signature)
    other = SoftwareSigner.generate("Ed25519")
    assert not signatures.verify(other.public_key, signatures.ES256_IDENTIFIER, b"data", other.sign(b"data"))
