"""The to-be-signed certificate, written by our own DER writer: both hierarchies by the same lines."""

from ca.algorithms.signatures import identifier
from ca.encoding import der, oids
from ca.errors import KeyMismatch
from ca.reading.certificate_reader import Certificate
from ca.writing import extensions
from ca.writing.certificate_request import ValidatedRequest
from ledger.signing import SignatureAlgorithm

_VERSION_3 = der.tlv(der.context(0), der.integer(2))


def to_be_signed(
    request: ValidatedRequest, serial: int, issuer: Certificate | None, algorithm: SignatureAlgorithm
) -> bytes:
    """Return the DER of a TBSCertificate; raises KeyMismatch if the request was validated for another issuer.

    serial: of `serial_number`; issuer: None for a root that signs itself; algorithm: of the issuer's key.
    Source: RFC 5280 section 4.1
    """
    if request.issuer != (None if issuer is None else issuer.der):
        raise KeyMismatch(request.profile.name if issuer is None else issuer.subject_text)
    return der.sequence(
        _VERSION_3,
        der.integer(serial),
        identifier(algorithm),
        # Byte for byte: path validators chain names, and not all of them compare as RFC 5280 section 7.1 wants
        request.subject if issuer is None else issuer.subject,
        der.sequence(der.time(request.not_before), der.time(request.not_after)),
        request.subject,
        request.public_key,
        extensions.extensions(_members(request, issuer), 3),
    )


def issuer_key_identifier(issuer: Certificate) -> bytes:
    """Return what names the issuer's key: what its certificate says, or what we would say of it."""
    return issuer.subject_key_identifier or extensions.key_identifier(issuer.public_key)


def _members(request: ValidatedRequest, issuer: Certificate | None) -> list[bytes]:
    profile = request.profile
    own = extensions.key_identifier(request.public_key)
    above = own if issuer is None else issuer_key_identifier(issuer)
    write = extensions.extension
    members = [
        write(oids.BASIC_CONSTRAINTS, extensions.basic_constraints(profile.path_length), critical=True),
        write(oids.KEY_USAGE, extensions.key_usage(profile.key_usage), critical=True),
        write(oids.SUBJECT_KEY_IDENTIFIER, extensions.subject_key_identifier(own)),
        write(oids.AUTHORITY_KEY_IDENTIFIER, extensions.authority_key_identifier(above)),
    ]
    if profile.extended_key_usage:
        purposes = extensions.extended_key_usage(profile.extended_key_usage)
        members.append(write(oids.EXTENDED_KEY_USAGE, purposes, critical=profile.purpose_critical))
    if profile.ocsp_nocheck:
        members.append(write(oids.OCSP_NOCHECK, der.tlv(der.NULL)))
    if request.locations is not None:
        points = extensions.crl_distribution_points(request.locations.crl)
        access = extensions.authority_information_access(request.locations)
        members += [write(oids.CRL_DISTRIBUTION_POINTS, points), write(oids.AUTHORITY_INFO_ACCESS, access)]
    return members
