"""Keys for tests of the ledger, which may not know where real keys lie: a signer and a wrapper in memory."""

import hmac
import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ledger.actor import Actor, Uscc
from ledger.signing import SignatureAlgorithm, WrappedKey

ORIGIN = "elicence.test/log"
ACTOR = Actor(
    kind="system", id="approval-test", operator_unit=Uscc("11430000006122244L"), on_behalf_of=Uscc("11430000006122244L")
)


class Ed25519Signer:
    algorithm: SignatureAlgorithm = "Ed25519"

    def __init__(self, seed: bytes = bytes(32)) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


class P256Signer:
    algorithm: SignatureAlgorithm = "ES256"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(SHA256()))


class MemoryWrapper:
    def __init__(self) -> None:
        self._kek = AESGCM(secrets.token_bytes(32))

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        nonce = secrets.token_bytes(12)
        return WrappedKey("A256GCM", "2026", nonce + self._kek.encrypt(nonce, key, context))

    def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        return self._kek.decrypt(wrapped.ciphertext[:12], wrapped.ciphertext[12:], context)

    def index(self, purpose: str, value: str) -> bytes:
        return hmac.digest(bytes(32), f"{purpose}\n{value}".encode(), "sha256")
