"""The signed status list, made anew at most once a minute for any number of readers."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from api.house import House
from api.schema import Role
from licences.status_list import build

FRESH: Final = timedelta(seconds=60)


class StatusCache:
    """Calling it gives the current Status List Token."""

    def __init__(self, house: House, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._clock = clock
        self._lock = threading.Lock()
        self._made: tuple[datetime, str] | None = None

    def __call__(self) -> str:
        """Return the token, at most FRESH old."""
        with self._lock:
            now = self._clock()
            if self._made is None or now - self._made[0] >= FRESH:
                signer, chain = self._house.status_signer()
                with self._house.database.session(Role.APP, purpose="verification") as session:
                    self._made = now, build(session, signer, chain, self._house.settings.base_url, now)
            return self._made[1]
