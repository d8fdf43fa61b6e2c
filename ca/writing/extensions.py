"""The extensions that our certificates and revocation lists carry, written in their DER.

A value function returns the DER inside the octet string; `extension` wraps it.
Source: RFC 5280 sections 4.2 and 5.2
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ca.algorithms import digests
from ca.algorithms.signatures import key_kind
from ca.encoding import der, oids
from ca.reading.extension_reader import KEY_USAGES
from ca.writing.locations import Locations

_KEY_IDENTIFIER: Final = 20


def extension(kind: str, value: bytes, *, critical: bool = False) -> bytes:
    """Encode an Extension; an absent boolean means not critical."""
    return der.sequence(der.oid(kind), der.TRUE if critical else b"", der.octets(value))


def extensions(members: Iterable[bytes], tag: int) -> bytes:
    """Encode Extensions under the explicit tag that a certificate (3) or a list (0) gives them."""
    return der.tlv(der.context(tag), der.sequence(*members))


def key_identifier(public_key: bytes) -> bytes:
    """Return the 20 octets that name a key: of SHA-256 over its bits, or of SM3 for a national key.

    public_key: DER of SubjectPublicKeyInfo.
    Source: RFC 7093 section 2, method 1, with the key's own hash in place of SHA-256 for SM2
    """
    _, bits = der.children(der.read(public_key, der.SEQUENCE))
    kind = key_kind(public_key)
    hash_name = "SM3" if kind is not None and kind[0] == "SM2" else "SHA-256"
    return digests.compute(hash_name, der.parse_bits(bits))[:_KEY_IDENTIFIER]


def basic_constraints(path_length: int | None) -> bytes:
    """Return the value for an authority with that path length, or for an end entity (None)."""
    return der.sequence() if path_length is None else der.sequence(der.TRUE, der.integer(path_length))


def key_usage(names: Iterable[str]) -> bytes:
    """Return the value for key usages by their names in RFC 5280 section 4.2.1.3."""
    return der.named_bits(KEY_USAGES[name] for name in names)


def extended_key_usage(purposes: Iterable[str]) -> bytes:
    """Return the value for purposes by their dotted ids."""
    return der.sequence(*(der.oid(purpose) for purpose in purposes))


def subject_key_identifier(identifier: bytes) -> bytes:
    """Return the value for a key identifier."""
    return der.octets(identifier)


def authority_key_identifier(identifier: bytes) -> bytes:
    """Return the value for the issuer's key identifier."""
    return der.sequence(der.tlv(der.context(0, constructed=False), identifier))


def crl_distribution_points(url: str) -> bytes:
    """Return the value for one place where the full list of the issuer lies."""
    names = der.tlv(der.context(0), _uri(url))
    return der.sequence(der.sequence(der.tlv(der.context(0), names)))


def authority_information_access(locations: Locations) -> bytes:
    """Return the value for the issuer's OCSP responder and certificate.

    Source: RFC 5280 section 4.2.2.1
    """
    return der.sequence(
        _access(oids.ACCESS_OCSP, locations.ocsp),
        _access(oids.ACCESS_CA_ISSUERS, locations.certificate),
    )


def _uri(url: str) -> bytes:
    return der.tlv(der.context(6, constructed=False), url.encode("ascii"))


def _access(method: str, url: str) -> bytes:
    return der.sequence(der.oid(method), _uri(url))


def expired_certs_on_crl(since: datetime) -> bytes:
    """Return the value that says: the list keeps every certificate that expired at or after that time.

    Source: ITU-T X.509 (2019) section 9.5.2.9
    """
    return der.generalized_time(since.replace(microsecond=0))
