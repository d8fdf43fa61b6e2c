"""A clock that one may date by: the system's, as long as nothing speaks against it.

It is held against the machine's own count of elapsed time (a clock that somebody sets leaps against it) and against
witnesses: the database, and where one is configured an NTP server. The witnesses are asked every few seconds at most;
between two rounds a check costs about a microsecond.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from ca.timekeeping.clock_errors import ClockSuspect, TimeSourceSilent

SLEW: Final = 500e-6
"""Seconds a second by which the kernel may correct a clock without setting it (adjtime)."""


class Clock(Protocol):
    """Whoever vouches for a time before it is stamped."""

    def check(self, now: datetime) -> None:
        """Raise ClockSuspect where this time must not be stamped."""
        ...


@dataclass(frozen=True, slots=True)
class Sight:
    """A look at another clock: how many seconds it is ahead of ours, give or take, and the newest time it remembers."""

    offset: float
    uncertainty: float
    newest: datetime | None = None


class Witness(Protocol):
    """Another clock."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    @property
    def interval(self) -> float:
        """Seconds between two looks."""
        ...

    @property
    def patience(self) -> float:
        """Seconds for which its silence is borne."""
        ...

    @property
    def independent(self) -> bool:
        """Whether it is a clock of its own, so that its word clears ours of a leap.

        The database's is not: it may run on this very machine.
        """
        ...

    def look(self, now: datetime) -> Sight:
        """Compare the other clock with `now`, the present of ours; raises TimeSourceSilent."""
        ...


class Marks(Protocol):
    """A lasting memory of the newest time that was trusted, which no restart forgets."""

    def reach(self, now: datetime) -> None:
        """Nothing spoke against this time: remember it, unless a later one is remembered."""
        ...

    def correct(self, now: datetime) -> None:
        """An independent clock confirms this time: remember it, and no later one, which was wrong."""
        ...


def boot_time() -> float:
    """Return the seconds since the machine started, its sleep included, which nobody can set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def system_time() -> datetime:
    """Return the system clock's time."""
    return datetime.now(UTC)


class _Watch:
    """One witness, when it was asked and heard last, and what it then said against the clock."""

    def __init__(self, witness: Witness) -> None:
        self.witness = witness
        self.fault: ClockSuspect | None = None
        self._asked: float | None = None
        self._heard: float | None = None

    def ask(self, now: datetime, elapsed: float, tolerance: float, *, at_once: bool) -> bool:
        """Look if it is time to; say whether the witness was heard just now and has nothing against the clock."""
        if not at_once and self._asked is not None and elapsed - self._asked < self.witness.interval:
            return False
        self._asked = elapsed
        sight = self._sight(now)
        if sight is None or sight.uncertainty > tolerance:  # so slow an answer confirms nothing
            if self._heard is None or elapsed - self._heard > self.witness.patience:
                self.fault = ClockSuspect("unconfirmed", source=self.witness.name)
            return False
        self._heard = elapsed
        self.fault = self._judge(sight, now, tolerance)
        return self.fault is None

    def _sight(self, now: datetime) -> Sight | None:
        try:
            return self.witness.look(now)
        except TimeSourceSilent:
            return None

    def _judge(self, sight: Sight, now: datetime, tolerance: float) -> ClockSuspect | None:
        if abs(sight.offset) - sight.uncertainty > tolerance:
            return ClockSuspect("disagrees", abs(sight.offset), self.witness.name)
        behind = 0.0 if sight.newest is None else (sight.newest - now).total_seconds()
        # A token must not be older than what was recorded before it.
        return ClockSuspect("behind_records", behind, self.witness.name) if behind > tolerance else None


class TrustedClock:
    """A `Clock` over the system's; safe between threads, one for a process.

    witnesses: each is asked at its own interval. marks: told at each round what is trusted. tolerance: by how many seconds clocks may differ. leeway: by how many
    seconds the time to be stamped may differ from the present, since a job stamps with the moment at which it began.
    wall, elapsed: the clocks themselves.
    """

    def __init__(
        self,
        witnesses: Sequence[Witness] = (),
        *,
        marks: Marks | None = None,
        tolerance: float = 1.0,
        leeway: float = 30.0,
        wall: Callable[[], datetime] = system_time,
        elapsed: Callable[[], float] = boot_time,
    ) -> None:
        self._watches = tuple(_Watch(witness) for witness in witnesses)
        self._round = min((witness.interval for witness in witnesses), default=5.0)
        self._marks = marks
        self._tolerance, self._leeway = tolerance, leeway
        self._wall, self._elapsed = wall, elapsed
        self._asking = threading.Lock()
        self._base = (wall(), elapsed())
        self._last_round: float | None = None
        self._faults: tuple[ClockSuspect, ...] = ()

    def check(self, now: datetime) -> None:
        """Raise ClockSuspect where this time must not be stamped."""
        wall, elapsed = self._wall(), self._elapsed()
        leap = self._leap(wall, elapsed)
        if self._last_round is None or elapsed - self._last_round >= self._round:
            self._ask(first=self._last_round is None)
            leap = self._leap(wall, elapsed)
        if abs(leap) > self._tolerance:
            raise ClockSuspect("jumped", abs(leap))
        for fault in self._faults:
            raise ClockSuspect(fault.fault, fault.seconds, fault.source)  # a fresh one: threads share no traceback
        away = abs((now - wall).total_seconds())
        if away > self._leeway:
            raise ClockSuspect("not_the_present", away)

    def _leap(self, wall: datetime, elapsed: float) -> float:
        base_wall, base_elapsed = self._base
        return (wall - base_wall).total_seconds() - (elapsed - base_elapsed)

    def _ask(self, *, first: bool) -> None:
        # One thread asks; the others go by what was found before, of which there is nothing yet at the first time.
        if not self._asking.acquire(blocking=first):
            return
        try:
            elapsed = self._elapsed()
            if self._last_round is None or elapsed - self._last_round >= self._round:
                self._hold_a_round()
                self._last_round = self._elapsed()
        finally:
            self._asking.release()

    def _hold_a_round(self) -> None:
        leapt = abs(self._leap(self._wall(), self._elapsed())) > self._tolerance
        cleared = False
        for watch in self._watches:
            confirmed = watch.ask(self._wall(), self._elapsed(), self._tolerance, at_once=leapt)
            cleared = cleared or (confirmed and watch.witness.independent)
        self._faults = tuple(watch.fault for watch in self._watches if watch.fault is not None)
        self._follow(cleared=cleared)
        self._mark(cleared=cleared)

    def _mark(self, *, cleared: bool) -> None:
        wall = self._wall()
        if self._marks is None or abs(self._leap(wall, self._elapsed())) > self._tolerance:
            return
        if cleared:
            self._marks.correct(wall)
        elif not self._faults:
            self._marks.reach(wall)

    def _follow(self, *, cleared: bool) -> None:
        """Let the base follow the clock: wholly where an independent witness confirms it, else as slowly as it slews."""
        wall, elapsed = self._wall(), self._elapsed()
        leap = self._leap(wall, elapsed)
        if cleared:
            self._base = (wall, elapsed)
        elif abs(leap) <= self._tolerance:
            slewed = SLEW * (elapsed - self._base[1])
            self._base = (wall - timedelta(seconds=leap - max(-slewed, min(slewed, leap))), elapsed)
