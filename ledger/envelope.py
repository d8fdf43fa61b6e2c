"""The envelope in which data lies at rest: authenticated encryption that names its algorithm.

blob = algorithm id (1 byte) ‖ nonce ‖ ciphertext with its tag. The algorithm id is authenticated, and so is the
context: the row that the blob belongs to, so that no blob can be moved to another.
"""

import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import LedgerError

AES_256_GCM = 0x01
KEY_SIZE = 32
_NONCE = 12
_TAG = 16


@dataclass(eq=False)
class EnvelopeInvalid(LedgerError):
    """The data was changed, was moved, or lies under another key."""

    code = "ledger.envelope_invalid"
    zh = "加密数据已损坏、被移动或密钥不符"
    en = "the encrypted data is damaged, was moved, or lies under another key"


def encrypt(key: bytes, plaintext: bytes, context: bytes) -> bytes:
    """Return the blob under a 32-byte key, bound to its context."""
    algorithm = bytes([AES_256_GCM])
    # A random nonce is safe for 2^32 blobs under one key (NIST SP 800-38D section 8.3); a subject has far fewer.
    nonce = secrets.token_bytes(_NONCE)
    return algorithm + nonce + AESGCM(key).encrypt(nonce, plaintext, algorithm + context)


def decrypt(key: bytes, blob: bytes, context: bytes) -> bytes:
    """Return the plaintext; raises EnvelopeInvalid."""
    algorithm, nonce, ciphertext = blob[:1], blob[1 : 1 + _NONCE], blob[1 + _NONCE :]
    if algorithm != bytes([AES_256_GCM]) or len(ciphertext) < _TAG:
        raise EnvelopeInvalid
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, algorithm + context)
    except InvalidTag as error:
        raise EnvelopeInvalid from error
