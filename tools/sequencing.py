"""The sequencer beside other work: whatever a command records is in the tree when it ends."""

import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import InterfaceError, OperationalError

from ledger.log.sequencer import Sequencer
from ledger.objects.objects import ObjectStoreUnavailable
from ledger.store import FenceLost

INTERVAL: Final = 0.5
"""Seconds between batches: a promise allows sixty."""
PATIENCE: Final = 30.0
_PASSING: Final = (FenceLost, OperationalError, InterfaceError, ObjectStoreUnavailable)


def drain(sequencer: Sequencer, patience: float = PATIENCE) -> int:
    """Put everything recorded so far into the tree and publish it; return how many entries that were.

    Another sequencer may lead: what it takes from us is taken care of. Raises FatalLedgerError, and what still stands
    in the way after `patience` seconds.
    """
    end = time.monotonic() + patience
    total = 0
    while True:
        try:
            count = sequencer.run_once(datetime.now(UTC))
        except _PASSING:
            if time.monotonic() > end:
                raise
            time.sleep(INTERVAL)
            continue
        total += count
        if not count:
            return total


class Sequencing:
    """Sequences on a thread for as long as the block lasts, and to the end when it ends."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        try:
            drain(self._sequencer)
        except Exception:
            # Promises were given, so we try in any case; but the first error is the one to be told.
            if error is None:
                raise

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self._sequencer.run_once(datetime.now(UTC))
            except _PASSING:
                continue
            except Exception:  # noqa: BLE001  the drain at the end meets it again, where somebody listens
                return
