"""Issue certificates, as their profile says and no other way."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID

from ca.certificate_reader import read_certificate
from ca.errors import KeyMismatch, ProfileViolated
from ca.profiles import Profile
from ca.signer_key import SignerKey
from ledger.signing import Signer

_MAX_NAME: Final = 64
_DAYS_A_YEAR: Final = 366


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A certificate's subject: CN and O of at most 64 characters, and a country of two letters."""

    common_name: str
    organisation: str
    country: str = "CN"

    def as_name(self) -> x509.Name:
        """Return the distinguished name, C first."""
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, self.country),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.organisation),
                x509.NameAttribute(NameOID.COMMON_NAME, self.common_name),
            ]
        )


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues: its own certificate (DER) and its key."""

    certificate: bytes
    signer: Signer


def serial_number() -> int:
    """Return a fresh serial number: 20 octets, all but two of whose bits are random.

    The top bit makes it positive and the next one makes it long, so that every serial has the same length.
    Source: RFC 5280 section 4.1.2.2
    """
    return 1 << 158 | secrets.randbits(158)


def issue(
    profile: Profile,
    subject: DistinguishedName,
    public_key: bytes,
    authority: Authority,
    not_before: datetime,
    not_after: datetime,
) -> bytes:
    """Issue an end entity's or an authority's certificate and return its DER; raises ProfileViolated, KeyMismatch.

    public_key: DER of SubjectPublicKeyInfo; times are cut to the second and lie within the authority's own.
    """
    issuer = read_certificate(authority.certificate)
    if issuer.public_key != authority.signer.public_key:
        raise KeyMismatch(issuer.subject_text)
    if not issuer.is_ca or (profile.is_ca and issuer.path_length == 0):
        raise ProfileViolated(profile.name, "the issuer may not issue it")
    if not issuer.not_before <= not_before.replace(microsecond=0) or not_after > issuer.not_after:
        raise ProfileViolated(profile.name, "the validity goes beyond the issuer's")
    name = x509.load_der_x509_certificate(authority.certificate).subject
    return _sign(profile, subject, public_key, _Issuer(name, authority.signer), not_before, not_after)


def issue_root(
    profile: Profile, subject: DistinguishedName, signer: Signer, not_before: datetime, not_after: datetime
) -> bytes:
    """Issue a self-signed root and return its DER; raises ProfileViolated."""
    issuer = _Issuer(subject.as_name(), signer)
    return _sign(profile, subject, signer.public_key, issuer, not_before, not_after)


@dataclass(frozen=True, slots=True)
class _Issuer:
    name: x509.Name
    signer: Signer


def _sign(
    profile: Profile,
    subject: DistinguishedName,
    public_key: bytes,
    issuer: _Issuer,
    not_before: datetime,
    not_after: datetime,
) -> bytes:
    _check(profile, subject, not_before, not_after)
    key = load_der_public_key(public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ProfileViolated(profile.name, "the key is not on P-256")
    signing_key = SignerKey(issuer.signer)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject.as_name())
        .issuer_name(issuer.name)
        .public_key(key)
        .serial_number(serial_number())
        .not_valid_before(not_before.replace(microsecond=0))
        .not_valid_after(not_after.replace(microsecond=0))
        .add_extension(x509.BasicConstraints(profile.is_ca, profile.path_length), critical=True)
        .add_extension(_key_usage(profile.key_usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
    )
    if profile.extended_key_usage is not None:
        purpose = x509.ExtendedKeyUsage([x509.ObjectIdentifier(profile.extended_key_usage)])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(signing_key, hashes.SHA256()).public_bytes(Encoding.DER)


def _check(profile: Profile, subject: DistinguishedName, not_before: datetime, not_after: datetime) -> None:
    names = (subject.common_name, subject.organisation)
    if not all(0 < len(name) <= _MAX_NAME and name.isprintable() and name == name.strip() for name in names):
        raise ProfileViolated(profile.name, "a name is empty, longer than 64 characters or holds odd characters")
    days = (not_after - not_before).days
    if not 0 < days <= profile.max_years * _DAYS_A_YEAR:
        raise ProfileViolated(profile.name, f"the validity is not between one day and {profile.max_years} years")


def _key_usage(names: frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digitalSignature" in names,
        content_commitment="nonRepudiation" in names,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="keyCertSign" in names,
        crl_sign="cRLSign" in names,
        encipher_only=False,
        decipher_only=False,
    )
