"""How each of our signature algorithms is done by PKCS#11: what goes into the token, and what comes out of it.

Data are hashed here, so that a revocation list of megabytes never travels to a slow device.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11.constants import Attribute
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.types import PublicKey

from ca.encoding import der
from ledger.signing import SignatureAlgorithm

_P256: Final = der.oid("1.2.840.10045.3.1.7")
_P384: Final = der.oid("1.3.132.0.34")
_ED25519: Final = der.oid("1.3.101.112")
_RSA_BITS: Final = 3072
_RSA_SIZES: Final = (2048, _RSA_BITS)  # the shorter were not made by us: keys of seals that a device has long had
# RFC 8017 section 9.2, note 1: DigestInfo for SHA-256, up to the 32 bytes of the hash.
_SHA256_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")


class AnswerUnusable(Exception):
    """The token gave something that is no signature or public key of that algorithm."""


@dataclass(frozen=True, slots=True)
class Method:
    """One algorithm.

    curve: DER of the curve's object identifier, empty for RSA; bits: of the modulus, 0 for curves; prepare: from the
    data to what the token signs; finish: from the token's answer to the signature as everybody else writes it.
    """

    algorithm: SignatureAlgorithm
    key_type: KeyType
    generate: Mechanism
    sign: Mechanism
    curve: bytes
    bits: int
    prepare: Callable[[bytes], bytes]
    finish: Callable[[bytes], bytes]


def _raw(size: int) -> Callable[[bytes], bytes]:
    def finish(answer: bytes) -> bytes:
        if len(answer) != size:
            raise AnswerUnusable("a signature of another size")
        return answer

    return finish


def _ecdsa(size: int) -> Callable[[bytes], bytes]:
    """Return a writer of Ecdsa-Sig-Value from two integers of `size` bytes (PKCS#11 v2.40 section 2.3.1)."""
    raw = _raw(2 * size)

    def finish(answer: bytes) -> bytes:
        numbers = raw(answer)
        r, s = int.from_bytes(numbers[:size]), int.from_bytes(numbers[size:])
        if not r or not s:
            raise AnswerUnusable("a signature with a zero")
        return der.sequence(der.integer(r), der.integer(s))

    return finish


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha384(data: bytes) -> bytes:
    return hashlib.sha384(data).digest()


def _digest_info(data: bytes) -> bytes:
    return _SHA256_DIGEST_INFO + _sha256(data)


METHODS: Final[Mapping[SignatureAlgorithm, Method]] = MappingProxyType(
    {
        method.algorithm: method
        for method in (
            Method("ES256", KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA, _P256, 0, _sha256, _ecdsa(32)),
            Method("ES384", KeyType.EC, Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA, _P384, 0, _sha384, _ecdsa(48)),
            Method(
                "RS256",
                KeyType.RSA,
                Mechanism.RSA_PKCS_KEY_PAIR_GEN,
                Mechanism.RSA_PKCS,
                b"",
                _RSA_BITS,
                _digest_info,
                _raw(_RSA_BITS // 8),
            ),
            Method(
                "Ed25519",
                KeyType.EC_EDWARDS,
                Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
                Mechanism.EDDSA,
                _ED25519,
                0,
                bytes,
                _raw(64),
            ),
        )
    }
)


def read_public_key(key: PublicKey) -> tuple[Method, bytes]:
    """Return the method of a token's public key and its DER (SubjectPublicKeyInfo); raises AnswerUnusable."""
    try:
        kind = key[Attribute.KEY_TYPE]
    except ValueError as error:
        raise AnswerUnusable("a key of an unknown type") from error
    curve = b"" if kind == KeyType.RSA else bytes(key[Attribute.EC_PARAMS])
    for made in METHODS.values():
        if made.key_type == kind and made.curve == curve:
            method = _rsa(made, key) if kind == KeyType.RSA else made
            return method, _load(method, key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raise AnswerUnusable("a key of another algorithm")


def _rsa(method: Method, key: PublicKey) -> Method:
    """Return the method for the size that an RSA key has."""
    bits = int.from_bytes(key[Attribute.MODULUS]).bit_length()
    if bits not in _RSA_SIZES:
        raise AnswerUnusable(f"an RSA key of {bits} bits")
    return replace(method, bits=bits, finish=_raw(bits // 8))


_Loaded = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


def _load(method: Method, key: PublicKey) -> _Loaded:
    try:
        if method.key_type == KeyType.RSA:
            modulus, exponent = (int.from_bytes(key[name]) for name in (Attribute.MODULUS, Attribute.PUBLIC_EXPONENT))
            return rsa.RSAPublicNumbers(exponent, modulus).public_key()
        point = _point(bytes(key[Attribute.EC_POINT]), 32 if method.algorithm == "Ed25519" else 0)
        if method.algorithm == "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(point)
        curve = ec.SECP256R1() if method.algorithm == "ES256" else ec.SECP384R1()
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AnswerUnusable("a public key that is none") from error


def _point(found: bytes, bare_size: int) -> bytes:
    """Take the point out of its OCTET STRING; some makers leave that out (PKCS#11 v2.40 section 2.3.3 wants it)."""
    if found[:1] == b"\x04" and len(found) != bare_size and len(found) >= 2 and found[1] == len(found) - 2:
        return found[2:]
    return found
