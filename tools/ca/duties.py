"""What the authority must do by itself: finish what a crash interrupted, and publish lists before they end."""

import logging
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from api.house import House
from api.schema import Role
from api.trust_lists import publish_lists
from ca.errors import CAError
from ca.timekeeping.clock_errors import ClockSuspect
from tools.ca.office import desk

_LOG: Final = logging.getLogger(__name__)

INTERVAL: Final = timedelta(seconds=5)
"""How soon after a revocation the new list is there; each look costs a few small queries."""

_LONGEST_PAUSE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Done:
    """What was done. certificates: intents brought to an end; published: authorities, and `trust`."""

    certificates: int
    published: tuple[str, ...]


class Duties:
    """The duties of one house, done by one worker or several at once."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = desk(house)
        self._pause = INTERVAL
        self._next: datetime | None = None
        self._clock_fault: str | None = None

    def do(self, now: datetime) -> Done:
        """Finish intents and publish what is due; raises CAError where a key cannot be used, SQLAlchemyError.

        An intent that cannot be finished keeps no list from being published.
        """
        try:
            finished = self._desk.finish(now)
            self._tend_seals(now)
        except CAError:
            publish_lists(self._house, now)
            raise
        return Done(finished, publish_lists(self._house, now))

    def _tend_seals(self, now: datetime) -> None:
        """Mark seals that ran out, and tell through certificates what stops of seals mean."""
        from seals.life.stop_effects import ACTOR, apply_effects

        def sessions() -> AbstractContextManager[Session]:
            return self._house.database.session(Role.WORKER)

        with sessions() as session:
            self._house.seals().stops.expire(session, ACTOR, now)
        apply_effects(sessions, self._desk, now)

    def do_if_time(self, now: datetime) -> None:
        """Do it if it is time to. A key that cannot be used is noted, and keeps nothing else of the worker waiting."""
        self._look_at_clock(now)
        if self._next is not None and self._next - _LONGEST_PAUSE <= now < self._next:
            return
        try:
            done = self.do(now)
        except CAError as error:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            _LOG.warning("the authority could not do its duties: %s (%s)", error.message("en"), error.code)
        else:
            self._pause = INTERVAL
            if done.certificates:
                _LOG.warning("finished %d certificates that a crash had left half-made", done.certificates)
        self._next = now + self._pause

    def _look_at_clock(self, now: datetime) -> None:
        """Keep the mark of the newest trusted time up to date, also while nothing is stamped; note what is wrong, once."""
        try:
            self._house.check_clock(now)
        except ClockSuspect as error:
            if error.fault != self._clock_fault:
                _LOG.warning("%s (%s)", error.message("en"), error.code)
            self._clock_fault = error.fault
        else:
            self._clock_fault = None
