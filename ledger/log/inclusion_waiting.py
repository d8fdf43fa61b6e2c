"""Waiting for inclusion: for callers who want the proof at once, in the place of a promise."""

import threading
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import InterfaceError, OperationalError

from ledger.errors import LedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote
from ledger.log.log import Sessions
from ledger.log.served import read_checkpoint
from ledger.objects.objects import ObjectMissing, ObjectStore, ObjectStoreUnavailable
from ledger.store import placed_events

_LOOK = 0.02
_LONGEST_LOOK = 0.25


@dataclass(eq=False)
class NotYetIncluded(LedgerError):
    """The log has not published the events in time; they are recorded, and their promises stand."""

    code = "ledger.not_yet_included"
    zh = "事件已登记，但尚未写入已发布的账本，请稍后凭承诺获取证明"
    en = "the events are recorded and not published yet; fetch the proof later, with the promise"


def wait_for_inclusion(
    sessions: Sessions,
    objects: ObjectStore,
    events: Collection[str],
    patience: float,
    stop: threading.Event | None = None,
) -> int:
    """Wait until the published log contains all of the events; return its size then.

    patience: seconds; stop: ends the wait before. The events must be committed. Raises NotYetIncluded.
    """
    end = time.monotonic() + patience
    pause, asleep = _LOOK, stop or threading.Event()
    wanted = set(events)
    while True:
        with suppress(ObjectStoreUnavailable, OperationalError, InterfaceError):
            # The events are recorded, whatever cannot be asked for the moment: an error would say that they are not.
            size = published_size(objects)
            with sessions() as session:
                if len(placed_events(session, wanted, size)) == len(wanted):
                    return size
        left = end - time.monotonic()
        if left <= 0 or asleep.wait(min(pause, left)):
            raise NotYetIncluded
        pause = min(2 * pause, _LONGEST_LOOK)


def published_size(objects: ObjectStore) -> int:
    """Return the size of the published log, 0 before the first checkpoint; its signature is the reader's business."""
    try:
        return Checkpoint.parse(SignedNote.parse(read_checkpoint(objects)).text).size
    except ObjectMissing:
        return 0
