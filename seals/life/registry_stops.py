"""Stops of seals: suspended and resumed, cancelled, expired, replaced. Each takes effect with the caller's commit."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.events import EventKind
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from seals.errors import SealUnknown
from seals.life.life_errors import StateRefused, StopRefused
from seals.life.roles import SEAL_CUSTODIAN, require
from seals.life.seal_events import SealEvents
from seals.life.stops import RULES, Effect, Stop, StopState, check_stop
from seals.models import SealRow, StopRow
from seals.store import seals as rows

# What may be stopped so. Lost can be what nobody has begun to use, and what runs out may be suspended at the time.
_FROM: dict[StopState, frozenset[str]] = {
    "suspended": frozenset({"active"}),
    "cancelled": frozenset({"made", "active", "suspended", "expired", "replaced", "cancelled"}),
    "expired": frozenset({"active", "suspended"}),
    "replaced": frozenset({"active", "suspended", "expired"}),
}
_LONGEST_NOTE = 500


class SealStops:
    """Takes seals out of use, and back into it after a suspension."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._events = SealEvents(wrapper, promiser)

    def suspend(
        self, session: Session, seal_id: UUID, *, reason: str, actor: Actor, now: datetime, note: str | None = None
    ) -> None:
        """Suspend a seal: nothing is sealed with it until it is resumed. Raises CustodyRefused, SealUnknown."""
        seal = self._decide(session, seal_id, actor)
        self._stop(session, seal, check_stop(seal.code, "suspended", reason, None, now), actor, now, note)

    def cancel(
        self,
        session: Session,
        seal_id: UUID,
        *,
        reason: str,
        actor: Actor,
        now: datetime,
        invalid_from: datetime | None = None,
        note: str | None = None,
    ) -> None:
        """Cancel a seal for good. Raises CustodyRefused, SealUnknown.

        invalid_from: since when nothing it sealed is good, for a compromise; what came before, and everything under any
        other reason, stays good. A seal that has ended otherwise can still be found to be compromised; one under suspicion
        is resumed first, or was.
        """
        seal = self._decide(session, seal_id, actor)
        stop = check_stop(seal.code, "cancelled", reason, invalid_from, now)
        ended = seal.state in {"expired", "replaced", "cancelled"}
        if ended and (invalid_from is None or seal.invalid_from is not None):
            raise StateRefused(what=seal.code, state=seal.state)
        self._stop(session, seal, stop, actor, now, note)

    def resume(self, session: Session, seal_id: UUID, *, actor: Actor, now: datetime) -> None:
        """Put a suspended seal back to use. Raises StateRefused, RoleWanted, UnitRefused, SealUnknown."""
        seal = self._decide(session, seal_id, actor)
        if seal.state != "suspended":
            raise StateRefused(what=seal.code, state=seal.state)
        self._lift(session, seal, actor, now)
        seal.state, seal.stopped_at, seal.stop_reason = "active", None, None
        session.flush()
        self._events.record(session, EventKind.RESUMED, seal.id, actor, now)

    def expire(self, session: Session, actor: Actor, now: datetime) -> int:
        """Mark as expired the seals whose period has ended, and return how many; refused they are already.

        Those under suspicion stay suspended.
        """
        expired = 0
        for found in rows.seals_past(session, now):
            seal = rows.seal_for_decision(session, found.id)
            # A suspicion does not pass with the seal's period: it is cleared up by whoever knows, one way or the other.
            if seal is not None and seal.state in _FROM["expired"] and not _in_question(seal):
                self._stop(session, seal, check_stop(seal.code, "expired", "expiry", None, now), actor, now, None)
                expired += 1
        return expired

    def replace(self, session: Session, seal_id: UUID, *, by: UUID, actor: Actor, now: datetime) -> None:
        """Let a seal be followed by its successor, whose delivery this is a part of."""
        seal = self._decide(session, seal_id, actor)
        stop = check_stop(seal.code, "replaced", "renewal", None, now)
        self._stop(session, seal, stop, actor, now, None, successor=str(by))

    def _decide(self, session: Session, seal_id: UUID, actor: Actor) -> SealRow:
        seal = rows.seal_for_decision(session, seal_id)
        if seal is None:
            raise SealUnknown(seal=str(seal_id))
        require(actor, seal.organisation, SEAL_CUSTODIAN)
        return seal

    def _stop(
        self,
        session: Session,
        seal: SealRow,
        stop: Stop,
        actor: Actor,
        now: datetime,
        note: str | None,
        **detail: str,
    ) -> None:
        if seal.state not in _FROM[stop.state]:
            raise StateRefused(what=seal.code, state=seal.state)
        if _in_question(seal) and stop.effect is not Effect.GOOD_BEFORE:
            raise StateRefused(what=seal.code, state=f"{seal.state} ({seal.stop_reason})")
        if note is not None and not (note.isprintable() and 0 < len(note) <= _LONGEST_NOTE):
            raise StopRefused(seal=seal.code, reason="note")
        if seal.stopped_at is not None:
            self._lift(session, seal, actor, now)
        seal.state, seal.stopped_at, seal.stop_reason = stop.state, now, stop.reason
        seal.invalid_from = stop.invalid_from
        since = None if stop.invalid_from is None else stop.invalid_from.isoformat()
        told = {"state": stop.state, "reason": stop.reason, "effect": stop.effect.value, "invalid_from": since}
        event = self._events.record(session, EventKind.STOPPED, seal.id, actor, now, **told, **detail)
        session.add(
            StopRow(
                id=uuid4(),
                seal_id=seal.id,
                state=stop.state,
                reason=stop.reason,
                effect=stop.effect.value,
                invalid_from=stop.invalid_from,
                stopped_at=now,
                stopped_by=actor.as_json(),
                note=note,
                event_id=event,
            )
        )
        session.flush()

    def _lift(self, session: Session, seal: SealRow, actor: Actor, now: datetime) -> None:
        """End the stop that a seal is under: it was only a suspension, or another one follows."""
        standing = rows.standing_stop(session, seal.id)
        if standing is not None:
            standing.resumed_at, standing.resumed_by = now, actor.as_json()
            session.flush()


def _in_question(seal: SealRow) -> bool:
    """Tell whether it is under suspicion: what it sealed would be good again under any harmless reason."""
    return seal.stop_reason is not None and RULES[seal.stop_reason].effect is Effect.IN_QUESTION
