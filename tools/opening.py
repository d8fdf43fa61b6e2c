"""The house as commands open it: the one that the settings name, founded already, and stamping by a clock that is watched."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.house import House, open_house, require_house
from api.settings import settings


@contextmanager
def opened_house() -> Iterator[House]:
    """Open the house of the settings; raises CeremonyMissing before anything is started or written."""
    chosen = settings()
    require_house(chosen)
    with open_house(chosen, guarded=True) as house:
        yield house
