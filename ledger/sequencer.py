"""The sequencer: gives pending events their place in the log, writes the tiles, publishes the checkpoint.

    finish   compare the published checkpoint with the head; whatever a leader before us left undone is done now
    assign   one transaction: indices, seq and previous for the pending rows, and the head swapped by compare
    finish   write_tiles, from committed rows only; publish, the checkpoint last

Any number may run. Only the swap of the head decides what the log is; tiles are a function of committed rows, so that
a late or dead writer can only write the same bytes; a checkpoint is only ever replaced by a larger one. Where the head,
the tiles and the published checkpoint contradict one another, FatalLedgerError stops everything: nothing is repaired.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from ledger import chains, entries, store, subjects
from ledger.checkpoints import Checkpoint
from ledger.errors import FatalLedgerError
from ledger.log_objects import CHECKPOINT, PREFIX, read_checkpoint, tile_fetch
from ledger.merkle import EMPTY_ROOT, leaf_hash
from ledger.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable, NoteUntrusted
from ledger.objects import ObjectMissing, ObjectStore, ObjectStoreUnavailable
from ledger.signing import KeyWrapper, Signer
from ledger.store import FenceLost, Head
from ledger.tiles import WIDTH, Growth, TileInvalid, grow

_LOG = logging.getLogger(__name__)
_PASSING = (OperationalError, InterfaceError, PoolTimeout, ObjectStoreUnavailable, FenceLost)
"""What a later try may not meet again: the database restarts, the store does not answer, another leads."""
_LONGEST_PAUSE = 10.0

Sessions = Callable[[], AbstractContextManager[Session]]
"""Opens a session of the worker in a transaction of its own, which ends with the block."""


class Sequencer:
    """One of any number of sequencers of the log `origin`; raises VkeyInvalid unless the signer is Ed25519."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        objects: ObjectStore,
        signer: Signer,
        origin: str,
        wrapper: KeyWrapper,
        batch: int = 1000,
    ) -> None:
        self._sessions = sessions
        self._objects = objects
        self._signer = NoteSigner(origin, signer)
        self._origin = origin
        self._wrapper = wrapper
        self._batch = batch

    def run(self, stop: threading.Event, interval: float = 0.1) -> None:
        """Sequence until told to stop, looking every `interval` seconds; raises FatalLedgerError."""
        pause = interval
        while not stop.is_set():
            try:
                count = self.run_once(datetime.now(UTC))
                pause = 0.0 if count == self._batch else interval
            except FatalLedgerError:
                _LOG.critical("the sequencer has stopped", exc_info=True)
                raise
            except _PASSING as error:
                _LOG.warning("the sequencer tries again: %s", error)
                pause = min(max(2 * pause, interval), _LONGEST_PAUSE)
            stop.wait(pause)

    def run_once(self, now: datetime) -> int:
        """Give one batch of pending events their place and publish; return how many there were.

        Raises FatalLedgerError, and what the database and the object store raise: the next run then finishes.
        """
        self.finish(now)
        count = self.assign(now)
        if count:
            self.finish(now)
        return count

    def finish(self, now: datetime) -> None:
        """Bring tiles and checkpoint to the head; raises FatalLedgerError."""
        # In this order: the head read later can only be the newer one.
        published = self._published()
        head = self._open_head(now)
        self._compare(published, head)
        if published is None or published.size < head.size:
            self.write_tiles(published, head)
            self.publish(head)

    def assign(self, now: datetime) -> int:
        """Give a batch of pending events their place and swap the head, in one transaction; return their number.

        Raises FenceLost if another sequencer came first, FatalLedgerError if the rows contradict one another.
        """
        try:
            with self._sessions() as session:
                if not store.has_pending(session):
                    return 0
                head = _sound(store.lock_head(session))
                pending = store.pending(session, self._batch)
                if not pending:
                    return 0
                concerned = {item.subject for item in pending}
                keys = subjects.open_subjects(session, self._wrapper, concerned)
                places = chains.place(pending, store.tips(session, concerned), keys, head.size)
                frontier = head.frontier.extend(leaf_hash(item.entry) for item in places)
                # The fence first: whoever lost it must not even try to give away indices that are taken.
                store.swap_head(session, head, Head(self._origin, frontier.root(), frontier), now)
                store.place(session, places)
                return len(places)
        except IntegrityError as error:
            raise FatalLedgerError(reason="an index, a tag or a place in a chain would be given twice") from error
        except subjects.SubjectErased as error:
            raise FatalLedgerError(reason="an event waits whose subject was erased") from error

    def write_tiles(self, published: Checkpoint | None, head: Head) -> None:
        """Write what changed since the published checkpoint; raises FatalLedgerError if it does not add up."""
        growth = self._grow(published.size if published else 0, head)
        if growth.old_root != (published.root if published else EMPTY_ROOT):
            raise FatalLedgerError(reason="the stored tiles do not give the root of the published checkpoint")
        if growth.root != head.root:
            raise FatalLedgerError(reason="the entries and tiles do not give the root of the head")
        for path, data in growth.objects.items():
            self._objects.put(PREFIX + path, data)

    def _grow(self, old: int, head: Head) -> Growth:
        first = old - old % WIDTH
        with self._sessions() as session:
            parts = store.entry_parts(session, first, head.size)
        if len(parts) != head.size - first:
            raise FatalLedgerError(reason=f"of {head.size - first} entries from {first} on there are {len(parts)}")
        try:
            return grow(old, head.size, [entries.encode(*part) for part in parts], tile_fetch(self._objects))
        except (ObjectMissing, TileInvalid) as error:
            raise FatalLedgerError(reason="a tile of the published log is missing or damaged") from error

    def publish(self, head: Head) -> None:
        """Sign and publish the checkpoint of a head whose tiles are written, unless a larger one is out."""
        note = self._signer.sign(Checkpoint(self._origin, head.size, head.root).text)
        # Under the lock nobody else publishes between our look and our put: a checkpoint never goes back. A leader
        # that loses the lock while it sleeps in the put may show an older, true checkpoint until the next run.
        with self._sessions() as session:
            latest = _sound(store.lock_head(session))
            published = self._published()
            self._compare(published, latest)
            if published is None or published.size < head.size:
                self._objects.put(PREFIX + CHECKPOINT, note.encode())

    def _open_head(self, now: datetime) -> Head:
        with self._sessions() as session:
            head = store.head(session)
            if head is None:
                store.create_head(session, self._origin, now)
                head = store.head(session)
            return _sound(head)

    def _published(self) -> Checkpoint | None:
        try:
            note = read_checkpoint(self._objects)
            return Checkpoint.open(note, {self._origin: self._signer.vkey})
        except ObjectMissing:
            return None
        except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid) as error:
            raise FatalLedgerError(reason="the published checkpoint is not one of this log") from error

    def _compare(self, published: Checkpoint | None, head: Head) -> None:
        """Refuse to go on where going on would fork the log."""
        if head.origin != self._origin:
            raise FatalLedgerError(reason=f"the database holds the log {head.origin}, not {self._origin}")
        if published is None:
            # The empty checkpoint is published before the first entry is placed, so a missing one was lost.
            if head.size:
                raise FatalLedgerError(reason="the published checkpoint is gone")
        elif published.size > head.size:
            raise FatalLedgerError(
                reason=f"{published.size} entries are published, the database knows {head.size}: it was set back"
            )
        elif published.size == head.size and published.root != head.root:
            raise FatalLedgerError(reason=f"the root published for {head.size} entries is not the root of the head")


def _sound(head: Head | None) -> Head:
    """Return a head whose root and right edge agree."""
    if head is None:
        raise FatalLedgerError(reason="the head of the log is gone")
    if head.frontier.root() != head.root:
        raise FatalLedgerError(reason="the right edge of the tree does not give the root of the head")
    return head
