"""The record of every use of a seal: admitted, opened before anything is signed, looked at again, closed.

Each use that was made, and each that was refused, is an event of the seal in the ledger as well. All is written for many
at once, in the caller's transaction; nobody here commits.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from ca.reading.certificate_reader import read_certificate
from ca.store import stopped
from ledger.actor import Actor
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record_many
from ledger.formats.canonical import JSON
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import open_subjects
from seals.errors import SealError, SealUnknown
from seals.life.choosing import Denial
from seals.life.grants import (
    Authorisation,
    Grant,
    Seal,
    Use,
    authorisation_refusal,
    grant_refusal,
    limit_refusal,
    seal_refusal,
)
from seals.life.rows import authorisation_of, grant_of, seal_of
from seals.local_time import local_date
from seals.providers.errors import SealCertificateRevoked
from seals.store import seals as rows
from seals.store import uses as store
from seals.store.locks import lock_for_use
from seals.store.uses import Closing, Quota


@dataclass(frozen=True, slots=True)
class Opening:
    """A use to be opened.

    purpose: the licence version, None for other files; matter: what the seal goes on; number: of the document.
    """

    use: Use
    purpose: UUID | None
    matter: str
    number: str | None = None
    copies: int = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """A use that was denied before it was opened, and what it was for."""

    denial: Denial
    matter: str
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """An opened use that ends: record, what it was under, who, and the digest of what was sealed (`sha-256:<hex>`)."""

    id: UUID
    use: Use
    actor: Actor
    document: str
    number: str | None = None
    error: SealError | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    seal: Seal
    grant: Grant
    authorisation: Authorisation | None
    revoked: bool

    def refusal(self, now: datetime, *, opening: bool) -> SealError | None:
        refused = seal_refusal(self.seal, now)
        if refused is None and self.revoked:
            return SealCertificateRevoked()
        refused = refused or grant_refusal(self.seal, self.grant, now)
        if refused is None and self.authorisation is not None:
            return authorisation_refusal(self.seal, self.authorisation, now, opening=opening)
        return refused

    def limits(self) -> dict[UUID, int]:
        """Return the counters that a use goes on, with their limits."""
        found = {} if self.grant.daily_limit is None else {self.grant.id: self.grant.daily_limit}
        if self.authorisation is not None:
            found[self.authorisation.id] = self.authorisation.daily_cap
        return found


class UseBook:
    """Keeps the record of uses."""

    def __init__(self, wrapper: KeyWrapper, promiser: Promiser) -> None:
        self._wrapper = wrapper
        self._promiser = promiser

    def admit(self, session: Session, uses: Sequence[Use], now: datetime) -> list[SealError | None]:
        """Say of each use, in order, why it may not be opened, or None: then it is counted, and must be opened.

        What was decided before is seen; a decision that comes now waits until the caller has committed. Uses under a
        grant or authorisation with a daily limit wait for each other from here to the commit.
        """
        facts = self._facts(session, uses)
        refused = [self._refusal(facts, use, now, opening=True) for use in uses]
        wanted = [facts[use].limits() if error is None else {} for use, error in zip(uses, refused, strict=True)]
        return self._count(session, uses, facts, wanted, refused, now) if any(wanted) else refused

    def open(self, session: Session, openings: Sequence[Opening], actor: Actor, now: datetime) -> list[UUID]:
        """Open a record of use each, before anything is signed; return their ids."""
        ids = [uuid4() for _ in openings]
        written = [
            {
                "id": record,
                "seal_id": opening.use.seal,
                "grant_id": opening.use.grant,
                "authorisation_id": opening.use.authorisation,
                "purpose_id": opening.purpose,
                "matter": opening.matter,
                "number": opening.number,
                "actor": actor.as_json(),
                "opened_at": now,
                "copies": opening.copies,
            }
            for record, opening in zip(ids, openings, strict=True)
        ]
        store.insert_uses(session, written)
        return ids

    def refuse(self, session: Session, refusals: Iterable[Refusal], actor: Actor, now: datetime) -> None:
        """Record uses that were denied; those of no seal at all have nothing to be recorded on."""
        told = [(refusal, refusal.denial.seal) for refusal in refusals]
        events = [
            (_refused_event(refusal, seal, actor, now), refusal, seal) for refusal, seal in told if seal is not None
        ]
        self._record(session, [event for event, _, _ in events])
        written = [
            {
                "id": uuid4(),
                "seal_id": seal,
                "grant_id": refusal.denial.grant,
                "authorisation_id": refusal.denial.authorisation,
                "purpose_id": None,
                "matter": refusal.matter,
                "number": refusal.number,
                "actor": actor.as_json(),
                "opened_at": now,
                "closed_at": now,
                "outcome": "refused",
                "refusal": refusal.denial.error.code,
                "copies": 1,
                "event_id": event.id,
            }
            for event, refusal, seal in events
        ]
        store.insert_uses(session, written)

    def look_again(self, session: Session, uses: Iterable[Use], now: datetime) -> dict[Use, SealError]:
        """Return those of the opened uses that may not go on, and why.

        A stop, a revoked grant or an ended authorisation that was committed before is seen; one that comes now waits
        until the caller has committed.
        """
        wanted = set(uses)
        facts = self._facts(session, wanted)
        found = {use: self._refusal(facts, use, now, opening=False) for use in wanted}
        return {use: error for use, error in found.items() if error is not None}

    def close(self, session: Session, endings: Sequence[Ending], now: datetime) -> None:
        """Close uses: made, or with an error refused after the signature. Each that was still open is an event."""
        events = [_closing_event(ending, now) for ending in endings]
        closings = [
            Closing(
                ending.id,
                "used" if ending.error is None else "refused",
                ending.document,
                None if ending.error is None else ending.error.code,
                event.id,
            )
            for ending, event in zip(endings, events, strict=True)
        ]
        closed = store.close(session, closings, now)
        self._record(session, [event for event, ending in zip(events, endings, strict=True) if ending.id in closed])

    def abandon(self, session: Session, uses: Sequence[UUID], now: datetime) -> None:
        """Close uses under which nothing was signed; they do not count towards a day's limit."""
        store.uncount(session, store.close(session, [Closing(use, "abandoned") for use in uses], now))

    def _facts(self, session: Session, uses: Iterable[Use]) -> dict[Use, _Facts]:
        wanted = set(uses)
        if not wanted:
            return {}
        # First the lock, then the look: what is read is what is committed, and stays so.
        lock_for_use(session, {use.seal for use in wanted})
        found = rows.facts_of(session, wanted)
        serials = {seal.id: read_certificate(seal.certificate).serial_number for seal, _, _ in found.values()}
        revoked = stopped(session, serials.values())
        return {
            use: _Facts(
                seal_of(seal),
                grant_of(grant),
                None if leave is None else authorisation_of(leave),
                revoked=serials[seal.id] in revoked,
            )
            for use, (seal, grant, leave) in found.items()
        }

    def _refusal(self, facts: dict[Use, _Facts], use: Use, now: datetime, *, opening: bool) -> SealError | None:
        if use not in facts:
            return SealUnknown(seal=str(use.seal))
        return facts[use].refusal(now, opening=opening)

    def _count(
        self,
        session: Session,
        uses: Sequence[Use],
        facts: dict[Use, _Facts],
        wanted: Sequence[dict[UUID, int]],
        refused: list[SealError | None],
        now: datetime,
    ) -> list[SealError | None]:
        """Count the uses that have limits, first come, first served, and refuse those beyond."""
        totals = Counter(counter for limits in wanted for counter in limits)
        seals = {counter: use.seal for use, limits in zip(uses, wanted, strict=True) for counter in limits}
        allowed = {counter: limit for limits in wanted for counter, limit in limits.items()}
        quotas = [Quota(counter, seals[counter], count, allowed[counter]) for counter, count in totals.items()]
        left = store.take(session, local_date(now), quotas)
        for position, (use, limits) in enumerate(zip(uses, wanted, strict=True)):
            full = next((counter for counter in limits if left[counter] == 0), None)
            if full is not None:
                refused[position] = limit_refusal(facts[use].seal, limits[full])
                continue
            for counter in limits:
                left[counter] -= 1
        # One limit let through what the other did not.
        surplus = {counter: count for counter, count in left.items() if count}
        if surplus:
            store.give_back(session, local_date(now), surplus)
        return refused

    def _record(self, session: Session, events: Sequence[Event]) -> None:
        if events:
            keys = open_subjects(session, self._wrapper, {event.subject for event in events})
            record_many(session, [(event, keys[event.subject]) for event in events], self._promiser)


def _refused_event(refusal: Refusal, seal: UUID, actor: Actor, now: datetime) -> Event:
    denial = refusal.denial
    return Event(
        id=new_event_id(now),
        kind=EventKind.REFUSED,
        subject=seal,
        actor=actor,
        at=now,
        detail=_detail(denial.grant, denial.authorisation, refusal.number, denial.error, refusal.matter),
    )


def _closing_event(ending: Ending, now: datetime) -> Event:
    return Event(
        id=new_event_id(now),
        kind=EventKind.USED if ending.error is None else EventKind.REFUSED,
        subject=ending.use.seal,
        actor=ending.actor,
        at=now,
        document=ending.document,
        detail=_detail(ending.use.grant, ending.use.authorisation, ending.number, ending.error),
    )


def _detail(
    grant: UUID | None,
    authorisation: UUID | None,
    number: str | None,
    error: SealError | None,
    matter: str | None = None,
) -> dict[str, JSON]:
    told = {
        "grant": None if grant is None else str(grant),
        "authorisation": None if authorisation is None else str(authorisation),
        "number": number,
        "matter": matter,
        "refusal": None if error is None else error.code,
    }
    return {name: value for name, value in told.items() if value is not None}
