"""A house as its operator has it: a folder, the embedded database in it, and one registered system. One a process."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.founding import enrol, hold_ceremony, register
from api.house import House, open_house
from api.settings import Settings
from ca.ceremony_plan import load_plan
from tests.tools.rows import SYSTEM, TOBACCO
from tools.acting import acting_system
from api.systems import RegisteredSystem

REPOSITORY = Path(__file__).parents[2]
PLAN = REPOSITORY / "tools" / "demo" / "ceremony.yaml"
ISSUERS = ("11990100MB9T00011N", "11990100MB9T0002XE", "11990100MB9T00038E", TOBACCO)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Held open by the tests, so that the server stays up for the commands they start."""
    home = tmp_path_factory.mktemp("house")
    for folder in (home, *home.parents[:2]):
        folder.chmod(0o711)  # started by root, the server runs as another account
    settings = Settings(home=home)
    now = datetime.now(UTC)
    hold_ceremony(settings, load_plan(PLAN.read_text()), now)
    with open_house(settings) as founded:
        register(founded, now)
        enrol(founded, system_id=SYSTEM, name="测试审批系统", unit=ISSUERS[2], issuers=ISSUERS, now=now)
        yield founded


@pytest.fixture(scope="session")
def system(house: House) -> RegisteredSystem:
    return acting_system(house, None)


@pytest.fixture
def environment(house: House) -> dict[str, str]:
    """What a command in a process of its own needs to find the house."""
    return {**os.environ, "ELICENCE_HOME": str(house.settings.home), "PYTHONPATH": str(REPOSITORY)}


