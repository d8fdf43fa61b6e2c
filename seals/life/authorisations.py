"""Standing authorisations: a system seals by itself, within hours and a daily cap, until a day that always comes.

Applied for by one person and approved by another; ended by a custodian at once, or by itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from seals import store
from seals.errors import SealUnknown
from seals.life.grants import Authorisation
from seals.life.life_errors import AuthorisationRefused, AuthorisationUnknown, StateRefused
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK, SEAL_CUSTODIAN, SEAL_FOUNDER, require, require_another
from seals.life.rows import authorisation_of
from seals.life.seal_events import SealEvents
from seals.life.stops import ENDED
from seals.life.words import fits
from seals.models import AuthorisationRow, SealRow
from seals.store.seals import authorisation_for_decision, continuing_authorisation, seal_for_decision

DAY: Final = 24 * 60
LONGEST: Final = timedelta(days=366)
"""Whoever lets a machine seal looks at it again once a year."""
_MOST: Final = 2**31 - 1


@dataclass(frozen=True, slots=True)
class AuthorisationWanted:
    """What is applied for: which seal, which system and type (`*` any), when and how much, and why.

    opens_at, closes_at: minutes of the local day, from and before.
    """

    seal: UUID
    system: str
    licence_type: str
    daily_cap: int
    valid_from: datetime
    valid_until: datetime
    grounds: str
    opens_at: int = 0
    closes_at: int = DAY

    def __post_init__(self) -> None:
        """Refuse what cannot be authorised; raises AuthorisationRefused."""
        for member in ("system", "licence_type", "grounds"):
            if not fits(getattr(self, member)):
                raise AuthorisationRefused(reason=member)
        if not 0 <= self.opens_at < self.closes_at <= DAY:
            raise AuthorisationRefused(reason="hours")
        if not 0 < self.daily_cap <= _MOST:
            raise AuthorisationRefused(reason="daily_cap")
        if not timedelta() < self.valid_until - self.valid_from <= LONGEST:
            raise AuthorisationRefused(reason="valid_until")


class StandingAuthorisations:
    """Takes applications, decides on them and ends them, each step an event of the seal."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._events = SealEvents(wrapper, promiser)

    def apply(self, session: Session, wanted: AuthorisationWanted, actor: Actor, now: datetime) -> UUID:
        """Apply for a standing authorisation; return its id. Raises CustodyRefused, SealUnknown."""
        seal = _seal(session, wanted.seal)
        require(actor, seal.organisation, SEAL_CLERK, SEAL_CUSTODIAN)
        _check_in_use(seal)
        if wanted.valid_until <= now:
            raise AuthorisationRefused(reason="valid_until")
        if wanted.valid_from > now + LONGEST:  # who will still know what was decided for then?
            raise AuthorisationRefused(reason="valid_from")
        row = self._enter(session, wanted, actor, now)
        self._tell(session, EventKind.APPLIED, row, actor, now, **_told(wanted))
        return row.id

    def decide(
        self,
        session: Session,
        authorisation: UUID,
        verdict: Literal["approved", "rejected"],
        actor: Actor,
        now: datetime,
        *,
        words: str | None = None,
    ) -> Authorisation:
        """Approve, or reject with words; never one's own application.

        Raises FourEyesWanted, RoleWanted, UnitRefused, StateRefused, AuthorisationUnknown, AuthorisationRefused.
        """
        row = self._locked(session, authorisation, actor, SEAL_APPROVER)
        require_another(actor, row.applied_by)
        if row.state != "applied":
            raise StateRefused(what=str(row.id), state=row.state)
        if (verdict == "rejected" and not words) or not (words is None or fits(words)):
            raise AuthorisationRefused(reason="words")
        if verdict == "approved":
            seal = seal_for_decision(session, row.seal_id)
            assert seal is not None
            _check_in_use(seal)
            if row.valid_until <= now:
                raise AuthorisationRefused(reason="valid_until")
        row.state, row.decision = verdict, words
        row.decided_by, row.decided_at = actor.as_json(), now
        session.flush()
        kind = EventKind.APPROVED if verdict == "approved" else EventKind.REJECTED
        self._tell(session, kind, row, actor, now)
        return authorisation_of(row)

    def end(self, session: Session, authorisation: UUID, actor: Actor, now: datetime) -> None:
        """End a standing authorisation, or take an application back: what is open cannot be activated either.

        What it became on a successor of its seal ends with it. Raises RoleWanted, UnitRefused, StateRefused, AuthorisationUnknown.
        """
        row = self._locked(session, authorisation, actor, SEAL_CUSTODIAN, SEAL_APPROVER)
        if row.state == "rejected":
            raise StateRefused(what=str(row.id), state=row.state)
        ending: AuthorisationRow | None = row
        while ending is not None:
            if ending.state != "ended":
                ending.state, ending.ended_at, ending.ended_by = "ended", now, actor.as_json()
                session.flush()
                self._tell(session, EventKind.STOPPED, ending, actor, now)
            ending = continuing_authorisation(session, ending.id)

    def found(self, session: Session, wanted: AuthorisationWanted, actor: Actor, now: datetime) -> Authorisation:
        """Enter a standing authorisation that a key ceremony, several people under minutes of their own, has decided.

        Raises RoleWanted, UnitRefused, SealUnknown.
        """
        require(actor, _seal(session, wanted.seal).organisation, SEAL_FOUNDER)
        row = self._enter(session, wanted, actor, now)
        row.state, row.decided_by, row.decided_at = "approved", actor.as_json(), now
        session.flush()
        self._tell(session, EventKind.APPROVED, row, actor, now, **_told(wanted))
        return authorisation_of(row)

    def _enter(self, session: Session, wanted: AuthorisationWanted, actor: Actor, now: datetime) -> AuthorisationRow:
        row = AuthorisationRow(
            id=uuid4(),
            seal_id=wanted.seal,
            system=wanted.system,
            licence_type=wanted.licence_type,
            opens_at=wanted.opens_at,
            closes_at=wanted.closes_at,
            daily_cap=wanted.daily_cap,
            valid_from=wanted.valid_from,
            valid_until=wanted.valid_until,
            grounds=wanted.grounds,
            state="applied",
            applied_by=actor.as_json(),
            applied_at=now,
        )
        session.add(row)
        session.flush()
        return row

    def _locked(self, session: Session, authorisation: UUID, actor: Actor, *roles: str) -> AuthorisationRow:
        row = authorisation_for_decision(session, authorisation)
        if row is None:
            raise AuthorisationUnknown(authorisation=str(authorisation))
        require(actor, _seal(session, row.seal_id).organisation, *roles)
        return row

    def _tell(
        self, session: Session, kind: EventKind, row: AuthorisationRow, actor: Actor, now: datetime, **detail: Any
    ) -> None:
        self._events.record(session, kind, row.seal_id, actor, now, authorisation=str(row.id), **detail)


def _told(wanted: AuthorisationWanted) -> dict[str, Any]:
    return {
        "system": wanted.system,
        "licence_type": wanted.licence_type,
        "hours": [wanted.opens_at, wanted.closes_at],
        "daily_cap": wanted.daily_cap,
        "valid_until": wanted.valid_until.isoformat(),
    }


def _seal(session: Session, seal_id: UUID) -> SealRow:
    seal = store.seal_by_id(session, seal_id)
    if seal is None:
        raise SealUnknown(seal=str(seal_id))
    return seal


def _check_in_use(seal: SealRow) -> None:
    if seal.state in ENDED:
        raise StateRefused(what=seal.code, state=seal.state)
