"""Certificate profiles, as data: what each kind of certificate may say."""

from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Literal

from ca.encoding import oids

ProfileName = Literal[
    "root",
    "issuing",
    "seal",
    "person",
    "client",
    "timestamp",
    "ocsp",
    "log",
    "status",
    "receipt",
    "trust",
    "seal-maker",
]


_KEYS: Final = frozenset({"P-256", "P-384", "RSA", "SM2"})


RSA_BITS: Final = range(3072, 8193)
# ETSI TS 119 312 V2.1.1 clause 8.4, after SOG-IS: RSA below 3,000 bits is legacy. It gets no new certificate after one
# day, and no certificate that outlives the other. Seals alone have it, whose keys come from devices of that age.
SHORT_RSA: Final = range(2048, 3072)
SHORT_RSA_CERTIFIED_UNTIL: Final = date(2026, 12, 31)
SHORT_RSA_VALID_UNTIL: Final = date(2028, 12, 31)
SHORT_RSA_ALGORITHM: Final = "RSA-2048"
"""Stands in trust lists beside the id of the signature algorithm, for keys that are so short."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of certificate.

    path_length: None for an end entity, else how many authorities may follow below; key_usage: by their names in
    RFC 5280; extended_key_usage: its purposes, none for a certificate that is not bound to any; max_years: the longest
    validity; revocable: whether it says where its revocation list and its issuer's OCSP responder are; keys: the kinds
    of key that it may name; seal_subject: whether CN is a seal code and O a USCC with the unit's name; short_rsa: whether
    it may name an RSA key as short as `SHORT_RSA`.
    """

    name: ProfileName
    path_length: int | None
    key_usage: frozenset[str]
    max_years: int
    extended_key_usage: tuple[str, ...] = ()
    purpose_critical: bool = False
    ocsp_nocheck: bool = False
    revocable: bool = True
    keys: frozenset[str] = _KEYS
    seal_subject: bool = False
    short_rsa: bool = False

    @property
    def is_ca(self) -> bool:
        """Whether such a certificate issues others."""
        return self.path_length is not None


_AUTHORITY: Final = frozenset({"keyCertSign", "cRLSign"})
_SIGNATURE: Final = frozenset({"digitalSignature"})
_COMMITMENT: Final = frozenset({"digitalSignature", "nonRepudiation"})

# A root is not revoked by itself: whoever believes it stops to believe it (RFC 5280 section 4.2.1.13 asks no point of it).
ROOT: Final = Profile("root", path_length=1, key_usage=_AUTHORITY, max_years=40, revocable=False)
ISSUING: Final = Profile("issuing", path_length=0, key_usage=_AUTHORITY, max_years=30)
# The government seal profile: CN = the seal code, O = USCC + unit name, digitalSignature + nonRepudiation.
SEAL: Final = Profile("seal", path_length=None, key_usage=_COMMITMENT, max_years=20, seal_subject=True, short_rsa=True)
PERSON: Final = Profile("person", path_length=None, key_usage=_COMMITMENT, max_years=5)
CLIENT: Final = Profile(
    "client", path_length=None, key_usage=_SIGNATURE, max_years=5, extended_key_usage=(oids.CLIENT_AUTH,)
)
# RFC 3161 section 2.3: one extended usage, critical. Issued by the root itself, so that whoever takes over an issuing
# authority still cannot make a time.
TIMESTAMP: Final = Profile(
    "timestamp",
    path_length=None,
    key_usage=_SIGNATURE,
    max_years=30,
    extended_key_usage=(oids.TIME_STAMPING,),
    purpose_critical=True,
)
# RFC 6960 section 4.2.2.2: a delegated responder. Nobody asks a responder about itself, so it lives for a short time.
OCSP: Final = Profile(
    "ocsp",
    path_length=None,
    key_usage=_SIGNATURE,
    max_years=5,
    extended_key_usage=(oids.OCSP_SIGNING,),
    ocsp_nocheck=True,
    revocable=False,
)
# Checkpoints of the log are signed notes, whose usual key is Ed25519.
LOG: Final = Profile("log", path_length=None, key_usage=_SIGNATURE, max_years=20, keys=_KEYS | {"Ed25519"})
STATUS: Final = Profile("status", path_length=None, key_usage=_SIGNATURE, max_years=20)
RECEIPT: Final = Profile("receipt", path_length=None, key_usage=_SIGNATURE, max_years=20)
# ETSI TS 119 612 section 5.7.1: who signs trust lists signs nothing else.
TRUST: Final = Profile(
    "trust", path_length=None, key_usage=_SIGNATURE, max_years=20, extended_key_usage=(oids.TSL_SIGNING,)
)
# 制章人: signs national seals (GB/T 38540). Believed by name alone, so it needs no purpose of its own, which readers of
# other makers would not know; it is no seal's holder, and signs no document.
SEAL_MAKER: Final = Profile("seal-maker", path_length=None, key_usage=_COMMITMENT, max_years=20)

PROFILES: Final = MappingProxyType(
    {
        profile.name: profile
        for profile in (ROOT, ISSUING, SEAL, PERSON, CLIENT, TIMESTAMP, OCSP, LOG, STATUS, RECEIPT, TRUST, SEAL_MAKER)
    }
)

# The last day on which a verifier believes each algorithm: signatures end with the age of classical public keys as
# national agencies have announced it (2035), the national ones likewise; the hashes outlive them.
ALGORITHMS: Final = MappingProxyType(
    {
        "ES256": date(2035, 12, 31),
        "ES384": date(2035, 12, 31),
        "RS256": date(2035, 12, 31),
        SHORT_RSA_ALGORITHM: SHORT_RSA_VALID_UNTIL,
        "Ed25519": date(2035, 12, 31),
        "SM2": date(2035, 12, 31),
        "SHA-256": date(2040, 12, 31),
        "SHA-384": date(2045, 12, 31),
        "SHA-512": date(2045, 12, 31),
        "SM3": date(2040, 12, 31),
    }
)
