"""The sequencer: gives pending events their place in the log, and sees that tiles and checkpoint follow.

    finish   whatever a leader before us left undone (`log.py`)
    assign   one transaction: indices, seq and previous for the pending rows, and the head swapped by compare
    finish   tiles from committed rows, the checkpoint last

Any number may run: one leads, by being first at the head, and the others stand by.

An event whose subject's key was destroyed can never be placed: its tag and link need the key. Neither recording nor
erasing leaves such a row, so somebody's hand did; it is told as critical and passed over, while all others go on. That
is safe: chains touch nobody else's, and an event that is not placed says nothing in the log. Its promise is broken, and
convicts us, as it should.
"""

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger import chains, store, subjects
from ledger.errors import FatalLedgerError
from ledger.log.log import Cosign, Log, Sessions
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.signing import KeyWrapper, Signer
from ledger.store import FenceLost
from ledger.tree.merkle import leaf_hashes

__all__ = ["PASSING", "Sequencer", "Sessions"]

_LOG = logging.getLogger(__name__)
PASSING: Final = (OperationalError, InterfaceError, PoolTimeout, ObjectStoreUnavailable, FenceLost)
"""What a later try may not meet again: the database restarts, the store does not answer, another leads."""
_LONGEST_PAUSE = 10.0


class Sequencer:
    """One of any number of sequencers of the log `origin`; raises VkeyInvalid unless the signer is Ed25519.

    batch: the events that get their places at once; cosign: as `Log` takes it.
    """

    def __init__(
        self,
        *,
        sessions: Sessions,
        objects: ObjectStore,
        signer: Signer,
        origin: str,
        wrapper: KeyWrapper,
        batch: int = 1000,
        cosign: Cosign | None = None,
    ) -> None:
        self.log = Log(sessions=sessions, objects=objects, signer=signer, origin=origin, cosign=cosign)
        self._sessions = sessions
        self._wrapper = wrapper
        self._batch = batch
        self._passed_over: set[UUID] = set()

    def run(self, stop: threading.Event, interval: float = 0.1, publish_every: float = 1.0) -> None:
        """Sequence until told to stop: a batch when it is full, or `interval` seconds after the last.

        What comes after a silence is published at once; in steady load there are `publish_every` seconds between two
        checkpoints. Raises FatalLedgerError.
        """
        pause, due = interval, 0.0
        while not stop.is_set():
            try:
                now = datetime.now(UTC)
                count = self.assign(now)
                if time.monotonic() >= due and self.log.finish(now):
                    due = time.monotonic() + publish_every
                pause = 0.0 if count == self._batch else interval
            except FatalLedgerError:
                _LOG.critical("the sequencer has stopped", exc_info=True)
                raise
            except PASSING as error:
                _LOG.warning("the sequencer tries again: %s", error)
                pause = min(max(2 * pause, interval), _LONGEST_PAUSE)
            stop.wait(pause)

    def run_once(self, now: datetime) -> int:
        """Give one batch of pending events their place and publish; return how many there were.

        Raises FatalLedgerError, and what the database and the object store raise: the next run then finishes.
        """
        self.log.finish(now)
        count = self.assign(now)
        if count:
            self.log.finish(now)
        return count

    def assign(self, now: datetime) -> int:
        """Give a batch of pending events their place and swap the head, in one transaction; return their number.

        Raises FenceLost if another sequencer came first, FatalLedgerError if the rows contradict one another.
        """
        self.log.begin(now)
        try:
            with self._sessions() as session:
                if not store.has_pending(session):
                    return 0
                head = self.log.lock_head(session)
                pending = store.pending(session, self._batch, self._passed_over)
                if not pending:
                    return 0
                concerned = {item.subject for item in pending}
                keys = subjects.open_subjects(session, self._wrapper, concerned)
                places = chains.place(pending, store.tips(session, concerned), keys, head.size)
                # The fence first: whoever lost it must not even try to give away indices that are taken.
                self.log.move_head(session, head, leaf_hashes(item.entry for item in places), now)
                store.place(session, places)
                return len(places)
        except IntegrityError as error:
            raise FatalLedgerError(reason="an index, a tag or a place in a chain would be given twice") from error
        except subjects.SubjectErased as error:
            _LOG.critical("events of subject %s wait, its key is gone: they can never be placed", error.subject)
            self._passed_over.add(error.subject)
            return self.assign(now)
