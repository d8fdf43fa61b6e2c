"""Extending stored documents before the certificate of their last timestamp ends, each once, by any number of workers.

1. Documents are taken: a lease on the row of the newest rendition, committed.
2. Outside any transaction each is extended (`extension_work.py`); its ciphertext is stored.
3. One transaction: the rendition is superseded by the new one, and the licence has its event. The document is the same,
   its digest with it; only this step counts, and what a crash leaves is taken anew.

A document that cannot be extended is marked with the reason and holds nothing up; what is wrong with the house is
raised, after the rest of the batch has been written.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeAlias
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.events import Event, EventKind, new_event_id, record_many
from ledger.log.promises import Promiser
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectErased, SubjectKeys, open_subjects
from licences.documents import MEDIA
from licences.extension_work import Aim, DocumentWork, Extended, Left, Result
from licences.leases import Lease, Worker
from licences.store import extending as store
from licences.store.extending import Taken, Wanted
from seals.pdf.extension import Level

Sessions: TypeAlias = Callable[[], AbstractContextManager[Session]]
Keys: TypeAlias = Mapping[UUID, SubjectKeys]

BATCH: Final = 16
"""Documents that a thread is given at once."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document.

    result: `taken` is in another worker's hands; renew_by: when it must be extended again; error: why it failed.
    """

    identifier: str
    result: Result
    renew_by: datetime | None = None
    error: Exception | None = None


class ExtensionDesk:
    """Extends documents of the repository on several threads; closed at the end of its `with`.

    worker: its sign of life, which the desk closes as it does its work; actor: who has it done.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        wrapper: KeyWrapper,
        promiser: Promiser,
        worker: Worker,
        work: DocumentWork,
        actor: Actor,
        jobs: int = 2,
    ) -> None:
        self._sessions = sessions
        self._wrapper = wrapper
        self._promiser = promiser
        self._worker = worker
        self._work = work
        self._actor = actor
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="extend")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the threads and their processes; what is still on lease is free."""
        self._pool.shutdown(cancel_futures=True)
        self._work.close()
        self._worker.close()

    def count_due(self, now: datetime, within: timedelta, *, failed: bool = False) -> int:
        """Return how many documents there are to be looked at."""
        with self._sessions() as session:
            return store.count(session, Wanted(now, now + within, failed=failed))

    def extend_due(
        self,
        clock: Callable[[], datetime],
        within: timedelta,
        level: Level = "B-LTA",
        *,
        failed: bool = False,
        most: int | None = None,
    ) -> Iterator[Outcome]:
        """Extend every document whose last timestamp's certificate ends within that time; yield what became of each.

        failed: try those again that could not be extended; most: end after so many. Raises what is wrong with the house.
        """
        now = clock()
        yield from self._extend(Aim(Wanted(now, now + within, failed=failed), level), clock, most)

    def extend_named(
        self, identifiers: Sequence[str], clock: Callable[[], datetime], level: Level = "B-LTA"
    ) -> Iterator[Outcome]:
        """Extend the documents of these licences, due or not; those that are not there are passed over.

        Raises what is wrong with the house.
        """
        now = clock()
        wanted = Wanted(now, now, named=tuple(identifiers))
        told: set[str] = set()
        for outcome in self._extend(Aim(wanted, level), clock):
            told.add(outcome.identifier)
            yield outcome
        with self._sessions() as session:
            left = store.identifiers(session, wanted)
        yield from (Outcome(identifier, "taken") for identifier in left if identifier not in told)

    def _extend(self, aim: Aim, clock: Callable[[], datetime], most: int | None = None) -> Iterator[Outcome]:
        left: set[tuple[UUID, str]] = set()
        batch, remaining = BATCH * self._jobs, most
        while remaining is None or remaining > 0:
            now = clock()
            lease = self._worker.lease(now)
            with self._sessions() as session:
                size = batch if remaining is None else min(batch, remaining)
                taken = store.claim(session, aim.wanted, lease, now, size)
                keys = self._keys(session, taken)
            if not taken:
                return
            remaining = None if remaining is None else remaining - len(taken)
            # What was not extended stays on lease, which keeps it away until it runs out: then it is left alone again.
            fresh = [one for one in taken if one.place not in left]
            opened = [keys.get(one.licence_id) for one in fresh]
            done = list(self._pool.map(lambda one, key: self._work.do(one, key, clock(), aim), fresh, opened))
            left |= {one.taken.place for one in done if isinstance(one, Left)}
            yield from self._write(lease, done, keys, clock())

    def _write(self, lease: Lease, done: Sequence[Extended | Left], keys: Keys, now: datetime) -> Iterator[Outcome]:
        extended = [one for one in done if isinstance(one, Extended)]
        left = [one for one in done if isinstance(one, Left)]
        with self._sessions() as session:
            won = self._complete(session, lease, extended, keys, now)
            store.end(session, lease, [one.ended for one in left])
        broken = next((one.error for one in left if one.house), None)
        for one in done:
            if isinstance(one, Extended):
                yield Outcome(one.taken.identifier, "extended" if one.taken.place in won else "taken", one.renew_by)
            elif not one.house:
                yield Outcome(one.taken.identifier, one.result, one.renew_by, one.error)
        if broken is not None:
            raise broken

    def _complete(
        self, session: Session, lease: Lease, extended: Sequence[Extended], keys: Keys, now: datetime
    ) -> set[tuple[UUID, str]]:
        """Put extended documents in the place of what they were; return those that were still ours."""
        ours = store.supersede(session, lease, [one.taken for one in extended], now)
        won = [one for one in extended if one.taken.place in ours]
        store.insert(session, [_row(one, now) for one in won])
        if won:
            events = [(_event(one, self._actor, now), keys[one.taken.licence_id]) for one in won]
            record_many(session, events, self._promiser)
        return ours

    def _keys(self, session: Session, taken: Sequence[Taken]) -> Keys:
        """Return the keys of those licences that were not erased."""
        wanted = {one.licence_id for one in taken}
        while wanted:
            try:
                return open_subjects(session, self._wrapper, wanted)
            except SubjectErased as error:
                wanted.remove(error.subject)
        return {}


def _row(one: Extended, now: datetime) -> dict[str, object]:
    return {
        "version_id": one.taken.version_id,
        "kind": "pdf",
        "copy": one.taken.copy,
        "generation": one.taken.generation + 1,
        "digest": one.document.digest,
        "sha256": one.document.sha256,
        "object_key": one.document.object_key,
        "size": len(one.document.data),
        "media": MEDIA["pdf"],
        "created_at": now,
        "renew_by": one.renew_by,
        "attempts": 0,
    }


def _event(one: Extended, actor: Actor, now: datetime) -> Event:
    return Event(
        id=new_event_id(now),
        kind=EventKind.EXTENDED,
        subject=one.taken.licence_id,
        actor=actor,
        at=now,
        document=one.document.digest,
        detail={
            "identifier": one.taken.identifier,
            "generation": one.taken.generation + 1,
            "file": one.document.sha256,
            "renew_by": one.renew_by.isoformat(),
        },
    )
