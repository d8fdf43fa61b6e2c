"""Threads for verification, apart from those for issuing: strangers' files must not keep a department waiting."""

from collections.abc import Callable
from functools import partial
from typing import Final, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

TURNS: Final = 8
"""Verifications at work in one process; the others wait, which costs no thread and no connection."""

P = ParamSpec("P")
T = TypeVar("T")

_limiter: Final = CapacityLimiter(TURNS)


async def in_turn(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do a verification's work in a thread, when its turn has come."""
    return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=_limiter)
