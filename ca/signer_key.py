"""Let `cryptography`'s builders sign with any `Signer`, wherever its key is kept."""

from typing import NoReturn

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    PrivateFormat,
    load_der_public_key,
)

from ca.errors import KeyKept
from ledger.signing import Signer


class SignerKey(ec.EllipticCurvePrivateKey):
    """A P-256 private key that does nothing but sign."""

    def __init__(self, signer: Signer) -> None:
        key = load_der_public_key(signer.public_key)
        if signer.algorithm != "ES256" or not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("certificates are signed with ES256")
        self._signer = signer
        self._public_key = key

    def sign(self, data: bytes, signature_algorithm: ec.EllipticCurveSignatureAlgorithm) -> bytes:  # type: ignore[override]
        """Sign with ECDSA over SHA-256, the one algorithm of the signer."""
        algorithm = signature_algorithm.algorithm
        if isinstance(algorithm, Prehashed) or not isinstance(algorithm, hashes.SHA256):
            raise TypeError("the signer hashes with SHA-256 itself")
        return self._signer.sign(data)

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half."""
        return self._public_key

    @property
    def curve(self) -> ec.EllipticCurve:
        """P-256."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """256."""
        return self._public_key.key_size

    def exchange(self, algorithm: ec.ECDH, peer_public_key: ec.EllipticCurvePublicKey) -> NoReturn:
        """Refuse: a signer does not agree on keys."""
        del algorithm, peer_public_key
        raise KeyKept

    def private_numbers(self) -> NoReturn:
        """Refuse: the key never leaves its store."""
        raise KeyKept

    def private_bytes(
        self,
        encoding: Encoding,
        format: PrivateFormat,  # noqa: A002 - the name that the base class gives it
        encryption_algorithm: KeySerializationEncryption,
    ) -> NoReturn:
        """Refuse: the key never leaves its store."""
        del encoding, format, encryption_algorithm
        raise KeyKept

    def __copy__(self) -> "SignerKey":
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> "SignerKey":
        return self
