import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from ca.timekeeping.clock import Sight, TrustedClock, boot_time, system_time
from ca.timekeeping.clock_errors import ClockSuspect, TimeSourceSilent
from tests.ca.house import NOW


@dataclass
class Machine:
    """A machine whose clocks the test turns."""

    wall: datetime = NOW
    elapsed: float = 1000.0

    def wait(self, seconds: float, *, leap: float = 0.0) -> None:
        self.elapsed += seconds
        self.wall += timedelta(seconds=seconds + leap)


@dataclass
class Neighbour:
    """Another clock; offset None: it does not answer."""

    name: str = "ntp.example"
    interval: float = 5.0
    patience: float = 60.0
    independent: bool = False
    offset: float | None = 0.0
    uncertainty: float = 0.01
    newest: datetime | None = None
    asked: list[datetime] = field(default_factory=list)

    def look(self, now: datetime) -> Sight:
        self.asked.append(now)
        if self.offset is None:
            raise TimeSourceSilent(self.name, "TimeoutError")
        return Sight(self.offset, self.uncertainty, self.newest)


@dataclass
class Memory:
    """What was remembered, as a witness that reads it tells."""

    reached: datetime = NOW - timedelta(days=1)

    def reach(self, now: datetime) -> None:
        self.reached = max(now, self.reached)

    def correct(self, now: datetime) -> None:
        self.reached = now


@dataclass
class Remembering(Neighbour):
    """A database that knows the mark."""

    memory: Memory = field(default_factory=Memory)

    def look(self, now: datetime) -> Sight:
        self.newest = self.memory.reached
        return super().look(now)


def clock(machine: Machine, *neighbours: Neighbour, marks: Memory | None = None, **options: float) -> TrustedClock:
    return TrustedClock(neighbours, marks=marks, wall=lambda: machine.wall, elapsed=lambda: machine.elapsed, **options)


def fault(trusted: TrustedClock, machine: Machine) -> ClockSuspect | None:
    try:
        trusted.check(machine.wall)
    except ClockSuspect as found:
        return found
    return None


def kind(trusted: TrustedClock, machine: Machine) -> str | None:
    found = fault(trusted, machine)
    return None if found is None else found.fault


def test_a_clock_that_runs_on_is_trusted() -> None:
    machine = Machine()
    trusted = clock(machine, Neighbour())
    for seconds in (0, 0.001, 1, 5, 3600, 86400):
        machine.wait(seconds)
        assert kind(trusted, machine) is None


@pytest.mark.parametrize("leap", [-3600.0, -1.1, 1.1, 86400.0])
@pytest.mark.parametrize("neighbours", [0, 1])
def test_a_clock_that_was_set_is_suspect_until_it_is_set_back(leap: float, neighbours: int) -> None:
    machine = Machine()
    trusted = clock(machine, *[Neighbour()] * neighbours)
    assert kind(trusted, machine) is None
    machine.wait(1, leap=leap)
    found = fault(trusted, machine)
    assert found is not None
    assert found.fault == "jumped"
    assert found.seconds == pytest.approx(abs(leap))
    machine.wait(60)
    assert kind(trusted, machine) == "jumped"  # the database may run on this machine: it clears nobody
    machine.wait(1, leap=-leap)
    assert kind(trusted, machine) is None


def test_an_independent_clock_clears_a_leap_at_its_next_round() -> None:
    machine, server = Machine(), Neighbour(independent=True, interval=64.0)
    trusted = clock(machine, Neighbour(), server)
    assert kind(trusted, machine) is None
    machine.wait(1, leap=30)
    server.offset = 30.0
    assert kind(trusted, machine) == "jumped"
    machine.wait(5)  # the round after a leap asks everybody, whatever their interval
    assert len(server.asked) == 1
    assert kind(trusted, machine) == "jumped"
    assert len(server.asked) == 2
    server.offset = 0.0  # it was right to set the clock
    machine.wait(5)
    assert kind(trusted, machine) is None
    machine.wait(1, leap=-1.5)
    assert kind(trusted, machine) == "jumped"


def test_a_clock_is_followed_as_fast_as_it_may_be_slewed() -> None:
    machine = Machine()
    trusted = clock(machine, Neighbour())
    for _ in range(2000):  # 0.4 milliseconds a second: 4 seconds in all
        machine.wait(5, leap=0.002)
        assert kind(trusted, machine) is None
    for _ in range(200):  # ten times that is no correction, but a clock that runs wrong
        machine.wait(5, leap=0.02)
    assert kind(trusted, machine) == "jumped"


@pytest.mark.parametrize(
    ("offset", "suspect"), [(0.9, False), (-0.9, False), (1.2, True), (-5.0, True), (1.005, False)]
)
def test_a_clock_that_another_contradicts(offset: float, suspect: bool) -> None:  # noqa: FBT001
    machine = Machine()
    found = fault(clock(machine, Neighbour(offset=offset)), machine)
    assert (found is not None) == suspect
    if found is not None:
        assert (found.fault, found.source, found.seconds) == ("disagrees", "ntp.example", abs(offset))


def test_contradiction_ends_when_the_clocks_agree() -> None:
    machine, neighbour = Machine(), Neighbour(offset=9.0)
    trusted = clock(machine, neighbour)
    assert kind(trusted, machine) == "disagrees"
    neighbour.offset = 0.1
    assert kind(trusted, machine) == "disagrees"  # it was asked a moment ago
    machine.wait(5)
    assert kind(trusted, machine) is None


