"""Read a timestamp token strictly: every byte of it is either signed, checked against what is signed, or refused."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ca.algorithms import digests, signatures
from ca.encoding import der, oids
from ca.errors import CertificateInvalid, DerInvalid, TokenInvalid
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.timestamping.attributes import check_attributes, read_attributes
from ca.timestamping.info import parse_imprint, read_tst_info

__all__ = ["MAX_SIZE", "TimestampToken", "parse_imprint", "read_token"]

MAX_SIZE: Final = 64 * 1024

# RFC 3370 section 3.2: RSA's key OID may stand for the signature's; OpenSSL writes tokens so.
_RSA: Final = der.sequence(der.oid(oids.RSA_ENCRYPTION), der.tlv(der.NULL))
_RSA_BY_HASH: Final = MappingProxyType(
    {
        scheme.hash: identifier
        for identifier, scheme in signatures.SCHEMES.items()
        if scheme.id in {"RS256", "RS384", "RS512"}
    }
)


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """A token whose own signature is good. Certificates are DER; whether to believe the signer is another question.

    imprint: the digest that was timestamped; hash_algorithm: `SHA-256`, `SHA-384`, `SHA-512` or `SM3`; certificates: all
    that are embedded, in their order; policy: dotted OID; accuracy: seconds; signature_algorithm: an id of
    `signatures.SCHEMES`.
    """

    gen_time: datetime
    imprint: bytes
    hash_algorithm: str
    certificates: tuple[bytes, ...]
    signer_certificate: bytes
    serial: int
    policy: str
    nonce: int | None
    accuracy: float | None
    signature_algorithm: str
    ordering: bool = False


def read_token(token: bytes) -> TimestampToken:
    """Read a DER TimeStampToken and verify its signature by the certificate inside it; raises TokenInvalid.

    Accepted is strict DER with one signer, whose certificate is embedded and named by a signed attribute; known signed
    attributes and nothing unsigned. Only the certificates may stand in any order: most authorities put their own first.
    Raises NationalUnavailable where this machine cannot judge an SM2 token.
    Source: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5816
    """
    if len(token) > MAX_SIZE:
        raise TokenInvalid("larger than 64 KiB")
    with der.complaining_as(TokenInvalid):
        return _read(bytes(token))


# A judge comes back to a document's few tokens again and again.
@lru_cache(maxsize=64)
def _read(token: bytes) -> TimestampToken:
    digest_set, content, certificates, signer = _signed_data(token)
    info = read_tst_info(content)
    digest_algorithm, certificate, scheme = _signer_info(signer, content, certificates)
    # RFC 5652 section 5.1: the set names the signers' digest algorithms, here exactly the one
    if len(digest_set) != 1 or digest_set[0].raw != digest_algorithm:
        raise DerInvalid("other digest algorithms than the signer's")
    return TimestampToken(
        gen_time=info.gen_time,
        imprint=info.imprint,
        hash_algorithm=info.hash_algorithm,
        certificates=tuple(one.der for one in certificates),
        signer_certificate=certificate.der,
        serial=info.serial,
        policy=info.policy,
        nonce=info.nonce,
        accuracy=info.accuracy,
        signature_algorithm=scheme,
        ordering=info.ordering,
    )


def _signed_data(token: bytes) -> tuple[tuple[der.Element, ...], bytes, tuple[Certificate, ...], der.Element]:
    info = der.Fields(der.read(token))
    _expect_oid(info.take(), oids.SIGNED_DATA)
    outer = der.Fields(info.take(), der.context(0))
    info.end()
    data = der.Fields(outer.take())
    outer.end()
    _expect_version(data, 3)
    digest_set = der.set_of(data.take(der.SET))
    content = _content(data.take())
    certificates = tuple(_certificate(one) for one in der.children(data.take(der.context(0))))
    signers = der.set_of(data.take(der.SET))
    data.end()
    if len(signers) != 1:
        raise DerInvalid("not exactly one signer")
    if len({one.der for one in certificates}) != len(certificates):
        raise DerInvalid("a certificate stands twice")
    return digest_set, content, certificates, signers[0]


def _expect_oid(element: der.Element, dotted: str) -> None:
    if der.parse_oid(element) != dotted:
        raise DerInvalid(f"another type than {dotted}")


def _expect_version(fields: der.Fields, version: int) -> None:
    if der.parse_integer(fields.take()) != version:
        raise DerInvalid("an unknown version")


def _content(element: der.Element) -> bytes:
    fields = der.Fields(element)
    _expect_oid(fields.take(), oids.TST_INFO)
    explicit = der.Fields(fields.take(), der.context(0))
    fields.end()
    content = der.parse_octets(explicit.take())
    explicit.end()
    return content


def _certificate(element: der.Element) -> Certificate:
    try:
        return read_certificate(element.raw)
    except CertificateInvalid as error:
        raise DerInvalid(f"an embedded certificate: {error.reason}") from error


def _signer_info(
    element: der.Element, content: bytes, certificates: tuple[Certificate, ...]
) -> tuple[bytes, Certificate, str]:
    fields = der.Fields(element)
    _expect_version(fields, 1)
    certificate = _named_signer(fields.take(), certificates)
    digest_algorithm = fields.take(der.SEQUENCE)
    attributes = fields.take(der.context(0))
    signature_algorithm = fields.take(der.SEQUENCE)
    signature = der.parse_octets(fields.take())
    fields.end()  # so there are no unsigned attributes, which nothing would protect
    identifier = signature_algorithm.raw
    if identifier == _RSA:
        identifier = _RSA_BY_HASH.get(digests.parse_algorithm(digest_algorithm), b"")
    scheme = signatures.SCHEMES.get(identifier)
    if scheme is None or scheme.legacy:
        raise DerInvalid("an unknown signature algorithm")
    check_attributes(read_attributes(attributes), content, certificate, digest_algorithm, signature_algorithm)
    # RFC 5652 section 5.4: signed is the SET OF, not its implicit tag
    signed = bytes((der.SET,)) + attributes.raw[1:]
    if not signatures.verify(certificate.public_key, identifier, signed, signature):
        raise DerInvalid("a signature that is wrong")
    return digest_algorithm.raw, certificate, scheme.id


def _named_signer(element: der.Element, certificates: tuple[Certificate, ...]) -> Certificate:
    fields = der.Fields(element)
    issuer = fields.take(der.SEQUENCE).raw
    serial = der.parse_integer(fields.take())
    fields.end()
    named = [one for one in certificates if one.issuer == issuer and one.serial_number == serial]
    if len(named) != 1:
        raise DerInvalid("the signer's certificate is not embedded")
    return named[0]
