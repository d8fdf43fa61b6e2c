"""Key-encryption keys in a file: they wrap the subjects' data keys and key the blind indexes."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ca.encoding import strict_json
from ca.errors import JsonInvalid, KeyUnreadable, PassphraseWrong, UnwrapRefused
from ca.keys.passphrase import Cost, Derivation, read_derivation
from ledger.signing import WrappedKey

ALGORITHM: Final = "A256GCM"
_FORMAT: Final = "elicence/key-wrapper/v1"
_NAME: Final = "wrapper"
_NONCE_SIZE: Final = 12
_KEY_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class LocalKeyWrapper:
    """A `KeyWrapper` whose keys are in memory; `data` is the encrypted file they came from.

    keks: 32-byte keys by period id, the last one wrapping; index_key: 32 bytes.
    """

    data: bytes = field(repr=False)
    keks: Mapping[str, bytes] = field(repr=False)
    index_key: bytes = field(repr=False)

    @classmethod
    def create(cls, passphrase: bytes, now: datetime, cost: Cost = Cost()) -> Self:  # noqa: B008 - frozen
        """Make fresh keys for the year of `now`."""
        keks = MappingProxyType({f"kek-{now.astimezone(UTC).year}": os.urandom(_KEY_SIZE)})
        index_key = os.urandom(_KEY_SIZE)
        return cls(_seal(keks, index_key, passphrase, cost), keks, index_key)

    @classmethod
    def open(cls, data: bytes, passphrase: bytes) -> Self:
        """Open the encrypted file; raises PassphraseWrong, KeyUnreadable."""
        try:
            return cls(data, *_unseal(data, passphrase))
        except JsonInvalid as error:
            raise KeyUnreadable(_NAME, error.reason) from error

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a 32-byte key under the newest key-encryption key."""
        kek_id = list(self.keks)[-1]
        nonce = os.urandom(_NONCE_SIZE)
        ciphertext = AESGCM(self.keks[kek_id]).encrypt(nonce, key, _bound(kek_id, context))
        return WrappedKey(ALGORITHM, kek_id, nonce + ciphertext)

    def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """Return the 32-byte key; raises UnwrapRefused."""
        kek = self.keks.get(wrapped.kek_id)
        if kek is None or wrapped.algorithm != ALGORITHM or len(wrapped.ciphertext) <= _NONCE_SIZE:
            raise UnwrapRefused(wrapped.kek_id)
        nonce, ciphertext = wrapped.ciphertext[:_NONCE_SIZE], wrapped.ciphertext[_NONCE_SIZE:]
        try:
            return AESGCM(kek).decrypt(nonce, ciphertext, _bound(wrapped.kek_id, context))
        except InvalidTag as error:
            raise UnwrapRefused(wrapped.kek_id) from error

    def index(self, purpose: str, value: str) -> bytes:
        """Return the 32-byte keyed index of a value; each purpose has a key of its own."""
        key = hmac.digest(self.index_key, b"elicence/index/v1\n" + purpose.encode(), hashlib.sha256)
        return hmac.digest(key, value.encode(), hashlib.sha256)


def _bound(kek_id: str, context: bytes) -> bytes:
    # The id holds no newline, so no other pair of id and context gives the same bytes.
    return b"elicence/wrap/v1\n" + kek_id.encode() + b"\n" + context


def _seal(keks: Mapping[str, bytes], index_key: bytes, passphrase: bytes, cost: Cost) -> bytes:
    derivation = Derivation.fresh(cost)
    nonce = os.urandom(_NONCE_SIZE)
    keys = {
        "keks": {kek_id: base64.b64encode(key).decode() for kek_id, key in keks.items()},
        "index_key": base64.b64encode(index_key).decode(),
    }
    cipher = AESGCM(derivation.key(passphrase))
    ciphertext = cipher.encrypt(nonce, json.dumps(keys).encode(), _FORMAT.encode())
    file = {
        "format": _FORMAT,
        "derivation": derivation.as_json(),
        "algorithm": ALGORITHM,
        "nonce": base64.b64encode(nonce).decode(),
        "ciphertext": base64.b64encode(ciphertext).decode(),
    }
    return json.dumps(file, indent=1).encode() + b"\n"


def _unseal(data: bytes, passphrase: bytes) -> tuple[Mapping[str, bytes], bytes]:
    members = strict_json.Members(strict_json.parse(data), "file")
    kind = members.take("format", strict_json.text), members.take("algorithm", strict_json.text)
    derivation = members.take("derivation", read_derivation)
    nonce = members.take("nonce", strict_json.octets)
    ciphertext = members.take("ciphertext", strict_json.octets)
    members.end()
    if kind != (_FORMAT, ALGORITHM) or len(nonce) != _NONCE_SIZE:
        raise JsonInvalid("an unknown form")
    try:
        plaintext = AESGCM(derivation.key(passphrase)).decrypt(nonce, ciphertext, _FORMAT.encode())
    except InvalidTag as error:
        raise PassphraseWrong from error
    inner = strict_json.Members(strict_json.parse(plaintext), "keys")
    encoded = inner.take("keks", strict_json.texts_by_name)
    index_key = inner.take("index_key", strict_json.octets)
    inner.end()
    keks = {kek_id: strict_json.octets(key, "kek") for kek_id, key in encoded.items()}
    return MappingProxyType(keks), index_key
