"""What is asked for, and what may be certified: two types, so that nothing asked is signed unseen."""

from dataclasses import InitVar, dataclass
from datetime import UTC, datetime
from typing import Final

from ca.algorithms import signatures
from ca.encoding import der
from ca.errors import DerInvalid, ProfileViolated
from ca.reading.certificate_reader import Certificate
from ca.reading.names import DistinguishedName
from ca.writing.locations import Locations
from ca.writing.profiles import (
    PROFILES,
    RSA_BITS,
    SHORT_RSA,
    SHORT_RSA_CERTIFIED_UNTIL,
    SHORT_RSA_VALID_UNTIL,
    Profile,
    ProfileName,
)

_DAYS_A_YEAR: Final = 366
_VALIDATED: Final = object()


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What somebody asks for; nothing of it is believed.

    public_key: DER of SubjectPublicKeyInfo, whose private half the asker has proved to hold; times: UTC-aware.
    """

    profile: ProfileName
    subject: DistinguishedName
    public_key: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class ValidatedRequest:
    """What may be certified by the issuer that it was validated for; only `validate` makes one.

    subject: DER Name; times: cut to the second; locations: None where the certificate names none.
    """

    profile: Profile
    subject: bytes
    public_key: bytes
    not_before: datetime
    not_after: datetime
    locations: Locations | None
    issuer: bytes | None
    by: InitVar[object]

    def __post_init__(self, by: object) -> None:
        if by is not _VALIDATED:
            raise TypeError("a request is validated by `validate` alone")


def validate(
    request: CertificateRequest, issuer: Certificate | None, locations: Locations | None = None
) -> ValidatedRequest:
    """Check a request against its profile and issuer; raises ProfileViolated.

    issuer: None for a root that signs itself; locations: the issuer's, left out where the profile wants none.
    """
    profile = PROFILES[request.profile]
    subject = _subject(request.subject, profile)
    not_before, not_after = _whole(request.not_before), _whole(request.not_after)
    _check_validity(not_before, not_after, profile)
    kind = _key(request.public_key, profile, not_before, not_after)
    if issuer is None:
        if profile.name != "root":
            raise ProfileViolated(profile.name, "it needs an issuer")
    else:
        _check_issuer(issuer, profile, subject)
        _check_hierarchy(issuer, kind, profile)
        if not issuer.not_before <= not_before or not_after > issuer.not_after:
            raise ProfileViolated(profile.name, "the validity goes beyond the issuer's")
    if locations is not None and not locations.usable:
        raise ProfileViolated(profile.name, "an address is not an HTTP address in ASCII")
    return ValidatedRequest(
        profile,
        subject,
        request.public_key,
        not_before,
        not_after,
        locations if profile.revocable else None,
        None if issuer is None else issuer.der,
        _VALIDATED,
    )


def _whole(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _subject(subject: DistinguishedName, profile: Profile) -> bytes:
    if subject.fault is not None:
        raise ProfileViolated(profile.name, subject.fault)
    if profile.seal_subject and not subject.names_seal:
        raise ProfileViolated(profile.name, "CN is not a seal code of 14 digits, or O not a USCC and the unit's name")
    return subject.encode()


def _check_validity(not_before: datetime, not_after: datetime, profile: Profile) -> None:
    if not 0 < (not_after - not_before).days <= profile.max_years * _DAYS_A_YEAR:
        raise ProfileViolated(profile.name, f"the validity is not between one day and {profile.max_years} years")


def _key(public_key: bytes, profile: Profile, not_before: datetime, not_after: datetime) -> str:
    found = signatures.key_kind(public_key)
    if found is None or found[0] not in profile.keys:
        raise ProfileViolated(profile.name, "the key is not of a kind that it allows")
    kind, bits = found
    if kind == "RSA":
        short = profile.short_rsa and bits in SHORT_RSA
        if not ((short or bits in RSA_BITS) and _usual_exponent(public_key)):
            raise ProfileViolated(profile.name, "the RSA key is not of 3072 to 8192 bits with a usual exponent")
        last = not_before.date() <= SHORT_RSA_CERTIFIED_UNTIL and not_after.date() <= SHORT_RSA_VALID_UNTIL
        if short and not last:
            raise ProfileViolated(
                profile.name,
                f"an RSA key shorter than 3072 bits is certified until {SHORT_RSA_CERTIFIED_UNTIL}, "
                f"and to {SHORT_RSA_VALID_UNTIL} at the latest",
            )
    return kind


def _usual_exponent(public_key: bytes) -> bool:
    # A tiny exponent makes careless verifiers forgeable; 65537 is what every maker writes (FIPS 186-5 section 5.1)
    try:
        _, bits = der.children(der.read(public_key, der.SEQUENCE))
        _, exponent = der.children(der.read(der.parse_bits(bits), der.SEQUENCE))
        number = der.parse_integer(exponent)
    except (DerInvalid, ValueError):
        return False
    return number % 2 == 1 and 2**16 < number < 2**256


def _check_issuer(issuer: Certificate, profile: Profile, subject: bytes) -> None:
    signs = issuer.key_usage is None or "keyCertSign" in issuer.key_usage
    # A root under a root is a link between two generations of one key holder: the same name (RFC 4210 section 4.4)
    linked = profile.name == "root" and subject == issuer.subject
    deep_enough = not profile.is_ca or linked or issuer.path_length != 0
    if not (issuer.is_ca and signs and deep_enough) or (profile.name == "root" and not linked):
        raise ProfileViolated(profile.name, "the issuer may not issue it")


def _check_hierarchy(issuer: Certificate, kind: str, profile: Profile) -> None:
    above = signatures.key_kind(issuer.public_key)
    if above is None or (above[0] == "SM2") != (kind == "SM2"):
        raise ProfileViolated(profile.name, "national and international keys are never mixed in one hierarchy")
