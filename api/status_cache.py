"""The signed status lists, each made anew at most once a minute for any number of readers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.house import House
from api.schema import Role
from api.systems import DoorError
from licences.status_list import build, list_count

FRESH: Final = timedelta(seconds=60)


@dataclass(eq=False)
class StatusListUnknown(DoorError):
    """No list has that number."""

    code = "status.list_unknown"
    zh = "没有这一号状态清单"
    en = "there is no status list of that number"


class StatusCache:
    """Calling it with a list's number, the first being 1, gives the current Status List Token."""

    def __init__(self, house: House, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[int, tuple[datetime, str]] = {}

    def __call__(self, number: int) -> str:
        """Return the token, at most FRESH old; raises StatusListUnknown."""
        with self._lock:
            now = self._clock()
            made = self._made.get(number)
            if made is None or now - made[0] >= FRESH:
                made = self._made[number] = now, self._make(number, now)
            return made[1]

    def _make(self, number: int, now: datetime) -> str:
        signer, chain = self._house.status_signer()
        with self._house.database.session(Role.APP, purpose="verification") as session:
            if not 1 <= number <= list_count(session):
                raise StatusListUnknown
            return build(session, signer, chain, self._house.settings.base_url, now, number=number)
