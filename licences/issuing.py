"""Issuing: one act, by the steps of the design.

    intent        all is decided and committed                        issuing_intents
    production    documents made, sealed and stored, no transaction   issuing_production
    activation    looked at again, and in force                       issuing_activation

Whatever ends the process between two steps leaves an intent, which the next worker finishes. A licence is never issued
twice: what was asked for before is found again, and only one worker can activate an intent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import Final, Self, TypeAlias
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.log.promises import Promiser
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.signing import KeyWrapper
from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.issuing_activation import Activator, Ended
from licences.issuing_errors import AttemptsExhausted, LicenceInProgress
from licences.issuing_intents import Decided, IntentBook
from licences.issuing_production import Checkpoint, Producer, SealingTools, nothing
from licences.issuing_recovery import IntentFinder
from licences.issuing_results import Document, Existing, Failed, Intent, Issued, Outcome, Produced, Refused
from licences.leases import Lease, Worker
from licences.rendering import Renderer
from licences.store import intents
from licences.type_errors import FontsMissing
from seals.life.grants import Seal
from seals.life.uses import UseBook

STEPS: Final = (
    "intent-written",
    "intent-committed",
    "json-signed",
    "rendered",
    "sealed",
    "stored",
    "activation-written",
    "activated",
)
"""What a checkpoint is told, in this order: where a crash is tried."""

BATCH: Final = 32
"""Licences that share a commit."""
MAX_ATTEMPTS: Final = 5
_WRITERS: Final = 4
_NOT_THEIR_DOING: Final = (ObjectStoreUnavailable, SQLAlchemyError, FontsMissing, KeyboardInterrupt)
"""What is no attempt: a store that is away for a night uses none up. Anything else may be the licence's own doing."""

Sessions: TypeAlias = Callable[[Actor | None], AbstractContextManager[Session]]
"""Opens a session in one transaction in an actor's name, committed at its end; None is the worker itself."""
Clock: TypeAlias = Callable[[], datetime]


def _tell_nobody(_outcome: Outcome) -> None:
    pass


@dataclass(frozen=True, slots=True)
class IssuingParts:
    """What issuing is made of; `worker` is this process's sign of life."""

    sessions: Sessions
    objects: ObjectStore
    book: IntentBook
    finder: IntentFinder
    producer: Producer
    activator: Activator
    worker: Worker
    checkpoint: Checkpoint = nothing


