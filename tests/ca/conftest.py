"""One ceremony of the demonstration city, shared by the tests of this package."""

from dataclasses import dataclass

import pytest

from ca.ceremony import Ceremony, perform
from ca.ceremony_plan import load_plan
from ca.keys import KeyFolder, KeyRing
from ca.timestamps import TimestampAuthority
from ca.trust import TrustList, load_trust
from tests.ca.house import CHEAP, NOW, PLAN

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
