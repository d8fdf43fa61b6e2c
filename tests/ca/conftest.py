"""One ceremony of the demonstration city, shared by the tests of this package."""

from dataclasses import dataclass

import pytest

from ca.ceremony import Ceremony, perform
from ca.ceremony_plan import load_plan
from ca.keys import KeyFolder
from ca.timestamps import TimestampAuthority
from ca.trust import TrustList, load_trust
from tests.ca.house import CHEAP, NOW, PLAN


@dataclass(frozen=True)
class City:
    folder: KeyFolder
    ceremony: Ceremony
    trust: TrustList
    authority: TimestampAuthority


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    folder = KeyFolder(tmp_path_factory.mktemp("city") / "keys", b"a passphrase for tests", CHEAP)
    ceremony = perform(load_plan(PLAN.read_text()), folder, NOW)
    return City(folder, ceremony, load_trust(ceremony.trust, NOW), ceremony.timestamp_authority(folder))
