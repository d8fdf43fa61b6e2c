"""Threads by purpose: strangers' files must keep no department waiting, and questions about certificates neither."""

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

TURNS: Final = 8
"""Verifications at work in one process; the others wait, which costs no thread and no connection."""

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """So many threads at the most for one kind of work."""

    def __init__(self, count: int) -> None:
        self._limiter = CapacityLimiter(count)

    @property
    def waiting(self) -> int:
        """How many wait for their turn now."""
        return self._limiter.statistics().tasks_waiting

    async def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do a piece of work in a thread, when its turn has come."""
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._limiter)


in_turn: Final = Turns(TURNS)
"""For verifications."""
