"""The signature algorithms that certificates, revocation lists, tokens and trust lists may carry."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa

from ca.algorithms import sm2
from ca.algorithms.public_keys import KeyKind, LoadedKey, inherit_parameters, key_kind, read_public_key
from ca.encoding import der, oids
from ledger.signing import SignatureAlgorithm

__all__ = [
    "ES256_IDENTIFIER",
    "SCHEMES",
    "KeyKind",
    "Scheme",
    "identifier",
    "inherit_parameters",
    "key_kind",
    "scheme",
    "verify",
    "verify_as",
]


@dataclass(frozen=True, slots=True)
class Scheme:
    """A signature algorithm: the id kept beside every signature, the kind of its keys, the hash under it.

    key: of ECDSA the curve that we sign with it; others combine every curve with every hash, and `verify` reads that.
    hash: as `ca.algorithms.digests` names it, None where the algorithm hashes in its own way; legacy: it is read in what others
    signed long ago, and good only where a trust list names it.
    """

    id: str
    key: KeyKind
    hash: str | None
    legacy: bool = False


_NULL: Final = der.tlv(der.NULL)


def _pss(hash_oid: str, size: int) -> bytes:
    """Return the one AlgorithmIdentifier of RSASSA-PSS that is read for a hash: MGF1 over it, salt of its size.

    Source: RFC 4055 section 3.1; CA/Browser Forum Baseline Requirements section 7.1.3.2.1, which fix its bytes
    """
    hashing = der.sequence(der.oid(hash_oid), _NULL)
    return der.sequence(
        der.oid(oids.RSASSA_PSS),
        der.sequence(
            der.tlv(der.context(0), hashing),
            der.tlv(der.context(1), der.sequence(der.oid(oids.MGF1), hashing)),
            der.tlv(der.context(2), der.integer(size)),
        ),
    )


def _bare(oid: str) -> bytes:
    return der.sequence(der.oid(oid))


def _with_null(oid: str) -> bytes:
    return der.sequence(der.oid(oid), _NULL)


# RFC 5758 section 3.2: no parameters, so the whole AlgorithmIdentifier has one encoding and can be the key.
ES256_IDENTIFIER: Final = _bare(oids.ECDSA_WITH_SHA256)

# As they are written. RFC 4055 section 5: RSA has NULL parameters; RFC 5758, RFC 8410: the others have none.
_WRITTEN: Final[Mapping[bytes, Scheme]] = MappingProxyType(
    {
        ES256_IDENTIFIER: Scheme("ES256", "P-256", "SHA-256"),
        _bare(oids.ECDSA_WITH_SHA384): Scheme("ES384", "P-384", "SHA-384"),
        _bare(oids.ECDSA_WITH_SHA512): Scheme("ES512", "P-521", "SHA-512"),
        _with_null(oids.SHA256_WITH_RSA): Scheme("RS256", "RSA", "SHA-256"),
        _with_null(oids.SHA384_WITH_RSA): Scheme("RS384", "RSA", "SHA-384"),
        _with_null(oids.SHA512_WITH_RSA): Scheme("RS512", "RSA", "SHA-512"),
        _pss(oids.SHA256, 32): Scheme("PS256", "RSA", "SHA-256"),
        _pss(oids.SHA384, 48): Scheme("PS384", "RSA", "SHA-384"),
        _pss(oids.SHA512, 64): Scheme("PS512", "RSA", "SHA-512"),
        _bare(oids.ED25519): Scheme("Ed25519", "Ed25519", None),
        _bare(oids.SM2_WITH_SM3): Scheme("SM2", "SM2", "SM3"),
        _with_null(oids.SHA1_WITH_RSA): Scheme("RS1", "RSA", "SHA-1", legacy=True),
        _bare(oids.DSA_WITH_SHA1): Scheme("DS1", "DSA", "SHA-1", legacy=True),
        _bare(oids.DSA_WITH_SHA256): Scheme("DS256", "DSA", "SHA-256", legacy=True),
    }
)
_BY_ID: Final = MappingProxyType({scheme.id: (written, scheme) for written, scheme in _WRITTEN.items()})

# RFC 4055 section 5 has RSA's parameters read also where they are left out, and national authorities write SM2 in both
# ways. Where they stand, in a certificate or list, the signature covers them: nobody can turn one into the other.
SCHEMES: Final[Mapping[bytes, Scheme]] = MappingProxyType(
    {
        **_WRITTEN,
        **{_bare(oid): _WRITTEN[_with_null(oid)] for oid in (oids.SHA256_WITH_RSA, oids.SHA384_WITH_RSA)},
        _bare(oids.SHA512_WITH_RSA): _BY_ID["RS512"][1],
        _bare(oids.SHA1_WITH_RSA): _BY_ID["RS1"][1],
        _with_null(oids.SM2_WITH_SM3): _BY_ID["SM2"][1],
    }
)

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = MappingProxyType(
    {
        "SHA-1": hashes.SHA1(),  # noqa: S303 - reads what others signed long ago; a trust list must name it
        "SHA-256": hashes.SHA256(),
        "SHA-384": hashes.SHA384(),
        "SHA-512": hashes.SHA512(),
    }
)
_ECDSA: Final = MappingProxyType({name: ec.ECDSA(hashing) for name, hashing in _HASHES.items()})
_CURVES: Final = frozenset[KeyKind]({"P-256", "P-384", "P-521"})
_PKCS1: Final = padding.PKCS1v15()
_PSS: Final = MappingProxyType(
    {
        name: padding.PSS(padding.MGF1(hashing), hashing.digest_size)
        for name, hashing in _HASHES.items()
        if name != "SHA-1"
    }
)


def scheme(algorithm: str) -> Scheme:
    """Return the scheme of an id that `SCHEMES` knows."""
    return _BY_ID[algorithm][1]


def identifier(algorithm: SignatureAlgorithm) -> bytes:
    """Return the DER of AlgorithmIdentifier, as we write it."""
    return _BY_ID[algorithm][0]


def verify_as(algorithm: SignatureAlgorithm, public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Say whether the signature is good and its key of the one kind that the algorithm's id names, as in JOSE.

    Raises NationalUnavailable, as `verify` does.
    Source: RFC 7518 section 3.4 (ES256 is P-256, and nothing else)
    """
    written, known = _BY_ID[algorithm]
    key = read_public_key(public_key)
    return key is not None and key.kind == known.key and verify(public_key, written, data, signature)