class Issuer:
    """Issues licences: one, many, or those that a crash left behind. Close it: it has threads and a connection."""

    def __init__(self, parts: IssuingParts) -> None:
        self._parts = parts
        self._writers = ThreadPoolExecutor(_WRITERS, thread_name_prefix="documents")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for writers, and free what is on lease."""
        self._writers.shutdown()
        self._parts.worker.close()

    def issue_one(self, request: LicenceRequest, actor: Actor, now: datetime) -> Outcome:
        """Issue one licence, within a second. A licence that another worker has in hand is Refused as in progress."""
        (outcome,) = self.issue_batch([request], actor, lambda: now)
        if isinstance(outcome, Existing) and outcome.stage == "intent":
            return Refused(LicenceInProgress(identifier=outcome.identifier))
        return outcome

    def issue_rows(
        self, requests: Iterable[LicenceRequest], actor: Actor, clock: Clock, report: Callable[[int, Outcome], None]
    ) -> None:
        """Issue any number, a batch at a time; `report` is told the position of each request and what became of it."""
        position = 0
        for batch in _batches(requests):
            for outcome in self.issue_batch(batch, actor, clock):
                report(position, outcome)
                position += 1

    def issue_batch(self, requests: Sequence[LicenceRequest], actor: Actor, clock: Clock) -> list[Outcome]:
        """Issue a batch that shares its commits; one outcome a request, in order."""
        lease = self._parts.worker.lease(clock())
        with self._parts.sessions(actor) as session:
            decided = self._parts.book.intend(session, requests, actor, clock(), lease)
            held = [step for step in decided if isinstance(step, Intent)]
            if held:
                self._parts.checkpoint("intent-written")
        with self._holding(held, actor, lease):
            if held:
                self._parts.checkpoint("intent-committed")
            ended = self._complete(held, actor, clock)
        for orphan in _orphans(decided):
            ended |= self._finish_one(actor, clock, [orphan])
        return _outcomes(decided, ended)

    def finish_intents(self, clock: Clock, report: Callable[[Outcome], None] = _tell_nobody) -> int:
        """Finish what crashed workers left behind, and return how many licences were brought to an end."""
        finished = 0
        while ended := self._finish_one(None, clock, None):
            finished += len(ended)
            for outcome in ended.values():
                report(outcome)
        return finished

    def _finish_one(self, actor: Actor | None, clock: Clock, only: Sequence[UUID] | None) -> dict[UUID, Ended]:
        """Finish one intent that nobody alive has in hand, of those named if any are; empty if there is none.

        One at a time: somebody died over it, or over its neighbour, and must not take the neighbours along again.
        """
        lease = self._parts.worker.lease(clock())
        with self._parts.sessions(actor) as session:
            held = self._parts.finder.claim(session, lease, clock(), 1, only)
        with self._holding(held, actor, lease):
            return self._complete(held, actor, clock)

    @contextmanager
    def _holding(self, held: Sequence[Intent], actor: Actor | None, lease: Lease) -> Iterator[None]:
        """Give intents back if the house fails, not the licences: whoever comes next may finish them."""
        try:
            yield
        except BaseException as error:
            # At its best: if the database is what failed, the lease ends by itself.
            with suppress(SQLAlchemyError), self._parts.sessions(actor) as session:
                taken = [intent.version_id for intent in held]
                intents.release(session, lease, taken, counts=not isinstance(error, _NOT_THEIR_DOING))
            raise

    def _complete(self, held: Sequence[Intent], actor: Actor | None, clock: Clock) -> dict[UUID, Ended]:
        """Make the documents of intents and put them in force; return what became of each, by version."""
        if not held:
            return {}
        produced, failed = self._produce(held, clock)
        with self._parts.sessions(actor) as session:
            ended = self._parts.activator.activate(session, produced, failed, clock())
            self._parts.checkpoint("activation-written")
        self._parts.checkpoint("activated")
        return {item.intent.version_id if isinstance(item, Failed) else item.version_id: item for item in ended}

    def _produce(self, held: Sequence[Intent], clock: Clock) -> tuple[list[Produced], list[Failed]]:
        """Produce and store; each document is made durable by a thread while the next page renders."""
        produced: list[Produced] = []
        failed: list[Failed] = []
        writes: list[Future[None]] = []
        try:
            for intent in held:
                made = self._produce_one(intent, clock())
                if isinstance(made, Failed):
                    failed.append(made)
                    continue
                writes += [self._writers.submit(self._store, document) for document in (made.json, made.pdf)]
                produced.append(made)
        finally:
            # Nothing is put in force before its documents are durable, and none is written behind an error's back.
            errors = [write.exception() for write in writes]
        for error in errors:
            if error is not None:
                raise error
        if produced:
            self._parts.checkpoint("stored")
        return [_without_ciphertext(item) for item in produced], failed

    def _produce_one(self, intent: Intent, now: datetime) -> Produced | Failed:
        if intent.attempts > MAX_ATTEMPTS:
            return Failed(intent, AttemptsExhausted(identifier=intent.identifier))
        return self._parts.producer.produce(intent, now)

    def _store(self, document: Document) -> None:
        self._parts.objects.put(document.object_key, document.ciphertext)


def build_issuer(
    *,
    sessions: Sessions,
    connect: Callable[[], Connection],
    objects: ObjectStore,
    wrapper: KeyWrapper,
    promiser: Promiser,
    catalogue: Catalogue,
    renderer: Renderer,
    sealers: Callable[[Seal], SealingTools],
    base_url: str,
    test: bool = True,
    checkpoint: Checkpoint = nothing,
) -> Issuer:
    """Put an issuer together.

    connect: opens a connection that autocommits, for the worker's sign of life. sealers: gives a seal's tools.
    base_url: without a slash at its end. test: pages carry the watermark 测试.
    """
    uses = UseBook(wrapper, promiser)
    producer = Producer(
        catalogue=catalogue,
        renderer=renderer,
        sealers=sealers,
        base_url=base_url,
        test=test,
        checkpoint=checkpoint,
    )
    return Issuer(
        IssuingParts(
            sessions=sessions,
            objects=objects,
            book=IntentBook(wrapper, catalogue, uses),
            finder=IntentFinder(wrapper),
            producer=producer,
            activator=Activator(wrapper, promiser, uses),
            worker=Worker(connect),
            checkpoint=checkpoint,
        )
    )


def _without_ciphertext(item: Produced) -> Produced:
    """Let go of what is stored; a batch of large documents is held in memory once only."""
    return replace(item, json=replace(item.json, ciphertext=b""), pdf=replace(item.pdf, ciphertext=b""))


def _orphans(decided: Sequence[Decided]) -> list[UUID]:
    """Return the intents of earlier runs among what a batch asks for."""
    fresh = {step.version_id for step in decided if isinstance(step, Intent)}
    repeats = {step.version_id for step in decided if isinstance(step, Existing) and step.stage == "intent"}
    return list(repeats - fresh)


def _outcomes(decided: Sequence[Decided], ended: Mapping[UUID, Ended]) -> list[Outcome]:
    """Return the outcome of each request; of several for one licence the first one has issued it."""
    outcomes: list[Outcome] = []
    told: set[UUID] = set()
    for step in decided:
        end = None if isinstance(step, Refused) else ended.get(step.version_id)
        if isinstance(end, Issued) and end.version_id in told:
            end = Existing(end.version_id, end.licence_id, end.identifier, end.serial, "active")
        if end is not None and not isinstance(end, Failed):
            told.add(end.version_id)
        # Every intent has come to an end; what has not is as it was found.
        outcome = end if end is not None else step
        assert not isinstance(outcome, Intent)
        outcomes.append(outcome)
    return outcomes


def _batches(requests: Iterable[LicenceRequest]) -> Iterator[list[LicenceRequest]]:
    iterator = iter(requests)
    while batch := list(islice(iterator, BATCH)):
        yield batch
