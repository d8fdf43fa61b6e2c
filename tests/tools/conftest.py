"""A house as its operator has it: a folder, the embedded database in it, and one registered system. One a process."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.founding import enrol, hold_ceremony, register
from api.house import House, open_house
from api.settings import Settings
from api.settings import settings as settings_of_process
from api.systems import RegisteredSystem
from ca.ceremonies.plan import load_plan
from tests.tools.rows import SYSTEM, TOBACCO
from tools.acting import acting_system
from tools.cli import main

REPOSITORY = Path(__file__).parents[2]
PLAN = REPOSITORY / "tools" / "demo" / "ceremony.yaml"
MARKET = "11990100MB9T00038E"
ISSUERS = ("11990100MB9T00011N", "11990100MB9T0002XE", MARKET, TOBACCO)

Answer = tuple[int, str, str]
Run = Callable[..., Answer]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Held open by the tests, so that the server stays up for the commands they start."""
    home = tmp_path_factory.mktemp("house")
    for folder in (home, *home.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o011)  # started by root, the server runs as another account
    settings = Settings(home=home, database_url=None, objects_url=None, passphrase_file=home / "keys" / "passphrase")
    now = datetime.now(UTC)
    hold_ceremony(settings, load_plan(PLAN.read_text(encoding="utf-8")), now)
    with open_house(settings) as founded:
        register(founded, now)
        enrol(founded, system_id=SYSTEM, name="测试审批系统", unit=MARKET, issuers=ISSUERS, now=now)
        yield founded


@pytest.fixture(scope="session")
def system(house: House) -> RegisteredSystem:
    """The system that every test acts as."""
    return acting_system(house, None)


@pytest.fixture
def environment(house: House) -> dict[str, str]:
    """What a command in a process of its own needs to find the house."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ELICENCE_")}
    return ours | {"ELICENCE_HOME": str(house.settings.home), "PYTHONPATH": str(REPOSITORY)}


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes commands of this process use the house of a folder."""

    def move(home: Path) -> None:
        for name in [name for name in os.environ if name.startswith("ELICENCE_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("ELICENCE_HOME", str(home))
        settings_of_process.cache_clear()

    yield move
    settings_of_process.cache_clear()


@pytest.fixture
def run(house: House, at_home: Callable[[Path], None], capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: exit code, standard output, standard error."""
    at_home(house.settings.home)

    def call(*arguments: object) -> Answer:
        code = main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call
