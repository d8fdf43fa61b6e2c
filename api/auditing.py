"""Tracing as the house does it: who may, what is opened, proved against the published log, and the look recorded.

Nothing is handed out before the look is committed. Without an order places, times and proofs are told, and no event
opens; the list of those who relied on a licence names their units besides, for they must be told.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.house import House
from api.own_mirror import OwnMirror
from api.schema import Role
from ca.ceremonies.names import LOG_KEY
from ledger.actor import Actor
from ledger.evidence.evidence import chains_evidence, sign_evidence
from ledger.formats.notes import Vkey
from ledger.log.promise_keeping import Answer, PromiseKeeper
from ledger.log.reader import LogReader
from ledger.log.served import tile_fetch
from ledger.provenance import terms as provenance_terms
from ledger.provenance.errors import OrderRefused, OrderWanted, PeriodEmpty
from ledger.provenance.looks import Look, Shown, record_looks, record_refusal
from ledger.provenance.orders import AuditOrder, Scope, order_by_number, order_by_token
from ledger.provenance.reading import MOST_EVENTS, Trace, trace
from ledger.tree.tiles import TileCache
from licences import recall
from licences.audit_scopes import Covered, covered, labels
from licences.recall import Reliance

MIRROR: Final = "mirror"
_PLAIN: Final = frozenset({"licence", "seal"})
"""What is named by its own number: where and when may be told without an order."""


@dataclass(frozen=True, slots=True)
class Audited:
    """An answer: what was asked, under which order, what was found, and how the looks were recorded.

    `opened`: whether the events go with it; `labels`: what people call the subjects.
    """

    scope: Scope
    order: AuditOrder | None
    opened: bool
    trace: Trace
    looks: Mapping[UUID, Look]
    labels: Mapping[UUID, Sequence[str]]
    at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `since` is in the period, `until` is not; `issued`: of a department, the chains of its licences."""

    scope: Scope
    since: datetime | None = None
    until: datetime | None = None
    issued: bool = False

    def __post_init__(self) -> None:
        """Raise PeriodEmpty."""
        if self.since is not None and self.until is not None and not self.since < self.until:
            raise PeriodEmpty


