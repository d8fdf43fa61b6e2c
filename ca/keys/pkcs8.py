"""Encrypted PKCS#8 whose key comes from the passphrase by scrypt: the one form that we write, and read.

`cryptography` reads this form but writes only PBKDF2 with 2,048 rounds, which a graphics card tries by the million;
and it reads no SM2 keys.
"""

import base64
import os
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from ca.encoding import der
from ca.errors import DerInvalid, KeyUnreadable, PassphraseWrong
from ca.keys.passphrase import Cost, Derivation

_LABEL: Final = "ENCRYPTED PRIVATE KEY"
_PBES2: Final = der.oid("1.2.840.113549.1.5.13")
_SCRYPT: Final = der.oid("1.3.6.1.4.1.11591.4.11")
_AES_256_CBC: Final = der.oid("2.16.840.1.101.3.4.1.42")
_LINE: Final = 64
_BLOCK: Final = 16
_SALT_SIZES: Final = range(8, 65)


def encrypt(private_key_info: bytes, passphrase: bytes, cost: Cost) -> bytes:
    """Return EncryptedPrivateKeyInfo in PEM, from the DER of PrivateKeyInfo.

    Source: RFC 5958 section 3, RFC 8018 section 6.2, RFC 7914 section 7
    """
    derivation = Derivation.fresh(cost)
    vector = os.urandom(_BLOCK)
    padder = PKCS7(8 * _BLOCK).padder()
    cipher = Cipher(algorithms.AES256(derivation.key(passphrase)), modes.CBC(vector)).encryptor()
    ciphertext = cipher.update(padder.update(private_key_info) + padder.finalize()) + cipher.finalize()
    scheme = der.sequence(
        _PBES2,
        der.sequence(_scrypt(derivation), der.sequence(_AES_256_CBC, der.tlv(der.OCTET_STRING, vector))),
    )
    return pem(_LABEL, der.sequence(scheme, der.tlv(der.OCTET_STRING, ciphertext)))


def decrypt(data: bytes, passphrase: bytes) -> bytes:
    """Return the DER of PrivateKeyInfo, from PEM; raises KeyUnreadable, PassphraseWrong.

    Nothing but padding shows whether the passphrase was right (the form has no checksum): the caller finds out when
    the key does not parse.
    """
    try:
        derivation, vector, ciphertext = _read(_contents(data))
    except DerInvalid as error:
        raise KeyUnreadable("PKCS#8", error.reason) from error
    cipher = Cipher(algorithms.AES256(derivation.key(passphrase)), modes.CBC(vector)).decryptor()
    unpadder = PKCS7(8 * _BLOCK).unpadder()
    try:
        return unpadder.update(cipher.update(ciphertext) + cipher.finalize()) + unpadder.finalize()
    except ValueError as error:
        raise PassphraseWrong from error


def pem(label: str, data: bytes) -> bytes:
    """Return DER in its textual encoding (RFC 7468)."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


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


def _contents(data: bytes) -> bytes:
    """Return what stands between the lines of one PEM block; raises DerInvalid."""
    lines = data.decode("latin-1").strip().splitlines()
    if len(lines) < 3 or (lines[0], lines[-1]) != (f"-----BEGIN {_LABEL}-----", f"-----END {_LABEL}-----"):
        raise DerInvalid("not an encrypted private key in PEM")
    try:
        return base64.b64decode("".join(lines[1:-1]), validate=True)
    except ValueError as error:
        raise DerInvalid("not an encrypted private key in PEM") from error


def _read(data: bytes) -> tuple[Derivation, bytes, bytes]:
    fields = der.Fields(der.read(data))
    scheme = der.Fields(fields.take())
    ciphertext = der.parse_octets(fields.take())
    fields.end()
    _named(scheme, _PBES2)
    parameters = der.Fields(scheme.take())
    scheme.end()
    derivation = _read_scrypt(der.Fields(parameters.take()))
    cipher = der.Fields(parameters.take())
    parameters.end()
    _named(cipher, _AES_256_CBC)
    vector = der.parse_octets(cipher.take())
    cipher.end()
    if len(vector) != _BLOCK or not ciphertext or len(ciphertext) % _BLOCK:
        raise DerInvalid("no whole number of blocks")
    return derivation, vector, ciphertext


def _read_scrypt(scheme: der.Fields) -> Derivation:
    _named(scheme, _SCRYPT)
    parameters = der.Fields(scheme.take())
    scheme.end()
    salt = der.parse_octets(parameters.take())
    rounds, r, p = (der.parse_integer(parameters.take()) for _ in range(3))
    parameters.end()
    cost = Cost(rounds.bit_length() - 1, r, p)
    # a file that asks for gigabytes is not ours
    if rounds != 1 << max(cost.log_n, 0) or not cost.is_reasonable or len(salt) not in _SALT_SIZES:
        raise DerInvalid("a scrypt that we would not use")
    return Derivation(cost, salt)


def _named(fields: der.Fields, oid: bytes) -> None:
    if fields.take().raw != oid:
        raise DerInvalid("another encryption than scrypt with AES-256-CBC")
