"""The house as commands open it: the one that the settings name, founded already."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.house import House, open_house, require_house
from api.settings import settings


@contextmanager
def opened_house() -> Iterator[House]:
    """Open the house of the settings; raises CeremonyMissing before anything is started or written."""
    chosen = settings()
    require_house(chosen)
    with open_house(chosen) as house:
        yield house
