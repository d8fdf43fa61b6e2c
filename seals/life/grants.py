"""May this seal be used, by this actor, for this licence type, at this moment? Pure: facts in, refusal out.

A grant says who may use a seal. A system that seals by itself, with nobody looking on, needs a standing authorisation
as well, which another person approved, and which ends by itself.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ca.reading.certificate_reader import read_certificate
from ledger.actor import Actor
from seals.errors import (
    DailyLimitReached,
    SealCertificateNotValid,
    SealError,
    SealNotAuthorised,
    SealNotGranted,
    SealStopped,
)
from seals.local_time import CHINA

ANY = "*"
"""Any registered system, or any licence type: the door has already decided who may come in."""


DOCUMENTS = "documents"
"""In the place of a licence type: files that are no licences, such as approvals and notices."""


class Use(NamedTuple):
    """What a seal is used under: its id, the grant's, and that of the standing authorisation of a system."""

    seal: UUID
    grant: UUID
    authorisation: UUID | None = None


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as its users see it. certificate: DER; valid_from to valid_until: the seal's own period.

    provider: who holds its keys, `local` or the name of a remote service; esl_certificate, esl_key_name: what signs under
    its national form (DER), which itself is asked for where it is needed: its picture is large (`store.national_form`).
    """

    id: UUID
    code: str
    organisation: str
    kind: str
    name: str
    certificate: bytes = field(repr=False)
    key_name: str
    appearance: bytes = field(repr=False)
    state: str
    valid_from: datetime
    valid_until: datetime
    provider: str = "local"
    generation: int = 1
    esl_certificate: bytes | None = field(default=None, repr=False)
    esl_key_name: str | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """Who may use a seal: `grantee` the id of a person, a system or `*`, `licence_type` 21 characters, `documents` or `*`.

    daily_limit: uses on a local day, None for any number.
    """

    id: UUID
    seal_id: UUID
    grantee: str
    licence_type: str
    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None
    daily_limit: int | None = None

    def covers(self, grantee: str) -> bool:
        """Tell whether it speaks of this system."""
        return self.grantee in {ANY, grantee}


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Leave for a system to seal by itself: within hours of the local day, so many a day, until a certain moment.

    opens_at, closes_at: minutes of the day, from and before.
    """

    id: UUID
    seal_id: UUID
    system: str
    licence_type: str
    opens_at: int
    closes_at: int
    daily_cap: int
    valid_from: datetime
    valid_until: datetime
    state: str

    def covers(self, system: str, licence_type: str) -> bool:
        """Tell whether it speaks of this system and this type."""
        return self.system in {ANY, system} and self.licence_type in {ANY, licence_type}


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


def authorisation_refusal(
    seal: Seal, authorisation: Authorisation | None, now: datetime, *, opening: bool
) -> SealError | None:
    """Return why a system may not seal by itself now, None if it may.

    opening: the use is being opened; one that was opened within the hours may be finished after them.
    """
    if authorisation is None:
        return SealNotAuthorised(seal=seal.code, reason="none")
    if authorisation.state != "approved":
        return SealNotAuthorised(seal=seal.code, reason=authorisation.state)
    if now < authorisation.valid_from:
        return SealNotAuthorised(seal=seal.code, reason="not_yet")
    if now >= authorisation.valid_until:
        return SealNotAuthorised(seal=seal.code, reason="ended")
    local = now.astimezone(CHINA)
    minute = 60 * local.hour + local.minute
    if opening and not authorisation.opens_at <= minute < authorisation.closes_at:
        return SealNotAuthorised(seal=seal.code, reason="hours")
    return None


def needs_authorisation(actor: Actor) -> bool:
    """Tell whether an actor must have a standing authorisation beside its grant: who seals with nobody looking on."""
    return actor.kind != "person"


def limit_refusal(seal: Seal, limit: int) -> SealError:
    """Return the refusal of a use beyond a day's limit."""
    return DailyLimitReached(seal=seal.code, limit=limit)