def verify(public_key: bytes, identifier: bytes, data: bytes, signature: bytes) -> bool:
    """Say whether the signature over the data is good.

    public_key: DER of SubjectPublicKeyInfo; identifier: DER of AlgorithmIdentifier. A key or an algorithm that is not
    known here makes no good signature. Raises NationalUnavailable for SM2 where the machine cannot tell: that is no
    verdict on the signature.
    """
    found = SCHEMES.get(identifier)
    key = read_public_key(public_key)
    if found is None or key is None or not _fits(key.kind, found.key):
        return False
    if key.loaded is None:
        return sm2.verify(public_key, data, signature)
    try:
        _verify(key.loaded, found, data, signature)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _fits(kind: KeyKind, wanted: KeyKind) -> bool:
    # RFC 5480 section 4, RFC 5758 section 3.2: the identifier of ECDSA names the hash; the curve is the key's own affair
    return kind == wanted or (kind in _CURVES and wanted in _CURVES)


def _verify(key: LoadedKey, scheme: Scheme, data: bytes, signature: bytes) -> None:
    if scheme.hash is None:
        assert not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | dsa.DSAPublicKey)
        key.verify(signature, data)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, _ECDSA[scheme.hash])
    elif isinstance(key, rsa.RSAPublicKey):
        form = _PSS[scheme.hash] if scheme.id.startswith("PS") else _PKCS1
        key.verify(signature, data, form, _HASHES[scheme.hash])
    elif isinstance(key, dsa.DSAPublicKey):
        key.verify(signature, data, _HASHES[scheme.hash])
