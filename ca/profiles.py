"""Certificate profiles, as data: what each kind of certificate may say."""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from ca import oids

ProfileName = Literal["root", "issuing", "seal", "timestamp", "status", "receipt"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of certificate.

    path_length: None for an end entity, else how many authorities may follow below; key_usage: by their names in
    RFC 5280; extended_key_usage: one purpose, critical, or None; max_years: the longest validity.
    """

    name: ProfileName
    path_length: int | None
    key_usage: frozenset[str]
    extended_key_usage: str | None
    max_years: int

    @property
    def is_ca(self) -> bool:
        """Whether such a certificate issues others."""
        return self.path_length is not None


_AUTHORITY: Final = frozenset({"keyCertSign", "cRLSign"})
_SIGNATURE: Final = frozenset({"digitalSignature"})

ROOT: Final = Profile("root", path_length=1, key_usage=_AUTHORITY, extended_key_usage=None, max_years=40)
ISSUING: Final = Profile("issuing", path_length=0, key_usage=_AUTHORITY, extended_key_usage=None, max_years=30)
# The government seal profile: CN = the seal code, O = USCC + unit name, digitalSignature + nonRepudiation.
SEAL: Final = Profile(
    "seal",
    path_length=None,
    key_usage=frozenset({"digitalSignature", "nonRepudiation"}),
    extended_key_usage=None,
    max_years=20,
)
# RFC 3161 section 2.3: one extended usage, critical. Issued by the root itself, so that whoever takes over the issuing
# authority still cannot make a time.
TIMESTAMP: Final = Profile(
    "timestamp", path_length=None, key_usage=_SIGNATURE, extended_key_usage=oids.TIME_STAMPING, max_years=30
)
STATUS: Final = Profile("status", path_length=None, key_usage=_SIGNATURE, extended_key_usage=None, max_years=20)
RECEIPT: Final = Profile("receipt", path_length=None, key_usage=_SIGNATURE, extended_key_usage=None, max_years=20)

PROFILES: Final = MappingProxyType(
    {profile.name: profile for profile in (ROOT, ISSUING, SEAL, TIMESTAMP, STATUS, RECEIPT)}
)

# The last day on which a verifier believes each algorithm: signatures on 256-bit curves end with the age of classical
# public keys as national agencies have announced it (2035); the hashes outlive them.
ALGORITHMS: Final = MappingProxyType(
    {
        "ES256": date(2035, 12, 31),
        "Ed25519": date(2035, 12, 31),
        "SHA-256": date(2040, 12, 31),
        "SHA-384": date(2045, 12, 31),
        "SHA-512": date(2045, 12, 31),
    }
)
