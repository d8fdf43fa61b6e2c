from datetime import UTC, datetime, timedelta

from api.brief_cache import BriefCache

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_what_was_put_is_there_for_a_while() -> None:
    cache: BriefCache[str, int] = BriefCache(5 * SECOND, 10)
    assert cache.get("a", NOW) is None
    cache.put("a", 1, NOW)
    assert cache.get("a", NOW + 4 * SECOND) == 1
    assert cache.get("a", NOW + 5 * SECOND) is None
    cache.put("a", 2, NOW + 5 * SECOND)
    assert cache.get("a", NOW + 9 * SECOND) == 2


def test_a_clock_set_back_keeps_nothing_alive() -> None:
    cache: BriefCache[str, int] = BriefCache(5 * SECOND, 10)
    cache.put("a", 1, NOW)
    assert cache.get("a", NOW - SECOND) is None


def test_it_never_grows_beyond_its_size_and_the_oldest_goes() -> None:
    cache: BriefCache[int, int] = BriefCache(60 * SECOND, 3)
    for number in (1, 2, 3, 1, 4):
        cache.put(number, number, NOW)
    assert [cache.get(number, NOW) for number in (1, 2, 3, 4)] == [1, None, 3, 4]
    assert len(cache._kept) == 3
