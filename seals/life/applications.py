"""A seal comes to be: applied for, approved by another person, made, delivered; only then it is in use.

A renewed certificate needs a new seal: it is applied for as the successor of the old one, under the same number or a new
one, and the old one is replaced at the moment of delivery.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger.actor import Actor, Uscc
from ledger.events import EventKind
from ledger.formats.canonical import JSON
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import create_subject
from seals import store
from seals.errors import OrganisationUnknown, SealUnknown
from seals.life.carrying import Carrying
from seals.life.grants import Seal
from seals.life.life_errors import ApplicationRefused, ApplicationUnknown, MaterialDiffers, StateRefused
from seals.life.registry import NewSeal, check_seal, seal_row
from seals.life.registry_stops import SealStops
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK, SEAL_CUSTODIAN, require, require_another
from seals.life.rows import seal_of
from seals.life.seal_events import SealEvents
from seals.life.words import fits
from seals.local_time import local_date
from seals.models import SEAL_KINDS, ApplicationRow, SealRow
from seals.store import applications as rows
from seals.store.seals import seal_for_decision, successor

_CODE_LENGTH: Final = 14  # STANDARDS section 2: the division's 6 digits and 8 more
_REPLACEABLE: Final = frozenset({"active", "suspended", "expired"})


@dataclass(frozen=True, slots=True)
class SealApplication:
    """A seal that is wanted: whose, which kind, its number and full name, the line across it, and why.

    replaces: the seal that it shall follow; carries: whether those who may use that one may use it too, on the same terms.
    """

    organisation: Uscc
    kind: str
    code: str
    name: str
    grounds: str
    bottom_text: str | None = None
    replaces: UUID | None = None
    carries: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be a seal; raises ApplicationRefused."""
        if self.kind not in SEAL_KINDS:
            raise ApplicationRefused(reason="kind")
        if not (len(self.code) == _CODE_LENGTH and self.code.isascii() and self.code.isdigit()):
            raise ApplicationRefused(reason="code")
        for member, text in (("name", self.name), ("grounds", self.grounds), ("bottom_text", self.bottom_text or "无")):
            if not fits(text):
                raise ApplicationRefused(reason=member)
        if self.carries and self.replaces is None:
            raise ApplicationRefused(reason="carries")


