"""Read a timestamp token strictly: every byte of it is either signed, checked against what is signed, or refused."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ca import der, digests, oids, signatures
from ca.certificate_reader import Certificate, read_certificate
from ca.errors import CertificateInvalid, DerInvalid, TokenInvalid

MAX_SIZE: Final = 64 * 1024
_ATTRIBUTES: Final = frozenset({oids.CONTENT_TYPE, oids.MESSAGE_DIGEST, oids.SIGNING_CERTIFICATE_V2})


@dataclass(frozen=True, slots=True)
class TimestampToken:
    """A token whose own signature is good. Certificates are DER; whether to believe the signer is another question.

    imprint: the digest that was timestamped; hash_algorithm: `SHA-256`, `SHA-384` or `SHA-512`; certificates: all that
    are embedded, in their order; policy: dotted OID; accuracy: seconds.
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


def read_token(token: bytes) -> TimestampToken:
    """Read a DER TimeStampToken and verify its signature by the certificate inside it; raises TokenInvalid.

    Accepted is one form: strict DER, one signer with an embedded certificate, the three signed attributes that RFC 5816
    needs and nothing unsigned.
    Source: RFC 3161 section 2.4.2, RFC 5652 section 5, RFC 5816
    """
    if len(token) > MAX_SIZE:
        raise TokenInvalid("larger than 64 KiB")
    with der.complaining_as(TokenInvalid):
        return _read(bytes(token))


@dataclass(frozen=True, slots=True)
class _Info:
    gen_time: datetime
    imprint: bytes
    hash_algorithm: str
    serial: int
    policy: str
    nonce: int | None
    accuracy: float | None


def _read(token: bytes) -> TimestampToken:
    digest_set, content, certificates, signer = _signed_data(token)
    info = _tst_info(content)
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
    certificates = tuple(_certificate(one) for one in der.set_of(data.take(der.context(0))))
    signers = der.set_of(data.take(der.SET))
    data.end()
    if len(signers) != 1:
        raise DerInvalid("not exactly one signer")
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


def _tst_info(content: bytes) -> _Info:
    fields = der.Fields(der.read(content))
    _expect_version(fields, 1)
    policy = der.parse_oid(fields.take())
    hash_algorithm, imprint = parse_imprint(fields.take())
    serial = der.parse_integer(fields.take())
    gen_time = der.parse_time(fields.take(der.GENERALIZED_TIME))
    accuracy = fields.optional(der.SEQUENCE)
    ordering = fields.optional(der.BOOLEAN)
    if ordering is not None:
        der.parse_true(ordering)
    nonce = fields.optional(der.INTEGER)
    fields.optional(der.context(0))  # the authority's name: a hint, and signed
    fields.end()
    return _Info(
        gen_time=gen_time,
        imprint=imprint,
        hash_algorithm=hash_algorithm,
        serial=serial,
        policy=policy,
        nonce=None if nonce is None else der.parse_integer(nonce),
        accuracy=None if accuracy is None else _accuracy(accuracy),
    )


def parse_imprint(element: der.Element) -> tuple[str, bytes]:
    """Return the hash algorithm's id and the digest of a MessageImprint; raises DerInvalid."""
    fields = der.Fields(element)
    algorithm = digests.parse_algorithm(fields.take())
    imprint = der.parse_octets(fields.take())
    fields.end()
    if algorithm is None:
        raise DerInvalid("an unknown hash algorithm")
    if len(imprint) != digests.SIZES[algorithm]:
        raise DerInvalid("an imprint that is not as long as its hash")
    return algorithm, imprint


def _accuracy(element: der.Element) -> float:
    fields = der.Fields(element)
    seconds = fields.optional(der.INTEGER)
    accuracy = 0.0 if seconds is None else float(der.parse_integer(seconds))
    for number, unit in ((0, 1e-3), (1, 1e-6)):
        tag = der.context(number, constructed=False)
        part = fields.optional(tag)
        if part is not None:
            accuracy += der.parse_integer(part, tag) * unit
    fields.end()
    return accuracy


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
    name = digests.parse_algorithm(digest_algorithm)
    scheme = signatures.SCHEMES.get(signature_algorithm.raw)
    # The attributes are hashed by the signature's own hash; our reader knows one pair of the two.
    if name != "SHA-256" or scheme is None:
        raise DerInvalid("an unknown digest or signature algorithm")
    _check_attributes(_attributes(attributes), hashlib.sha256(content).digest(), certificate)
    # RFC 5652 section 5.4: signed is the SET OF, not its implicit tag
    signed = bytes((der.SET,)) + attributes.raw[1:]
    if not signatures.verify(certificate.public_key, signature_algorithm.raw, signed, signature):
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


def _attributes(element: der.Element) -> dict[str, der.Element]:
    found: dict[str, der.Element] = {}
    for attribute in der.set_of(element):
        fields = der.Fields(attribute)
        kind = der.parse_oid(fields.take())
        values = der.set_of(fields.take(der.SET))
        fields.end()
        if kind in found or len(values) != 1:
            raise DerInvalid("a signed attribute with more than one value")
        found[kind] = values[0]
    if found.keys() != _ATTRIBUTES:
        raise DerInvalid("other signed attributes than the three expected")
    return found


def _check_attributes(attributes: dict[str, der.Element], content_digest: bytes, certificate: Certificate) -> None:
    _expect_oid(attributes[oids.CONTENT_TYPE], oids.TST_INFO)
    if not hmac.compare_digest(der.parse_octets(attributes[oids.MESSAGE_DIGEST]), content_digest):
        raise DerInvalid("a message digest that is not the content's")
    # RFC 5035: without it another certificate for the same key could be put in the signer's place
    outer = der.Fields(attributes[oids.SIGNING_CERTIFICATE_V2])
    identifiers = der.children(outer.take(der.SEQUENCE))
    outer.end()
    if len(identifiers) != 1:
        raise DerInvalid("not exactly one signing certificate")
    identifier = der.Fields(identifiers[0])
    digest = der.parse_octets(identifier.take())  # SHA-256, which DER leaves out as the default
    issuer_serial = identifier.optional(der.SEQUENCE)
    identifier.end()
    if issuer_serial is not None:
        _check_issuer_serial(issuer_serial, certificate)
    if not hmac.compare_digest(digest, hashlib.sha256(certificate.der).digest()):
        raise DerInvalid("a signing certificate that is not the signer's")


def _check_issuer_serial(element: der.Element, certificate: Certificate) -> None:
    name = der.tlv(der.context(4), certificate.issuer)
    if element.raw != der.sequence(der.sequence(name), der.integer(certificate.serial_number)):
        raise DerInvalid("a signing certificate that is not the signer's")
