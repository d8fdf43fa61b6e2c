"""Check what a token's signer has signed beside the time: its content, its own certificate, its algorithms."""

import hmac
from collections.abc import Mapping
from typing import Final

from ca.algorithms import digests
from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.certificate_reader import Certificate

_NEEDED: Final = frozenset({oids.CONTENT_TYPE, oids.MESSAGE_DIGEST})
_BINDING: Final = frozenset({oids.SIGNING_CERTIFICATE, oids.SIGNING_CERTIFICATE_V2})
_KNOWN: Final = _NEEDED | _BINDING | {oids.SIGNING_TIME, oids.ALGORITHM_PROTECTION}


def read_attributes(element: der.Element) -> Mapping[str, der.Element]:
    """Return the one value of each signed attribute, which must be of the known kinds; raises DerInvalid."""
    found: dict[str, der.Element] = {}
    for attribute in der.set_of(element):
        fields = der.Fields(attribute)
        kind = der.parse_oid(fields.take())
        values = der.set_of(fields.take(der.SET))
        fields.end()
        if kind in found or len(values) != 1:
            raise DerInvalid("a signed attribute with more than one value")
        found[kind] = values[0]
    if not found.keys() >= _NEEDED or not found.keys() & _BINDING or not found.keys() <= _KNOWN:
        raise DerInvalid("other signed attributes than those of a timestamp")
    return found


def check_attributes(
    attributes: Mapping[str, der.Element],
    content: bytes,
    certificate: Certificate,
    digest_algorithm: der.Element,
    signature_algorithm: der.Element,
) -> None:
    """Refuse attributes that belong to other content, another certificate or other algorithms; raises DerInvalid.

    Source: RFC 5652 section 11, RFC 3161 section 2.4.2, RFC 5816, RFC 6211
    """
    hash_name = digests.parse_algorithm(digest_algorithm)
    if hash_name is None:
        raise DerInvalid("an unknown digest algorithm")
    if der.parse_oid(attributes[oids.CONTENT_TYPE]) != oids.TST_INFO:
        raise DerInvalid("a content type that is not a timestamp's")
    digest = der.parse_octets(attributes[oids.MESSAGE_DIGEST])
    if not hmac.compare_digest(digest, digests.compute(hash_name, content)):
        raise DerInvalid("a message digest that is not the content's")
    if oids.SIGNING_TIME in attributes:
        der.parse_time(attributes[oids.SIGNING_TIME])  # the signer's own word; the time is TSTInfo's
    if oids.ALGORITHM_PROTECTION in attributes:
        _check_protection(attributes[oids.ALGORITHM_PROTECTION], digest_algorithm, signature_algorithm)
    # RFC 5035: without one of these another certificate for the same key could be put in the signer's place
    for kind in _BINDING & attributes.keys():
        if not names(attributes[kind], certificate, explicit_hash=kind == oids.SIGNING_CERTIFICATE_V2):
            raise DerInvalid("a signing certificate that is not the signer's")


def _check_protection(element: der.Element, digest_algorithm: der.Element, signature_algorithm: der.Element) -> None:
    fields = der.Fields(element)
    digest = fields.take(der.SEQUENCE)
    signature = fields.take(der.context(1))
    fields.end()
    if (digest.raw, signature.value) != (digest_algorithm.raw, signature_algorithm.value):
        raise DerInvalid("other algorithms than those that were signed")


def names(element: der.Element, certificate: Certificate, *, explicit_hash: bool) -> bool:
    """Say whether a SigningCertificate (V2 where the hash is explicit) names this certificate; raises DerInvalid."""
    outer = der.Fields(element)
    identifiers = der.children(outer.take(der.SEQUENCE))
    outer.end()
    if not identifiers:
        raise DerInvalid("no signing certificate")
    found = [_identifier(one, explicit_hash=explicit_hash) for one in identifiers]
    # The first one is the signer's; further ones name the chain, which is validated on its own.
    hash_name, digest, issuer_serial = found[0]
    if issuer_serial is not None and issuer_serial != _issuer_serial(certificate):
        return False
    return hmac.compare_digest(digest, digests.compute(hash_name, certificate.der))


def _identifier(element: der.Element, *, explicit_hash: bool) -> tuple[str, bytes, bytes | None]:
    """Read an ESSCertID (whose hash is SHA-1) or an ESSCertIDv2 (SHA-256 where it names none)."""
    fields = der.Fields(element)
    hash_name: str | None = "SHA-1"
    if explicit_hash:
        algorithm = fields.optional(der.SEQUENCE)
        hash_name = "SHA-256" if algorithm is None else digests.parse_algorithm(algorithm)
    digest = der.parse_octets(fields.take())
    issuer_serial = fields.optional(der.SEQUENCE)
    fields.end()
    if hash_name is None or len(digest) != digests.SIZES[hash_name]:
        raise DerInvalid("a signing certificate by an unknown hash")
    return hash_name, digest, None if issuer_serial is None else issuer_serial.raw


def _issuer_serial(certificate: Certificate) -> bytes:
    name = der.tlv(der.context(4), certificate.issuer)
    return der.sequence(der.sequence(name), der.integer(certificate.serial_number))
