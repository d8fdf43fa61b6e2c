"""The signature algorithms that certificates, revocation lists, tokens and trust lists may carry."""

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca import der, oids
from ledger.signing import SignatureAlgorithm


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature algorithm: the id kept beside every signature, the curve, and the hash under it."""

    id: SignatureAlgorithm
    curve: str
    hash: hashes.HashAlgorithm


# RFC 5758 section 3.2: no parameters, so the whole AlgorithmIdentifier has one encoding and can be the key.
ES256_IDENTIFIER: Final = der.sequence(der.oid(oids.ECDSA_WITH_SHA256))
SCHEMES: Final = MappingProxyType({ES256_IDENTIFIER: Scheme("ES256", "secp256r1", hashes.SHA256())})


@lru_cache(maxsize=1024)
def _load(public_key: bytes) -> object | None:
    try:
        return load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        return None


def verify(public_key: bytes, identifier: bytes, data: bytes, signature: bytes) -> bool:
    """Say whether the signature over the data is good.

    public_key: DER of SubjectPublicKeyInfo; identifier: DER of AlgorithmIdentifier. A key or an algorithm that is not
    known here makes no good signature.
    """
    scheme = SCHEMES.get(identifier)
    key = _load(public_key)
    if scheme is None or not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != scheme.curve:
        return False
    try:
        key.verify(signature, data, ec.ECDSA(scheme.hash))
    except InvalidSignature:
        return False
    return True
