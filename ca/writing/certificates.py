"""Issue certificates, as their profile says and no other way."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from ca.errors import KeyMismatch, ProfileViolated
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.names import DistinguishedName
from ca.writing.certificate_errors import LintFailed
from ca.writing.certificate_request import CertificateRequest, validate
from ca.writing.lint import lint
from ca.writing.locations import Locations
from ca.writing.profiles import Profile
from ca.writing.signed import signed
from ca.writing.to_be_signed import to_be_signed
from ledger.signing import Signer

__all__ = [
    "Authority",
    "DistinguishedName",
    "issue",
    "issue_root",
    "serial_number",
    "sign_certificate",
    "sign_root",
]


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues: its own certificate (DER) and its key."""

    certificate: bytes
    signer: Signer

    def read(self) -> Certificate:
        """Return the certificate's value; raises KeyMismatch if the key is not the one it names."""
        certificate = read_certificate(self.certificate)
        if certificate.public_key != self.signer.public_key:
            raise KeyMismatch(certificate.subject_text)
        return certificate


def serial_number() -> int:
    """Return a fresh serial number: 20 octets, all but two of whose bits are random.

    The top bit makes it positive and the next one makes it long, so that every serial has the same length.
    Source: RFC 5280 section 4.1.2.2
    """
    return 1 << 158 | secrets.randbits(158)


def sign_certificate(tbs: bytes, profile: Profile, authority: Authority) -> bytes:
    """Sign what `to_be_signed` wrote and return the certificate's DER; raises LintFailed, KeyMismatch, SignatureFaulty."""
    issuer = authority.read()
    _refuse_faults(tbs, profile, issuer)
    return signed(tbs, authority.signer)


def sign_root(tbs: bytes, profile: Profile, signer: Signer) -> bytes:
    """Sign a root with its own key and return its DER; raises LintFailed, SignatureFaulty."""
    _refuse_faults(tbs, profile, None)
    return signed(tbs, signer)


def _refuse_faults(tbs: bytes, profile: Profile, issuer: Certificate | None) -> None:
    findings = lint(tbs, profile, issuer)
    if findings:
        raise LintFailed(profile.name, "; ".join(f"{finding.clause}: {finding.message}" for finding in findings))


def issue(
    profile: Profile,
    subject: DistinguishedName,
    public_key: bytes,
    authority: Authority,
    not_before: datetime,
    not_after: datetime,
    locations: Locations | None = None,
) -> bytes:
    """Issue an end entity's or an authority's certificate at once and return its DER; raises ProfileViolated, KeyMismatch.

    public_key: DER of SubjectPublicKeyInfo; times are cut to the second and lie within the authority's own; locations:
    the authority's. For ceremonies: the desk stores its intent between these steps.
    """
    issuer = authority.read()
    request = CertificateRequest(profile.name, subject, public_key, not_before, not_after)
    tbs = to_be_signed(validate(request, issuer, locations), serial_number(), issuer, authority.signer.algorithm)
    return sign_certificate(tbs, profile, authority)


def issue_root(
    profile: Profile, subject: DistinguishedName, signer: Signer, not_before: datetime, not_after: datetime
) -> bytes:
    """Issue a self-signed root and return its DER; raises ProfileViolated."""
    if profile.name != "root":
        raise ProfileViolated(profile.name, "it needs an issuer")
    request = CertificateRequest(profile.name, subject, signer.public_key, not_before, not_after)
    tbs = to_be_signed(validate(request, None), serial_number(), None, signer.algorithm)
    return sign_root(tbs, profile, signer)
