"""One ceremony of the demonstration city, shared by the tests of this package."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from sqlalchemy import make_url

from api.database import Database
from ca.ceremonies.ceremony import Ceremony, perform
from ca.ceremonies.plan import load_plan
from ca.judging.trust import TrustList, load_trust
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.timestamping.timestamps import TimestampAuthority
from tests.ca.house import CHEAP, NOW, PLAN
from tests.ca.office import Office, open_office, register

PASSPHRASE = b"a passphrase for tests"


@dataclass(frozen=True)
class City:
    """Its keys on line, its roots' keys apart, and what the ceremony made."""

    ring: KeyRing
    offline: KeyFolder
    ceremony: Ceremony
    trust: TrustList
    authority: TimestampAuthority

    @property
    def folder(self) -> KeyFolder:
        return self.ring.folder


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    path = tmp_path_factory.mktemp("city") / "keys"
    ring, offline = KeyRing(KeyFolder(path, PASSPHRASE, CHEAP)), KeyFolder(path / "root", PASSPHRASE, CHEAP)
    ceremony = perform(load_plan(PLAN.read_text()), ring, offline, NOW)
    return City(ring, offline, ceremony, load_trust(ceremony.trust, NOW), ceremony.timestamp_authority(ring))


@pytest.fixture(scope="session")
def registered(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, city: City
) -> Iterator[str]:
    """The name of a database with the city's certificates in it, that nobody is connected to."""
    with new_database(template) as database:
        register(open_office(database, city.ring.path))
        name = make_url(database.url).database
        assert name is not None
        database.close()
        yield name


@pytest.fixture
def office(
    new_database: Callable[[str], AbstractContextManager[Database]], registered: str, city: City
) -> Iterator[Office]:
    """The city's certificate office over a database of the test's own."""
    with new_database(registered) as database:
        yield open_office(database, city.ring.path)
