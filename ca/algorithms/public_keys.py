"""The public keys of certificates: their kinds, in one encoding each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.algorithms import sm2
from ca.encoding import der, oids
from ca.errors import DerInvalid

KeyKind = Literal["P-256", "P-384", "P-521", "RSA", "DSA", "Ed25519", "SM2"]
LoadedKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey | ed25519.Ed25519PublicKey

_MAX_SIZE: Final = 8192  # octets; RSA of 16,384 bits, which is as far as OpenSSL goes, takes 2 kB
_UNCOMPRESSED: Final = b"\x00\x04"  # no unused bits; x and y follow
_NULL: Final = der.tlv(der.NULL)
_DSA: Final = der.oid(oids.DSA)
_BARE_DSA: Final = frozenset({der.sequence(_DSA), der.sequence(_DSA, _NULL)})
_CURVES: Final[Mapping[KeyKind, str]] = MappingProxyType({"P-256": oids.P256, "P-384": oids.P384, "P-521": oids.P521})
# by the DER of AlgorithmIdentifier; only DSA has parameters of its own (RFC 3279 section 2.3, RFC 5480, RFC 8410)
_KINDS: Final[Mapping[bytes, KeyKind]] = MappingProxyType(
    {der.sequence(der.oid(oids.EC_PUBLIC_KEY), der.oid(curve)): kind for kind, curve in _CURVES.items()}
    | {
        sm2.ALGORITHM: "SM2",
        der.sequence(der.oid(oids.RSA_ENCRYPTION), _NULL): "RSA",
        der.sequence(der.oid(oids.ED25519)): "Ed25519",
    }
)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that can verify. size: in bits; loaded: None for SM2, which libcrypto loads when it is used."""

    kind: KeyKind
    size: int
    loaded: LoadedKey | None


@lru_cache(maxsize=1024)
def read_public_key(info: bytes) -> PublicKey | None:
    """Read the DER of a SubjectPublicKeyInfo, None if it is not a key that is known here."""
    kind = _kind(info) if len(info) <= _MAX_SIZE else None
    if kind is None:
        return None
    if kind == "SM2":
        return PublicKey(kind, 256, None) if sm2.is_public_key(info) else None
    try:
        key = load_der_public_key(info)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return PublicKey(kind, 256, key)
    assert isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey)
    return PublicKey(kind, key.key_size, key)


def key_kind(public_key: bytes) -> tuple[KeyKind, int] | None:
    """Return the kind of a key and its size in bits, None if it is not one that is known here.

    public_key: DER of SubjectPublicKeyInfo.
    """
    key = read_public_key(public_key)
    return (key.kind, key.size) if key else None


def inherit_parameters(public_key: bytes, issuer_public_key: bytes) -> bytes:
    """Return a DSA key that names no parameters with those of its issuer; any other key as it is.

    Both are the DER of SubjectPublicKeyInfo.

    Source: RFC 5280 section 6.1.4 (d) to (f)
    """
    try:
        algorithm, bits = _parts(public_key)
        issuer_algorithm, _ = _parts(issuer_public_key)
        inherits = algorithm in _BARE_DSA and _is_dsa(issuer_algorithm)
    except DerInvalid:
        return public_key
    return der.sequence(issuer_algorithm, bits) if inherits else public_key


def _kind(info: bytes) -> KeyKind | None:
    try:
        algorithm, bits = _parts(info)
        kind = "DSA" if _is_dsa(algorithm) else _KINDS.get(algorithm)
    except DerInvalid:
        return None
    # RFC 5480 section 2.2 forbids the hybrid form of a point, and leaves the compressed one to us: one form is enough
    return None if kind in _CURVES and der.read(bits).value[:2] != _UNCOMPRESSED else kind


def _is_dsa(algorithm: bytes) -> bool:
    """Say whether it is an AlgorithmIdentifier of DSA with parameters (what they are, the loader sees).

    Raises DerInvalid.
    """
    members = der.children(der.read(algorithm))
    return len(members) == 2 and members[0].raw == _DSA and members[1].tag == der.SEQUENCE


def _parts(info: bytes) -> tuple[bytes, bytes]:
    fields = der.Fields(der.read(info, der.SEQUENCE))
    algorithm = fields.take(der.SEQUENCE)
    bits = fields.take(der.BIT_STRING)
    fields.end()
    return algorithm.raw, bits.raw
