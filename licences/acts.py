"""Acts on a licence: each one a row with reason, legal basis, actor, effective and recorded time, and an event.

Nothing else changes: no version, no document. What the status was on any day, as known on any day, follows from the
rows alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.envelope import decrypt, encrypt
from ledger.events import Event, new_event_id, record
from ledger.log.promises import Promise, Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectKeys, open_subject
from licences.issuing_errors import ActMalformed, ActNotAllowed, LicenceUnknown
from licences.models import StatusRow, VersionRow
from licences.store import reading
from licences.text_faults import text_faults
from licences.transitions import RULES, Act, Rule, Status, acts_in
from licences.verification.sources import StatusRow as HistoryRow
from licences.verification.status_history import status_at
from seals.jwt.jose import dump_json, load_object

_CONTEXT = b"elicence/act/v1\n"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why an act was done. They lie encrypted: people write names into them."""

    reason: str
    legal_basis: str
    decision_number: str | None = None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What an act has made of a licence."""

    identifier: str
    status: Status
    effective_at: datetime
    recorded_at: datetime
    event: str
    promise: Promise


class Registrar:
    """Does acts, in the caller's transaction, which he commits."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def change_status(
        self,
        session: Session,
        identifier: str,
        act: Act,
        grounds: Grounds,
        actor: Actor,
        now: datetime,
        *,
        effective_at: datetime | None = None,
        until: datetime | None = None,
        kind: str | None = None,
    ) -> StatusChange:
        """Do an act on the licence of that identifier; acts on one licence wait for each other.

        effective_at: when the decision says so; otherwise the moment of recording, and for annulment and voiding the
        licence's issue. until: when a suspension ends by itself. kind: which suspension, which cause of cancellation.
        Raises LicenceUnknown, ActNotAllowed, ActMalformed.
        """
        version = reading.version_for_update(session, identifier)
        if version is None or version.stage != "active":
            raise LicenceUnknown(identifier=identifier)
        history = reading.statuses(session, version.id)
        rule = RULES[act]
        _check_follows(rule, current_status(history, now))
        _check_words(rule, grounds, kind)
        # Clocks of two machines differ: an act never looks older than the one it follows.
        recorded_at = max(now, history[-1].recorded_at + _TICK)
        effective = _effective(rule, history, effective_at, recorded_at)
        if until is not None and not (rule.may_end and until > effective):
            raise ActMalformed(member="until")
        keys = open_subject(session, self._wrapper, version.licence_id)
        event = _event(version, rule, kind, actor, effective, recorded_at)
        row_id = uuid4()
        session.add(
            StatusRow(
                id=row_id,
                version_id=version.id,
                status=rule.gives.value,
                kind=kind,
                effective_at=effective,
                recorded_at=recorded_at,
                until=until,
                grounds=_seal_grounds(grounds, row_id, keys),
                actor=actor.as_json(),
                event_id=event.id,
            )
        )
        session.flush()
        promise = record(session, event, keys, self._promiser)
        return StatusChange(identifier, rule.gives, effective, recorded_at, event.id, promise)

    def grounds_of(self, session: Session, licence_id: UUID, row: StatusRow) -> Grounds | None:
        """Return why an act was done, None for the issue itself. Raises SubjectErased."""
        if row.grounds is None:
            return None
        keys = open_subject(session, self._wrapper, licence_id)
        members = load_object(decrypt(keys.document, row.grounds, _CONTEXT + row.id.bytes))
        decision = members["decision_number"]
        return Grounds(str(members["reason"]), str(members["legal_basis"]), None if decision is None else str(decision))


def current_status(history: Sequence[StatusRow], now: datetime) -> Status:
    """Return the status of a licence in force at this moment, by all that is known."""
    # Whatever is written down counts, also by a clock that is a moment ahead of ours.
    known_at = max([now, *(row.recorded_at for row in history)])
    rows = [HistoryRow(row.status, row.effective_at, row.recorded_at, row.until) for row in history]
    found = status_at(rows, known_at, known_at)
    assert found is not None, "a licence in force has its issue"
    return Status(found.status)


def _check_follows(rule: Rule, status: Status) -> None:
    if status not in rule.allowed_in:
        allowed = tuple(act.value for act in acts_in(status))
        raise ActNotAllowed(act=rule.act.value, status=status.value, allowed=allowed)


def _check_words(rule: Rule, grounds: Grounds, kind: str | None) -> None:
    if not grounds.reason.strip():
        raise ActMalformed(member="reason")
    if not grounds.legal_basis.strip():
        raise ActMalformed(member="legal_basis")
    for member in ("reason", "legal_basis", "decision_number"):
        if any(text_faults(getattr(grounds, member), member, lines=True)):
            raise ActMalformed(member=member)
    # Only a court or a review authority takes such a decision back (行政复议法, 行政诉讼法).
    if rule.act is Act.REINSTATE and not (grounds.decision_number or "").strip():
        raise ActMalformed(member="decision_number")
    if (kind is None) != (not rule.kinds) or (kind is not None and kind not in rule.kinds):
        raise ActMalformed(member="kind")


def _effective(
    rule: Rule, history: Sequence[StatusRow], effective_at: datetime | None, recorded_at: datetime
) -> datetime:
    issued_at = history[0].effective_at
    if effective_at is None:
        return issued_at if rule.reach == "issue" else recorded_at
    # Not before there was a licence; and what is to come is written down when it comes.
    if not issued_at <= effective_at <= recorded_at:
        raise ActMalformed(member="effective_at")
    return effective_at


def _event(
    version: VersionRow, rule: Rule, kind: str | None, actor: Actor, effective: datetime, recorded_at: datetime
) -> Event:
    detail = {
        "identifier": version.identifier,
        "status": rule.gives.value,
        "effective_at": effective.isoformat(),
    }
    return Event(
        id=new_event_id(recorded_at),
        kind=rule.event,
        subject=version.licence_id,
        actor=actor,
        at=recorded_at,
        detail=detail if kind is None else {**detail, "kind": kind},
    )


def _seal_grounds(grounds: Grounds, row_id: UUID, keys: SubjectKeys) -> bytes:
    members = {
        "reason": grounds.reason,
        "legal_basis": grounds.legal_basis,
        "decision_number": grounds.decision_number,
    }
    return encrypt(keys.document, dump_json(members), _CONTEXT + row_id.bytes)
