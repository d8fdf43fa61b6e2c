"""Which seal an organisation puts on a licence, and under which grant and standing authorisation; or why none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor
from seals.errors import SealError, SealNotGranted
from seals.life.grants import (
    Authorisation,
    Grant,
    Seal,
    Use,
    authorisation_refusal,
    grant_refusal,
    needs_authorisation,
    seal_refusal,
)
from seals.life.rows import authorisation_of, grant_of, seal_of
from seals.store import seals as rows


@dataclass(frozen=True, slots=True)
class Choice:
    """A seal that may be used, and what allows it."""

    seal: Seal
    grant: Grant
    authorisation: Authorisation | None

    @property
    def use(self) -> Use:
        """Its ids."""
        return Use(self.seal.id, self.grant.id, None if self.authorisation is None else self.authorisation.id)


@dataclass(frozen=True, slots=True)
class Denial:
    """Why no seal may be used; of the seal that came nearest, and under what it was tried."""

    error: SealError
    seal: UUID | None = None
    grant: UUID | None = None
    authorisation: UUID | None = None


def choose_seal(
    session: Session,
    *,
    organisation: str,
    licence_type: str,
    kind: str,
    actor: Actor,
    now: datetime,
    only: UUID | None = None,
) -> Choice | Denial:
    """Return the seal that an organisation puts on licences of a type, for this actor, or why there is none.

    kind: the kind the type asks for; it decides between several. only: this seal, or none.
    """
    found = rows.grants_for(session, organisation, licence_type, kind)
    if only is not None:
        found = [(seal, grant) for seal, grant in found if seal.id == only]
    seals = {seal.id for seal, _ in found}
    leaves: Sequence[Authorisation] = ()
    if seals and needs_authorisation(actor):
        leaves = [authorisation_of(row) for row in rows.authorisations_for(session, seals, actor.id, licence_type)]
    nearest = Denial(SealNotGranted(seal=organisation, reason="no_seal"))
    for position, (seal_row, grant_row) in enumerate(found):
        seal, grant = seal_of(seal_row), None if grant_row is None else grant_of(grant_row)
        tried = _try(seal, grant, [leave for leave in leaves if leave.seal_id == seal.id], actor, now)
        if isinstance(tried, Choice):
            return tried
        # Why one's own grant does not help says more than that others have one.
        if position == 0 or (nearest.grant is None and tried.grant is not None):
            nearest = tried
    return nearest


def usable_seal(
    session: Session, *, organisation: str, licence_type: str, kind: str, actor: Actor, now: datetime
) -> Choice:
    """Return the same choice; raises SealNotGranted, SealNotAuthorised, SealStopped, SealCertificateNotValid."""
    chosen = choose_seal(session, organisation=organisation, licence_type=licence_type, kind=kind, actor=actor, now=now)
    if isinstance(chosen, Denial):
        raise chosen.error
    return chosen


def _try(
    seal: Seal, grant: Grant | None, leaves: Sequence[Authorisation], actor: Actor, now: datetime
) -> Choice | Denial:
    if grant is None:
        return Denial(SealNotGranted(seal=seal.code, reason="no_grant"), seal.id)
    if not grant.covers(actor.id):
        return Denial(SealNotGranted(seal=seal.code, reason="other_system"), seal.id)
    refusal = seal_refusal(seal, now) or grant_refusal(seal, grant, now)
    if refusal is not None:
        return Denial(refusal, seal.id, grant.id)
    if not needs_authorisation(actor):
        return Choice(seal, grant, None)
    denied: Denial | None = None
    for leave in leaves or (None,):
        refusal = authorisation_refusal(seal, leave, now, opening=True)
        if refusal is None:
            return Choice(seal, grant, leave)
        # The first is the best of them: what it lacks is what to put right.
        denied = denied or Denial(refusal, seal.id, grant.id, None if leave is None else leave.id)
    assert denied is not None
    return denied
