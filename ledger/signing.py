"""What the ledger asks of keys; `ca/keys.py` answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

SignatureAlgorithm = Literal["ES256", "ES384", "RS256", "Ed25519", "SM2"]
"""ECDSA on P-256 and P-384, RSA (PKCS #1 v1.5) over SHA-256, Ed25519, and SM2 over SM3 with the usual user id."""


class Signer(Protocol):
    """A private key that never leaves its store."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm id that is kept beside every signature."""
        ...

    @property
    def public_key(self) -> bytes:
        """DER of SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Sign the data.

        Returns DER Ecdsa-Sig-Value for ES256, ES384 and SM2, an integer of the modulus' size for RS256, 64 raw bytes for
        Ed25519.
        """
        ...


@runtime_checkable
class PrefixSigner(Protocol):
    """A signer that hashes what many messages begin with once, for all of them."""

    def after(self, prefix: bytes) -> Callable[[bytes], bytes]:
        """Return what signs the prefix and the rest that it is given."""
        ...


def signing_after(signer: Signer, prefix: bytes) -> Callable[[bytes], bytes]:
    """Return what signs the prefix and the rest that it is given, as fast as the signer can; it raises as the signer."""
    if isinstance(signer, PrefixSigner):
        return signer.after(prefix)
    return lambda rest: signer.sign(prefix + rest)


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key under a key-encryption key."""

    algorithm: str
    kek_id: str
    ciphertext: bytes


class KeyWrapper(Protocol):
    """Wraps data keys under the key-encryption key of the present period, and keys the blind indexes."""

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a 32-byte key; `context` is authenticated, so that a wrapped key cannot be moved to another row."""
        ...

    def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Return the 32-byte key; refuses a wrapped key that was changed or moved."""
        ...

    def index(self, purpose: str, value: str) -> bytes:
        """Return the 32-byte keyed index (HMAC-SHA256) of a value, by which it is found but not read."""
        ...
