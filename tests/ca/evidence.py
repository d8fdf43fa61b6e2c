"""Revocation lists and OCSP responses of every form, also those that nobody should issue, for tests."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.ocsp.id import make_cert_id
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.writing.certificates import Authority
from ca.writing.signed import signed
from tests.ca.house import NOW

DAY = timedelta(days=1)
WHOLE = NOW.replace(microsecond=0)
ANY_REASON = None


def extension(kind: str, value: bytes, *, critical: bool = True) -> bytes:
    return der.sequence(der.oid(kind), der.TRUE if critical else b"", der.octets(value))


def uri(place: str) -> x509.GeneralName:
    return x509.UniformResourceIdentifier(f"http://ca.example.test/{place}.crl")


def directory(certificate: Certificate) -> x509.GeneralName:
    return x509.DirectoryName(x509.load_der_x509_certificate(certificate.der).subject)


def scope(
    *places: x509.GeneralName,
    reasons: Iterable[x509.ReasonFlags] | None = ANY_REASON,
    users: bool = False,
    authorities: bool = False,
    attributes: bool = False,
    indirect: bool = False,
) -> bytes:
    """The extension that says which part of the revocations a list holds."""
    point = x509.IssuingDistributionPoint(
        full_name=places or None,
        relative_name=None,
        only_contains_user_certs=users,
        only_contains_ca_certs=authorities,
        only_some_reasons=None if reasons is None else frozenset(reasons),
        indirect_crl=indirect,
        only_contains_attribute_certs=attributes,
    )
    return extension(oids.ISSUING_DISTRIBUTION_POINT, point.public_bytes())


def continuing(base: int) -> bytes:
    """The extension that makes a list a delta of the full one with that number."""
    return extension(oids.DELTA_CRL_INDICATOR, der.integer(base))


def line(serial: int, at: datetime = WHOLE, reason: int | None = None, *more: bytes) -> bytes:
    """One line of a list. reason: the code of RFC 5280 section 5.3.1."""
    said = [] if reason is None else [extension(oids.CRL_REASON, der.integer(reason, der.ENUMERATED), critical=False)]
    listed = [*said, *more]
    return der.sequence(der.integer(serial), der.time(at), der.sequence(*listed) if listed else b"")


def of_issuer(issuer: Certificate) -> bytes:
    """The extension of a line that says whose certificate it is about."""
    names = x509.GeneralNames([directory(issuer)])
    value = x509.CertificateIssuer(names).public_bytes()
    return extension(oids.CERTIFICATE_ISSUER, value)


def make_list(
    authority: Authority,
    lines: Sequence[bytes] = (),
    *extensions: bytes,
    number: int | None = 1,
    begin: datetime = WHOLE - DAY,
    end: datetime | None = WHOLE + 30 * DAY,
) -> bytes:
    """Sign a list; whatever it says, nobody checks it."""
    numbered = [] if number is None else [extension(oids.CRL_NUMBER, der.integer(number), critical=False)]
    listed = [*numbered, *extensions]
    tbs = der.sequence(
        der.integer(1),
        identifier(authority.signer.algorithm),
        read_certificate(authority.certificate).subject,
        der.time(begin),
        der.time(end) if end is not None else b"",
        der.sequence(*lines) if lines else b"",
        der.tlv(der.context(0), der.sequence(*listed)) if listed else b"",
    )
    return signed(tbs, authority.signer)


GOOD = der.tlv(der.context(0, constructed=False))
UNKNOWN = der.tlv(der.context(2, constructed=False))


def revoked(at: datetime, reason: int | None = None) -> bytes:
    """The status of a revoked certificate in a response."""
    given = b"" if reason is None else der.tlv(der.context(0), der.integer(reason, der.ENUMERATED))
    return der.tlv(der.context(1), der.generalized_time(at), given)


def make_response(
    about: Certificate,
    issuer: Certificate,
    responder: Authority,
    status: bytes | Sequence[bytes] = GOOD,
    certificates: Sequence[bytes] | None = None,
    *,
    begin: datetime = WHOLE,
    end: datetime | None = WHOLE + DAY,
    produced_at: datetime | None = None,
    name: bytes | None = None,
) -> bytes:
    """Sign a response; the responder's own name and certificate are inside if nothing else is said.

    status: or several, one after the other, for a responder that contradicts itself.
    """
    name = name or read_certificate(responder.certificate).subject
    until = b"" if end is None else der.tlv(der.context(0), der.generalized_time(end))
    known = make_cert_id(issuer, about.serial_number, "SHA-256")
    singles = [
        der.sequence(known, one, der.generalized_time(begin), until)
        for one in ([status] if isinstance(status, bytes) else status)
    ]
    produced = der.generalized_time(produced_at or begin)
    tbs = der.sequence(der.tlv(der.context(1), name), produced, der.sequence(*singles))
    inside = [responder.certificate] if certificates is None else certificates
    basic = der.sequence(
        tbs,
        identifier(responder.signer.algorithm),
        der.bits(responder.signer.sign(tbs)),
        der.tlv(der.context(0), der.sequence(*inside)) if inside else b"",
    )
    body = der.sequence(der.oid(oids.OCSP_BASIC), der.octets(basic))
    return der.sequence(der.integer(0, der.ENUMERATED), der.tlv(der.context(0), body))