def test_a_time_before_the_newest_recorded_one() -> None:
    machine, database = Machine(), Neighbour("PostgreSQL", newest=NOW + timedelta(seconds=90))
    trusted = clock(machine, database)
    found = fault(trusted, machine)
    assert found is not None
    assert (found.fault, found.seconds) == ("behind_records", 90.0)
    machine.wait(89.5)
    assert kind(trusted, machine) is None


def test_a_clock_set_back_while_nobody_watched_is_behind_the_mark() -> None:
    machine, database = Machine(), Remembering()
    trusted = clock(machine, database, marks=database.memory)
    for _ in range(100):
        machine.wait(5)
        assert kind(trusted, machine) is None
    assert database.memory.reached == machine.wall
    machine.wait(600, leap=-900)  # the service is off
    again = clock(machine, database, marks=database.memory)
    found = fault(again, machine)
    assert found is not None
    assert (found.fault, found.seconds) == ("behind_records", 300.0)
    machine.wait(305)
    assert kind(again, machine) is None


def test_a_time_that_is_suspect_is_not_remembered() -> None:
    machine, database = Machine(), Remembering()
    trusted = clock(machine, database, marks=database.memory)
    assert kind(trusted, machine) is None
    machine.wait(5, leap=3600)
    assert kind(trusted, machine) == "jumped"
    assert database.memory.reached == NOW
    database.offset = 9.0
    assert kind(clock(machine, database, marks=database.memory), machine) == "disagrees"
    assert database.memory.reached == NOW


def test_an_independent_clock_corrects_a_mark_that_was_wrong() -> None:
    machine, database = Machine(), Remembering(memory=Memory(NOW + timedelta(days=365)))
    trusted = clock(machine, database, Neighbour(independent=True), marks=database.memory)
    assert kind(trusted, machine) == "behind_records"
    assert database.memory.reached == NOW
    machine.wait(5)
    assert kind(trusted, machine) is None


def test_silence_is_borne_for_a_while_but_not_from_the_beginning() -> None:
    machine, neighbour = Machine(), Neighbour(offset=None)
    trusted = clock(machine, neighbour)
    assert kind(trusted, machine) == "unconfirmed"
    neighbour.offset = 0.0
    machine.wait(5)
    assert kind(trusted, machine) is None
    neighbour.offset = None
    machine.wait(55)
    assert kind(trusted, machine) is None
    machine.wait(10)
    assert kind(trusted, machine) == "unconfirmed"


def test_a_slow_answer_confirms_nothing() -> None:
    machine, neighbour = Machine(), Neighbour(uncertainty=1.5)
    assert kind(clock(machine, neighbour), machine) == "unconfirmed"


def test_silence_does_not_end_a_contradiction() -> None:
    machine, neighbour = Machine(), Neighbour(offset=9.0)
    trusted = clock(machine, neighbour)
    assert kind(trusted, machine) == "disagrees"
    neighbour.offset = None
    machine.wait(5)
    assert kind(trusted, machine) == "disagrees"


def test_witnesses_are_asked_at_their_own_intervals() -> None:
    machine, often, seldom = Machine(), Neighbour(interval=5.0), Neighbour(interval=64.0)
    trusted = clock(machine, often, seldom)
    for _ in range(1000):
        machine.wait(0.1)
        trusted.check(machine.wall)
    assert len(often.asked) == 20
    assert len(seldom.asked) == 2


@pytest.mark.parametrize("away", [-31.0, 31.0])
def test_only_the_present_is_stamped(away: float) -> None:
    machine = Machine()
    trusted = clock(machine)
    trusted.check(machine.wall - timedelta(seconds=29))
    with pytest.raises(ClockSuspect) as caught:
        trusted.check(machine.wall + timedelta(seconds=away))
    assert caught.value.fault == "not_the_present"


def test_threads_wait_for_the_first_round_and_for_no_other() -> None:
    machine = Machine()
    entered, release = threading.Event(), threading.Event()

    class Slow(Neighbour):
        def look(self, now: datetime) -> Sight:
            entered.set()
            assert release.wait(10)
            return super().look(now)

    slow = Slow(offset=9.0)
    trusted = clock(machine, slow)
    with ThreadPoolExecutor(4) as pool:
        first = [pool.submit(kind, trusted, machine) for _ in range(4)]
        assert entered.wait(10)
        assert not any(one.done() for one in first)
        release.set()
        assert [one.result(10) for one in first] == ["disagrees"] * 4
        assert len(slow.asked) == 1
        entered.clear()
        release.clear()
        slow.offset = 0.0
        machine.wait(5)
        asking = pool.submit(kind, trusted, machine)
        assert entered.wait(10)
        assert kind(trusted, machine) == "disagrees"  # what was found before, without waiting
        release.set()
        assert asking.result(10) is None


def test_the_machines_own_clocks() -> None:
    assert abs(system_time() - datetime.now(UTC)) < timedelta(minutes=1)
    assert boot_time() <= boot_time()
    TrustedClock().check(datetime.now(UTC))


@pytest.mark.parametrize("name", ["jumped", "behind_records", "disagrees", "unconfirmed", "not_the_present"])
def test_every_fault_says_what_it_is(name: str) -> None:
    error = ClockSuspect(name, 3.25, "ntp.example")  # type: ignore[arg-type]
    assert error.message("en").isascii()
    assert "3.2" in error.message("en") or "ntp.example" in error.message("en")
    assert "时钟" in error.message("zh")
    assert pickle.loads(pickle.dumps(error)).message("zh") == error.message("zh")
