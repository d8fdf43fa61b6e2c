"""The timestamp authorities that are in use now, for the door and for seals alike: a ceremony may give them new keys."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from api.keys_in_use import KeyStopped
from ca.ceremonies.names import Hierarchy
from ca.errors import CAError

if TYPE_CHECKING:
    from ca.timestamping.timestamps import TimestampAuthority

_LOG: Final = logging.getLogger("elicence.pki")
_LOOKED_AGAIN: Final = timedelta(seconds=60)
"""So soon the next key is used, without a restart."""


class TimestampAuthorities:
    """Safe between threads. find: gives a hierarchy's authority of the present, asked once a minute."""

    def __init__(self, find: "Callable[[Hierarchy], TimestampAuthority]") -> None:
        self._find = find
        self._finding = threading.Lock()
        self._found: dict[Hierarchy, tuple[datetime, TimestampAuthority]] = {}

    def current(self, hierarchy: Hierarchy, now: datetime) -> "TimestampAuthority":
        """Return the authority whose key is in use; raises KeyStopped, and what else `find` does if none was found before.

        One thread finds; the others go on with what was found before, of which there is nothing yet at the first time.
        """
        before = self._found.get(hierarchy)
        if before is None:
            self._finding.acquire()
        elif not self._finding.acquire(blocking=False):
            return before[1]
        try:
            return self._current(hierarchy, now)
        finally:
            self._finding.release()

    def _current(self, hierarchy: Hierarchy, now: datetime) -> "TimestampAuthority":
        looked, known = self._found.get(hierarchy, (None, None))
        if looked is not None and known is not None and timedelta() <= now - looked < _LOOKED_AGAIN:
            return known
        try:
            found = self._find(hierarchy)
        except KeyStopped:
            self._found.pop(hierarchy, None)
            raise
        except CAError as error:
            if known is None:
                raise
            # A ceremony is being held, or the token is away: the key that we have says so itself if it must.
            _LOG.warning("tsa: going on with the key that was opened before: %s", error.code)
            found = known
        self._found[hierarchy] = now, found
        return found


class CurrentTimestamps:
    """Stamps as `TimestampAuthority` does, by the authority of a hierarchy that is in use at the time."""

    def __init__(self, authorities: TimestampAuthorities, hierarchy: Hierarchy) -> None:
        self._authorities, self._hierarchy = authorities, hierarchy

    def stamp(
        self, imprint: bytes, now: datetime, nonce: int | None = None, *, hash_algorithm: str = "SHA-256"
    ) -> bytes:
        """Return a token over a digest, as DER ContentInfo; raises ClockSuspect, CeremonyMissing, KeyRefused."""
        authority = self._authorities.current(self._hierarchy, now)
        return authority.stamp(imprint, now, nonce, hash_algorithm=hash_algorithm)
