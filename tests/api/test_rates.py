import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.rates import Rates, TooManyRequests, site
from tests.api.test_uploads import Line


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def granted(rates: Rates, client: str, tries: int) -> int:
    return sum(rates.take(client) == 0 for _ in range(tries))


def test_four_seconds_worth_at_once_then_by_and_by(clock: Clock) -> None:
    rates = Rates(5, tick=clock)
    assert granted(rates, "a", 100) == 20
    assert rates.take("a") == pytest.approx(0.2)
    clock.now += 1
    assert granted(rates, "a", 100) == 5
    clock.now += 1000
    assert granted(rates, "a", 100) == 20


def test_each_client_has_its_own(clock: Clock) -> None:
    rates = Rates(1, tick=clock)
    assert granted(rates, "a", 10) == granted(rates, "b", 10) == 4


def test_a_slow_rate_still_lets_one_in(clock: Clock) -> None:
    rates = Rates(0.01, tick=clock)
    assert granted(rates, "a", 3) == 1
    assert rates.take("a") == pytest.approx(100)


def test_asking_in_vain_costs_nothing_more(clock: Clock) -> None:
    rates = Rates(1, tick=clock)
    granted(rates, "a", 1000)
    clock.now += 1
    assert granted(rates, "a", 1) == 1


def test_it_remembers_so_many_clients_and_forgets_who_was_quiet_the_longest(clock: Clock) -> None:
    rates = Rates(1, clients=3, tick=clock)
    for client in ("a", "b", "c"):
        granted(rates, client, 10)
    assert granted(rates, "a", 1) == 0  # refused, and remembered as the last who asked
    granted(rates, "d", 1)
    assert granted(rates, "a", 1) == 0
    assert len(rates._full_at) == 3
    assert granted(rates, "b", 10) == 4


@given(st.lists(st.floats(0, 3, allow_nan=False), max_size=60), st.floats(0.5, 20))
def test_never_more_than_rate_and_burst(pauses: list[float], per_second: float) -> None:
    clock = Clock()
    rates = Rates(per_second, tick=clock)
    times: list[float] = []
    for pause in pauses:
        clock.now += pause
        times += [clock.now] * granted(rates, "a", 5)
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            allowed = max(4 * per_second, 1) + (times[last] - begin) * per_second
            assert last - first + 1 <= allowed + 0.01


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", site("2001:db8::ffff:ffff:ffff:ffff")),
        ("fe80::1%eth0", site("fe80::2")),
        ("unknown", ""),
        ("192.0.2.7, 192.0.2.8", ""),
        ("x" * 60_000, ""),
        ("", ""),
    ],
)
def test_who_an_address_counts_as(host: str, counted: str) -> None:
    assert site(host) == counted
    assert site("2001:db8::1") != site("2001:db8:0:1::1")


def test_a_refusal_says_when_to_come_back(clock: Clock) -> None:
    rates = Rates(0.1, tick=clock)
    request = Line(0).request()  # with no address, as from a Unix socket
    rates.require(request)
    clock.now += 3.5
    with pytest.raises(TooManyRequests) as refused:
        rates.require(request)
    assert refused.value.seconds == 7
