"""May this seal be used, by this system, for this licence type, at this moment? Pure: rows in, refusal out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ca.certificate_reader import read_certificate
from seals.errors import SealCertificateNotValid, SealError, SealNotGranted, SealStopped

ANY = "*"
"""Any registered system, or any licence type: the door has already decided who may come in."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as its users see it. certificate: DER; valid_from to valid_until: the seal's own period."""

    id: UUID
    code: str
    organisation: str
    kind: str
    name: str
    certificate: bytes
    key_name: str
    appearance: bytes
    state: str
    valid_from: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may use a seal: `grantee` the id of a system or `*`, `licence_type` 21 characters or `*`."""

    id: UUID
    seal_id: UUID
    grantee: str
    licence_type: str
    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None

    def covers(self, grantee: str) -> bool:
        """Tell whether it speaks of this system."""
        return self.grantee in {ANY, grantee}


def seal_refusal(seal: Seal, now: datetime) -> SealError | None:
    """Return why a seal cannot be used now, None if it can."""
    if seal.state != "active":
        return SealStopped(seal=seal.code, state=seal.state)
    certificate = read_certificate(seal.certificate)
    if not max(seal.valid_from, certificate.not_before) <= now <= min(seal.valid_until, certificate.not_after):
        return SealCertificateNotValid(seal=seal.code)
    return None


def grant_refusal(seal: Seal, grant: Grant, now: datetime) -> SealError | None:
    """Return why a grant does not hold now, None if it does."""
    # Whatever the clocks say: a revocation is written when it happens, and `now` may be when a request came in.
    if grant.revoked_at is not None:
        return SealNotGranted(seal=seal.code, reason="revoked")
    if now < grant.valid_from:
        return SealNotGranted(seal=seal.code, reason="not_yet")
    if grant.valid_until is not None and now > grant.valid_until:
        return SealNotGranted(seal=seal.code, reason="ended")
    return None
