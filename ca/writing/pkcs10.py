"""Certification requests (PKCS #10): ours to a licensed authority, and others' to us.

Of a foreign request we believe one thing: whoever made it holds the private key. Its attributes are read past, since a
profile says what stands in a certificate.
"""

from dataclasses import dataclass
from typing import Final

from ca.algorithms.signatures import SCHEMES, verify
from ca.encoding import der, pem
from ca.errors import DerInvalid
from ca.reading.certificate_reader import signed_parts
from ca.reading.names import DistinguishedName, attributes
from ca.writing.certificate_errors import RequestInvalid
from ca.writing.signed import signed
from ledger.signing import Signer

MAX_SIZE: Final = 64 * 1024
LABEL: Final = "CERTIFICATE REQUEST"
_LABELS: Final = (LABEL, "NEW CERTIFICATE REQUEST")
_ATTRIBUTES: Final = der.context(0)


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A request whose signature holds. subject, public_key: their DER; algorithm: the id of the signature's scheme."""

    der: bytes
    subject: bytes
    public_key: bytes
    algorithm: str

    def distinguished_name(self) -> DistinguishedName:
        """Return the subject if it is one that we certify (CN, O, C); raises RequestInvalid."""
        with der.complaining_as(RequestInvalid):
            return DistinguishedName.read(self.subject)


def make_pkcs10(signer: Signer, subject: DistinguishedName) -> bytes:
    """Return a request for the signer's key, in DER; raises RequestInvalid for a name that no certificate could bear.

    Source: RFC 2986 section 4
    """
    if subject.fault is not None:
        raise RequestInvalid(subject.fault)
    info = der.sequence(der.integer(0), subject.encode(), signer.public_key, der.tlv(_ATTRIBUTES))
    return signed(info, signer)


def read_pkcs10(data: bytes) -> SigningRequest:
    """Read a request in PEM or DER, at most 64 KiB, and verify its signature; raises RequestInvalid.

    Also raises NationalUnavailable for SM2 where the library lacks it.
    Source: RFC 2986 section 4
    """
    if len(data) > MAX_SIZE:
        raise RequestInvalid("larger than 64 KiB")
    with der.complaining_as(RequestInvalid):
        return _read(pem.one(data, _LABELS))


def _read(data: bytes) -> SigningRequest:
    info, algorithm, signature = signed_parts(data)
    fields = der.Fields(info)
    if der.parse_integer(fields.take()) != 0:
        raise DerInvalid("not version 1")
    subject = fields.take(der.SEQUENCE)
    attributes(subject.raw)
    public_key = fields.take(der.SEQUENCE)
    for attribute in der.children(fields.take(_ATTRIBUTES)):
        der.parse_oid(der.Fields(attribute).take())
    fields.end()
    scheme = SCHEMES.get(algorithm.raw)
    if scheme is None or scheme.legacy:
        raise DerInvalid("signed with an algorithm that is not accepted")
    if not verify(public_key.raw, algorithm.raw, info.raw, signature):
        raise DerInvalid("the signature is not made by the key inside")
    return SigningRequest(data, subject.raw, public_key.raw, scheme.id)