class SealApplications:
    """Takes applications for seals from the first word to the delivery, each step an event of the seal."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._events = SealEvents(wrapper, promiser)
        self._stops = SealStops(wrapper, promiser)
        self._carrying = Carrying(self._events)

    def apply(self, session: Session, wanted: SealApplication, actor: Actor, now: datetime) -> UUID:
        """Apply for a seal; return the application's id. Raises CustodyRefused, OrganisationUnknown, SealUnknown."""
        require(actor, wanted.organisation, SEAL_CLERK, SEAL_CUSTODIAN)
        if store.organisation_on(session, wanted.organisation, local_date(now)) is None:
            raise OrganisationUnknown(uscc=wanted.organisation)
        before = _check_place(session, wanted.organisation, wanted.code, wanted.replaces)
        # Who may put a seal of one kind on a document was never asked about another kind.
        if wanted.carries and before is not None and before.kind != wanted.kind:
            raise ApplicationRefused(reason="carries")
        subject, _keys = create_subject(session, self._wrapper, "seal")
        row = ApplicationRow(
            id=uuid4(),
            seal_id=subject.id,
            organisation=wanted.organisation,
            kind=wanted.kind,
            code=wanted.code,
            name=wanted.name,
            bottom_text=wanted.bottom_text,
            replaces=wanted.replaces,
            carries=wanted.carries,
            grounds=wanted.grounds,
            state="applied",
            applied_by=actor.as_json(),
            applied_at=now,
        )
        session.add(row)
        session.flush()
        carries = True if wanted.carries else None
        self._tell(
            session, EventKind.APPLIED, row, actor, now, code=wanted.code, seal_kind=wanted.kind, carries=carries
        )
        return row.id

    def decide(
        self,
        session: Session,
        application: UUID,
        verdict: Literal["approved", "rejected"],
        actor: Actor,
        now: datetime,
        *,
        words: str | None = None,
    ) -> None:
        """Approve an application, or reject it with words; never one's own.

        Raises FourEyesWanted, RoleWanted, UnitRefused, StateRefused, ApplicationUnknown, ApplicationRefused.
        """
        row = _locked(session, application)
        require(actor, row.organisation, SEAL_APPROVER)
        require_another(actor, row.applied_by)
        _in_state(row, "applied")
        if (verdict == "rejected" and not words) or not (words is None or fits(words)):
            raise ApplicationRefused(reason="words")
        row.state, row.decision = verdict, words
        row.decided_by, row.decided_at = actor.as_json(), now
        session.flush()
        kind = EventKind.APPROVED if verdict == "approved" else EventKind.REJECTED
        self._tell(session, kind, row, actor, now)

    def withdraw(self, session: Session, application: UUID, actor: Actor, now: datetime) -> None:
        """Take an application back before the seal is made. Raises as `decide` does, four eyes apart."""
        row = _locked(session, application)
        require(actor, row.organisation, SEAL_CLERK, SEAL_CUSTODIAN)
        _in_state(row, "applied", "approved")
        row.state = "withdrawn"
        session.flush()
        self._tell(session, EventKind.WITHDRAWN, row, actor, now)

    def make(self, session: Session, application: UUID, seal: NewSeal, actor: Actor, now: datetime) -> Seal:
        """Enter the seal that was made for an approved application; it waits for its delivery.

        Raises MaterialDiffers where it is not what was approved, SealRefused, and as `decide` does.
        """
        row = _locked(session, application)
        require(actor, row.organisation, SEAL_CUSTODIAN)
        _in_state(row, "approved")
        for member in ("organisation", "kind", "code", "name"):
            if getattr(seal, member) != getattr(row, member):
                raise MaterialDiffers(member=member)
        certificate = check_seal(session, seal, now)
        before = _check_place(session, row.organisation, row.code, row.replaces)
        if before is not None and before.certificate == seal.certificate:
            raise MaterialDiffers(member="certificate")
        newest = store.newest_by_code(session, seal.code)
        generation = 1 if newest is None else newest.generation + 1
        made = seal_row(seal, certificate, row.seal_id, state="made", generation=generation, replaces=row.replaces)
        session.add(made)
        row.state, row.made_by, row.made_at = "made", actor.as_json(), now
        session.flush()
        self._tell(session, EventKind.MADE, row, actor, now, code=seal.code, seal_kind=seal.kind)
        return seal_of(made)

    def deliver(self, session: Session, application: UUID, receiver: str, actor: Actor, now: datetime) -> Seal:
        """Hand a seal over, which puts it to use, and its predecessor out of it; raises as `decide` does.

        What the application asked to carry over, and the approver let, goes over with it. receiver: the account of the person who took it over.
        """
        row = _locked(session, application)
        require(actor, row.organisation, SEAL_CUSTODIAN)
        _in_state(row, "made")
        if not fits(receiver):
            raise ApplicationRefused(reason="receiver")
        if row.replaces is not None:
            self._stops.replace(session, row.replaces, by=row.seal_id, actor=actor, now=now)
        seal = seal_for_decision(session, row.seal_id)
        assert seal is not None
        if seal.state != "made":
            raise StateRefused(what=seal.code, state=seal.state)
        seal.state = "active"
        row.state = "delivered"
        row.delivered_by, row.delivered_to, row.delivered_at = actor.as_json(), receiver, now
        session.flush()
        self._tell(session, EventKind.DELIVERED, row, actor, now, receiver=receiver)
        if row.carries:
            self._carrying.carry(session, row, actor, now)
        return seal_of(seal)

    def _tell(
        self, session: Session, kind: EventKind, row: ApplicationRow, actor: Actor, now: datetime, **detail: JSON
    ) -> None:
        self._events.record(session, kind, row.seal_id, actor, now, application=str(row.id), **detail)


def _locked(session: Session, application: UUID) -> ApplicationRow:
    row = rows.application_for_update(session, application)
    if row is None:
        raise ApplicationUnknown(application=str(application))
    return row


def _in_state(row: ApplicationRow, *states: str) -> None:
    if row.state not in states:
        raise StateRefused(what=row.code, state=row.state)


def _check_place(session: Session, organisation: str, code: str, replaces: UUID | None) -> SealRow | None:
    """Check that the number is free, or the replaced seal's own; return the seal to be replaced."""
    newest = store.newest_by_code(session, code)
    if replaces is None:
        if newest is not None:
            raise ApplicationRefused(reason="code")
        return None
    old = store.seal_by_id(session, replaces)
    if old is None or old.organisation != organisation:
        raise SealUnknown(seal=str(replaces))
    if old.state not in _REPLACEABLE or successor(session, old.id) is not None:
        raise StateRefused(what=old.code, state=old.state)
    if newest is not None and newest.id != old.id:
        raise ApplicationRefused(reason="code")
    return old
