"""Answers that may be some seconds old, kept for as long: any number of readers cost one look-up and one signature."""

from datetime import datetime, timedelta
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BriefCache(Generic[K, V]):
    """Keeps at most `size` values, each for `fresh`; when it is full the oldest goes.

    Used from the event loop alone, so without a lock.
    """

    def __init__(self, fresh: timedelta, size: int) -> None:
        self._fresh = fresh
        self._size = size
        self._kept: dict[K, tuple[datetime, V]] = {}

    def get(self, key: K, now: datetime) -> V | None:
        """Return what was put there not too long ago, or None; a clock that was set back makes everything old."""
        made, value = self._kept.get(key, (None, None))
        return value if made is not None and timedelta() <= now - made < self._fresh else None

    def put(self, key: K, value: V, now: datetime) -> None:
        """Keep a value, its age counted from now."""
        self._kept.pop(key, None)
        self._kept[key] = now, value
        if len(self._kept) > self._size:
            del self._kept[next(iter(self._kept))]
