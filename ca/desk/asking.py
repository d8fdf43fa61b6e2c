"""What is asked of the desk, who may ask, and which authority answers."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from ca.algorithms import signatures
from ca.ceremonies import names as ceremony_names
from ca.desk.life_errors import ProfileNotIssued, RequestIdMalformed, RoleMissing
from ca.errors import ProfileViolated
from ca.models import AuthorityRow, CertificateRow
from ca.reading.certificate_reader import Certificate
from ca.writing.certificate_request import CertificateRequest
from ca.writing.profiles import ProfileName
from ledger.actor import Actor
from ledger.formats import canonical
from ledger.signing import SignatureAlgorithm

CERTIFICATE_OFFICER: Final = "certificate-officer"
"""The role that may act on certificates; nobody may by any other."""

_REQUEST_ID: Final = re.compile(r"[\x21-\x7e]{1,128}")

# A root issues what stands beside authorities; its own kind and theirs are made in ceremonies alone.
_ISSUED_BY: Final = MappingProxyType[str, frozenset[ProfileName]](
    {
        "root": frozenset({"timestamp", "trust", "ocsp"}),
        "seals": frozenset({"seal", "ocsp"}),
        "persons": frozenset({"person", "ocsp"}),
        "systems": frozenset({"client", "status", "receipt", "log", "ocsp"}),
    }
)
assert set(_ISSUED_BY) == set(ceremony_names.ROLES)

_ALGORITHMS: Final = MappingProxyType[str, SignatureAlgorithm](
    {"P-256": "ES256", "P-384": "ES384", "RSA": "RS256", "Ed25519": "Ed25519", "SM2": "SM2"}
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One certificate that is wanted of an authority, under an id of the asker's own.

    key_name: of the private key where it is one of ours; replaces: serial number of its predecessor, as text. Raises
    RequestIdMalformed and ProfileViolated.
    """

    request: CertificateRequest
    authority: str
    request_id: str
    key_name: str | None = None
    replaces: str | None = None

    def __post_init__(self) -> None:
        if _REQUEST_ID.fullmatch(self.request_id) is None:
            raise RequestIdMalformed
        if self.request.subject.fault is not None:
            raise ProfileViolated(self.request.profile, self.request.subject.fault)

    def digest(self) -> bytes:
        """Return 32 bytes, SHA-256 of what is asked, its times apart."""
        request = self.request
        members: dict[str, canonical.JSON] = {
            "profile": request.profile,
            "subject": request.subject.encode().hex(),
            "key": request.public_key.hex(),
            "authority": self.authority,
            "key_name": self.key_name,
            "replaces": self.replaces,
        }
        return hashlib.sha256(canonical.dumps(members)).digest()

    def is_that_of(self, row: CertificateRow) -> bool:
        """Tell whether a row holds this very request: who repeats himself later names the same length or the same end."""
        begin, end = whole_second(self.request.not_before), whole_second(self.request.not_after)
        same_time = row.not_after == end or row.not_after - row.not_before == end - begin
        return row.request_digest == self.digest() and same_time


def whole_second(moment: datetime) -> datetime:
    """Return a moment as certificates and lists write it."""
    return moment.astimezone(UTC).replace(microsecond=0)


def require_officer(actor: Actor) -> None:
    """Raise RoleMissing unless the actor may act on certificates."""
    if CERTIFICATE_OFFICER not in actor.roles:
        raise RoleMissing(CERTIFICATE_OFFICER)


def require_profile(authority: AuthorityRow, profile: str) -> None:
    """Raise ProfileNotIssued unless the authority issues certificates of this kind."""
    if profile not in _ISSUED_BY[authority.role]:
        raise ProfileNotIssued(authority.id, profile)


def signature_algorithm(issuer: Certificate) -> SignatureAlgorithm:
    """Return what an authority's key signs with; raises ProfileViolated for a key of no known kind."""
    found = signatures.key_kind(issuer.public_key)
    algorithm = None if found is None else _ALGORITHMS.get(found[0])
    if algorithm is None:
        raise ProfileViolated("issuing", "the authority's key is of a kind that we do not sign with")
    return algorithm


def key_digest(public_key: bytes) -> bytes:
    """Return SHA-256 of a SubjectPublicKeyInfo, by which a key is found again."""
    return hashlib.sha256(public_key).digest()
