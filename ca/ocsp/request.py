"""Ask, and read what is asked, about the status of certificates."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.ocsp.errors import OcspMalformed
from ca.ocsp.id import CertId, make_cert_id, read_cert_id
from ca.ocsp.reader import MAX_NONCE, read_nonce
from ca.reading.certificate_reader import explicit_extensions, read_certificate
from ca.reading.extension_reader import Extension

__all__ = ["CertId", "OcspRequest", "make_ocsp_request", "read_ocsp_request"]

MAX_SIZE: Final = 16 * 1024
MAX_CERTIFICATES: Final = 64
"""So many look-ups one unpaid request may cost."""


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """What is asked about; nonce: 1 to 128 octets, or None."""

    ids: tuple[CertId, ...]
    nonce: bytes | None


_KNOWN: Final = frozenset({oids.OCSP_NONCE})


def _extensions(fields: der.Fields, number: int) -> MappingProxyType[str, Extension]:
    extensions = explicit_extensions(fields, der.context(number))
    # RFC 6960 section 4.4: what is not known is ignored, unless it is critical
    if any(extension.critical and kind not in _KNOWN for kind, extension in extensions.items()):
        raise DerInvalid("a critical extension that is not known")
    return extensions


def _id(element: der.Element) -> CertId:
    fields = der.Fields(element)
    name = read_cert_id(fields.take(der.SEQUENCE))
    _extensions(fields, 0)
    fields.end()
    return name


_VERSION_1: Final = der.tlv(der.context(0), der.integer(0))


def _read(data: bytes) -> OcspRequest:
    outer = der.Fields(der.read(data))
    fields = der.Fields(outer.take())
    # A signed request (RFC 6960 section 4.1.2) asks nothing else than an unsigned one: we answer everybody.
    outer.optional(der.context(0))
    outer.end()
    version = fields.optional(der.context(0))
    # DER leaves the default out; some requesters spell it, and of a request nobody needs the one encoding.
    if version is not None and version.raw != _VERSION_1:
        raise DerInvalid("an unknown version")
    fields.optional(der.context(1))  # who asks: it changes no answer
    members = der.children(fields.take(der.SEQUENCE))
    extensions = _extensions(fields, 2)
    fields.end()
    if not 1 <= len(members) <= MAX_CERTIFICATES:
        raise DerInvalid(f"other than 1 to {MAX_CERTIFICATES} certificates")
    return OcspRequest(tuple(_id(member) for member in members), read_nonce(extensions))


def read_ocsp_request(data: bytes) -> OcspRequest:
    """Read a DER OCSPRequest of at most 16 KiB about at most 64 certificates; raises OcspMalformed.

    Source: RFC 6960 section 4.1.1, RFC 9654
    """
    if len(data) > MAX_SIZE:
        raise OcspMalformed("larger than 16 KiB")
    with der.complaining_as(OcspMalformed):
        return _read(bytes(data))


_NONCE: Final = der.oid(oids.OCSP_NONCE)


def nonce_extension(nonce: bytes) -> bytes:
    """Return the Extension that holds a nonce, in a request and in its answer.

    Source: RFC 9654 section 2.1
    """
    return der.sequence(_NONCE, der.octets(der.octets(nonce)))


def make_ocsp_request(
    certificate: bytes | Sequence[bytes], issuer: bytes, nonce: bytes | None = None, *, hash_algorithm: str = "SHA-1"
) -> bytes:
    """Return the DER OCSPRequest about certificates (DER) of one issuer (DER).

    nonce: 1 to 128 random octets; RFC 9654 recommends 32. hash_algorithm: names the issuer and protects nothing; SHA-1
    is what every responder understands (RFC 5019 section 2.1.1). Raises CertificateInvalid; ValueError on a bad nonce.
    Source: RFC 6960 section 4.1.1
    """
    if nonce is not None and not 1 <= len(nonce) <= MAX_NONCE:
        raise ValueError("a nonce has 1 to 128 octets")
    above = read_certificate(issuer)
    certificates = (certificate,) if isinstance(certificate, bytes) else certificate
    serials = [read_certificate(one).serial_number for one in certificates]
    listed = [der.sequence(make_cert_id(above, serial, hash_algorithm)) for serial in serials]
    extensions = b"" if nonce is None else der.tlv(der.context(2), der.sequence(nonce_extension(nonce)))
    return der.sequence(der.sequence(der.sequence(*listed), extensions))
