"""A private key in this process's memory, and encrypted PKCS#8 when it rests."""

from typing import Final, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from ca import pkcs8
from ca.errors import KeyUnreadable, PassphraseWrong
from ca.passphrase import Cost
from ledger.signing import SignatureAlgorithm

_ES256: Final = ec.ECDSA(hashes.SHA256())


class SoftwareSigner:
    """A `Signer` whose key is in memory; made by `generate` or `from_pkcs8`."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self._public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def generate(cls, algorithm: SignatureAlgorithm) -> Self:
        """Make a new key: P-256 for ES256."""
        if algorithm == "ES256":
            return cls(ec.generate_private_key(ec.SECP256R1()))
        return cls(ed25519.Ed25519PrivateKey.generate())

    @classmethod
    def from_pkcs8(cls, data: bytes, passphrase: bytes) -> Self:
        """Open an encrypted PKCS#8 key in PEM; raises PassphraseWrong, KeyUnreadable."""
        if not data.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"):
            raise KeyUnreadable("PKCS#8", "not an encrypted private key in PEM")
        try:
            key = load_pem_private_key(data, passphrase)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            # OpenSSL cannot tell a wrong passphrase from a changed file, so neither can we.
            raise PassphraseWrong from error
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return cls(key)
        if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
            return cls(key)
        raise KeyUnreadable("PKCS#8", "neither a P-256 nor an Ed25519 key")

    def to_pkcs8(self, passphrase: bytes, cost: Cost = Cost()) -> bytes:  # noqa: B008 - frozen
        """Return the key as encrypted PKCS#8 in PEM (PBES2: scrypt, AES-256-CBC), as `openssl pkey` reads it.

        cost: of scrypt; a low one is enough only where the passphrase is itself a random key.
        """
        info = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return pkcs8.encrypt(info, passphrase, cost)

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """ES256 or Ed25519."""
        return "ES256" if isinstance(self._key, ec.EllipticCurvePrivateKey) else "Ed25519"

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo."""
        return self._public_key

    def sign(self, data: bytes) -> bytes:
        """Sign the data: DER Ecdsa-Sig-Value over SHA-256, or 64 raw bytes of Ed25519."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, _ES256)
        return self._key.sign(data)
