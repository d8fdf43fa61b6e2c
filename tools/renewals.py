"""Extend stored pages before their time, beside everything else the worker does: nobody has to remember to."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ledger.actor import Actor
from ledger.errors import DomainError
from tools.seals.extending import WITHIN_DAYS, extension_desk

if TYPE_CHECKING:
    from api.house import House

_LOG: Final = logging.getLogger(__name__)
ACTOR: Final = Actor(kind="system", id="extension", operator_unit=None, on_behalf_of=None)
MOST: Final = 256
"""Pages a round: half a minute's work of one process, if each has to be extended."""
_PAUSE: Final = 60.0
_NEXT: Final = 1.0
"""Seconds to the next round, if this one was full: others have a turn at the processor."""
_FAREWELL: Final = 10.0


class Renewals:
    """Extends what is due, so many pages a round, by one process. Any number of workers may do it at once."""

    def __init__(self, house: "House", within: timedelta = timedelta(days=WITHIN_DAYS), most: int = MOST) -> None:
        self._house = house
        self._within = within
        self._most = most

    def look(self, clock: Callable[[], datetime], stop: threading.Event | None = None) -> Counter[str]:
        """Do a round; return how many pages came out how. What is wrong is noted, and tried again in the next round."""
        counts = Counter[str]()
        try:
            with extension_desk(self._house, ACTOR, 1) as desk:
                for outcome in desk.extend_due(clock, self._within, most=self._most):
                    counts[outcome.result] += 1
                    if outcome.error is not None:
                        _LOG.warning("%s could not be extended: %s", outcome.identifier, _reason(outcome.error))
                    if stop is not None and stop.is_set():
                        break
        except Exception as error:  # noqa: BLE001 - a thread that ends would be missed by nobody, for years
            _LOG.warning("stored pages could not be extended: %s", _reason(error))
        if counts["extended"]:
            _LOG.info("extended %d stored pages", counts["extended"])
        return counts

    @contextmanager
    def going_on(self, stop: threading.Event, clock: Callable[[], datetime]) -> Iterator[None]:
        """Do round after round in a thread of its own until told to stop."""

        def rounds() -> None:
            while not stop.is_set():
                counts = self.look(clock, stop)
                stop.wait(_NEXT if counts.total() >= self._most else _PAUSE)

        thread = threading.Thread(target=rounds, name="renewals", daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join(timeout=_FAREWELL)


def _reason(error: Exception) -> str:
    """Return what may stand in a log: nothing of a document."""
    return f"{error.message('en')} ({error.code})" if isinstance(error, DomainError) else type(error).__name__