class Auditing:
    """The use cases of auditors, in a role: the worker's on the command line, the app's at the door."""

    def __init__(self, house: House, role: Role) -> None:
        self._house = house
        self._role = role
        self._cache = TileCache()
        self._vkey = Vkey.of(house.ceremony.plan.log.origin, house.keys.signer(LOG_KEY))
        self._mirror = OwnMirror(house.settings.home / MIRROR, self._vkey)

    @property
    def vkeys(self) -> Mapping[str, Vkey]:
        """The public key of our log."""
        return {self._vkey.name: self._vkey}

    def order(self, number: str) -> AuditOrder:
        """Return an order; raises OrderUnknown."""
        with self._session() as session:
            return order_by_number(session, self._house.wrapper, number)

    def order_of_token(self, token: str | None) -> AuditOrder | None:
        """Return the order whose token this is."""
        with self._session() as session:
            return order_by_token(session, self._house.wrapper, token)

    def trace(self, question: Question, actor: Actor, now: datetime, order: AuditOrder | None = None) -> Audited:
        """Trace what is asked, and open it if there is an order.

        Raises LicenceUnknown, SealUnknown, OrderWanted, OrderRefused, TraceTooLong, LogForked, ObjectMissing.
        """
        return self._audited(question, actor, now, order, "places" if order is None else "events")

    def relied_on(
        self, identifier: str, since: datetime, actor: Actor, now: datetime, order: AuditOrder | None = None
    ) -> tuple[Audited, list[Reliance]]:
        """Return the uses that relied on a licence since that moment; raises as `trace`."""
        question = Question(Scope("licence", identifier))
        audited = self._audited(question, actor, now, order, "units" if order is None else "events")
        with self._registry() as session:
            issuer = covered(session, self._house.wrapper, question.scope).unit or ""
        found = recall.relied_on(audited.trace.chains, since, issuer, opened=audited.opened)
        return audited, found

    def evidence(self, audited: Audited) -> bytes:
        """Return the evidence file of an answer, signed by the log."""
        scope, order = audited.scope, audited.order
        contents = chains_evidence(
            audited.trace,
            audited.looks,
            asked={"kind": scope.kind, "value": scope.value},
            order=None if order is None else order.number,
            now=audited.at,
            opened=audited.opened,
        )
        return self._signed(contents)

    def promised(self, note: str, now: datetime) -> Answer:
        """Say what became of a promise of our log; raises as `PromiseKeeper.answer`."""
        house = self._house
        keeper = PromiseKeeper(self._vkey.name, house.keys.signer(LOG_KEY), house.wrapper)
        log = self._log()
        with self._session() as session:
            return keeper.answer(session, log, note, now)

    def catch_up(self) -> Iterator[int]:
        """Bring the index of terms up to the published log; yield how far it is."""
        return provenance_terms.catch_up(self._session, self._house.wrapper, self._log().size)

    def _signed(self, contents: Mapping[str, object]) -> bytes:
        return sign_evidence(contents, self._vkey.name, self._house.keys.signer(LOG_KEY))  # type: ignore[arg-type]

    def _audited(
        self, question: Question, actor: Actor, now: datetime, order: AuditOrder | None, shown: Shown
    ) -> Audited:
        house = self._house
        about = self._about(question, actor, now, order)
        log = self._log()
        events = self._events(question, about)
        with self._session(actor) as session:
            found = trace(session, house.wrapper, log, about.whole, now, events=events, scan=self._scan(log))
            looks = record_looks(
                session,
                house.wrapper,
                house.promiser,
                found,
                asked=question.scope.kind,
                shown=shown,
                order=order,
                actor=actor,
                now=now,
            )
        with self._registry() as session:
            named = labels(session, {chain.subject for chain in found.chains})
        return Audited(question.scope, order, shown == "events", found, looks, named, now)

    def _about(self, question: Question, actor: Actor, now: datetime, order: AuditOrder | None) -> Covered:
        """Return what a question is about, if the order opens it."""
        # Which licences a unit or a case used is what an order is for: their places alone would tell it.
        if order is None and question.scope.kind not in _PLAIN:
            raise OrderWanted
        if order is not None and question.scope.kind not in _PLAIN:
            # Before anything is looked for: that there is too much of it would tell something, too.
            self._allow(order, question.scope, None, actor, now)
        with self._registry() as session:
            about = covered(
                session,
                self._house.wrapper,
                question.scope,
                since=question.since,
                until=question.until,
                issued=question.issued,
            )
        if order is not None and question.scope.kind in _PLAIN:
            self._allow(order, question.scope, about.unit, actor, now)
        return about

    def _allow(self, order: AuditOrder, asked: Scope, unit: str | None, actor: Actor, now: datetime) -> None:
        """Let an auditor open what is asked; that the order does not open it is an event of the order's own chain."""
        try:
            order.check(asked, unit, actor, now)
        except OrderRefused:
            house = self._house
            with self._session(actor) as session:
                record_refusal(session, house.wrapper, house.promiser, order, asked.kind, actor, now)
            raise

    def _events(self, question: Question, about: Covered) -> Sequence[str]:
        if about.term is None:
            return ()
        for _ in self.catch_up():
            pass
        if self._role is Role.WORKER:  # only the worker may delete
            with self._session() as session:
                provenance_terms.forget_erased(session)
        kind, value = about.term
        with self._session() as session:
            return provenance_terms.events_of(
                session,
                self._house.wrapper,
                kind,
                value,
                since=question.since,
                until=question.until,
                limit=MOST_EVENTS + 1,
            )

    def _log(self) -> LogReader:
        return LogReader.open(tile_fetch(self._house.objects), self._vkey, self._cache)

    def _scan(self, log: LogReader) -> Callable[[Collection[bytes]], Mapping[bytes, Sequence[int]]]:
        return lambda tags: self._mirror.places(log, tags)

    def _session(self, actor: Actor | None = None) -> AbstractContextManager[Session]:
        return self._house.database.session(self._role, actor, purpose="audit")

    def _registry(self) -> AbstractContextManager[Session]:
        return self._house.database.session(self._role, purpose="verification")
