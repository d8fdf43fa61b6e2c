"""Ask other authorities in time about the certificates that they issued to us, beside everything else the worker does."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ca.errors import CAError
from ca.outside.foreign_evidence import ForeignEvidence

_LOG: Final = logging.getLogger(__name__)
_INTERVAL: Final = 15.0


class ForeignWatch:
    """Keeps the evidence of other authorities fresh. Their servers may be slow: nobody else waits for them."""

    def __init__(self, evidence: ForeignEvidence) -> None:
        self._evidence = evidence

    def look(self, now: datetime) -> tuple[str, ...]:
        """Ask whom it is time to ask; return the addresses that told something new. What fails is noted and tried again."""
        try:
            refreshed = self._evidence.refresh(now)
        except (CAError, SQLAlchemyError) as error:
            _LOG.warning("no look at other authorities: %s", type(error).__name__)
            return ()
        for failure in refreshed.failed:
            _LOG.warning("%s (%s)", failure.message("en"), failure.code)
        return refreshed.fetched

    @contextmanager
    def watching(self, stop: threading.Event, clock: Callable[[], datetime]) -> Iterator[None]:
        """Look again and again in a thread of its own until told to stop; the block ends without waiting for a slow one."""

        def watch() -> None:
            while not stop.is_set():
                self.look(clock())
                stop.wait(_INTERVAL)

        thread = threading.Thread(target=watch, name="foreign-watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join(timeout=1.0)
