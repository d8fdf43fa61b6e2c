"""Make certificate revocation lists."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ca.certificate_reader import read_certificate
from ca.certificates import Authority
from ca.crl_reader import Reason, Revoked
from ca.errors import KeyMismatch
from ca.signer_key import SignerKey

_FLAGS: Final[dict[Reason, x509.ReasonFlags]] = {
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "cACompromise": x509.ReasonFlags.ca_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
    "certificateHold": x509.ReasonFlags.certificate_hold,
    "privilegeWithdrawn": x509.ReasonFlags.privilege_withdrawn,
    "aACompromise": x509.ReasonFlags.aa_compromise,
}


def make_crl(
    authority: Authority, number: int, revoked: Iterable[Revoked], this_update: datetime, next_update: datetime
) -> bytes:
    """Sign a full revocation list and return its DER; raises KeyMismatch.

    number: rises with every list of this authority.
    Source: RFC 5280 section 5
    """
    issuer = read_certificate(authority.certificate)
    if issuer.public_key != authority.signer.public_key:
        raise KeyMismatch(issuer.subject_text)
    key = SignerKey(authority.signer)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(authority.certificate).subject)
        .last_update(this_update.replace(microsecond=0))
        .next_update(next_update.replace(microsecond=0))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    for entry in revoked:
        builder = builder.add_revoked_certificate(_entry(entry))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def _entry(entry: Revoked) -> x509.RevokedCertificate:
    builder = (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial_number)
        .revocation_date(entry.at.replace(microsecond=0))
    )
    # RFC 5280 section 5.3.1: "unspecified" is said by leaving the reason out
    if entry.reason is not None and entry.reason != "unspecified":
        builder = builder.add_extension(x509.CRLReason(_FLAGS[entry.reason]), critical=False)
    if entry.invalidity_date is not None:
        moment = entry.invalidity_date.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        builder = builder.add_extension(x509.InvalidityDate(moment), critical=False)
    return builder.build()
