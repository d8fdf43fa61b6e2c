"""Write encrypted PKCS#8 whose key comes from the passphrase by scrypt.

`cryptography` reads this form but writes only PBKDF2 with 2,048 rounds, which a graphics card tries by the million.
"""

import base64
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ca import der
from ca.passphrase import Cost, Derivation

_PBES2: Final = der.oid("1.2.840.113549.1.5.13")
_SCRYPT: Final = der.oid("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC: Final = der.oid("2.16.840.1.101.3.4.1.42")
_LINE: Final = 64


def _scrypt(derivation: Derivation) -> bytes:
    cost = derivation.cost
    return der.sequence(
        _SCRYPT,
        der.sequence(
            der.tlv(der.OCTET_STRING, derivation.salt),
            der.integer(1 << cost.log_n),
            der.integer(cost.r),
            der.integer(cost.p),
        ),
    )


def encrypt(private_key_info: bytes, passphrase: bytes, cost: Cost) -> bytes:
    """Return EncryptedPrivateKeyInfo in PEM, from the DER of PrivateKeyInfo.

    Source: RFC 5958 section 3, RFC 8018 section 6.2, RFC 7914 section 7
    """
    derivation = Derivation.fresh(cost)
    vector = os.urandom(16)
    padder = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(derivation.key(passphrase)), modes.CBC(vector)).encryptor()
    ciphertext = cipher.update(padder.update(private_key_info) + padder.finalize()) + cipher.finalize()
    scheme = der.sequence(
        _PBES2,
        der.sequence(_scrypt(derivation), der.sequence(_AES_256_CBC, der.tlv(der.OCTET_STRING, vector))),
    )
    return pem("ENCRYPTED PRIVATE KEY", der.sequence(scheme, der.tlv(der.OCTET_STRING, ciphertext)))


def pem(label: str, data: bytes) -> bytes:
    """Return DER in its textual encoding (RFC 7468)."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()
