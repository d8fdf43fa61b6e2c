"""A real house behind a real application: one per test process, founded from the demo's ceremony."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.database import Database
from api.founding import enrol, hold_ceremony, register
from api.house import House
from api.settings import Settings
from ca.ceremonies.plan import load_plan
from ledger.objects.local_objects import LocalObjects

CEREMONY = Path("tools/demo/ceremony.yaml")
MARKET = "11990100MB9T00038E"
TOBACCO = "11990100MB9T000544"
PLATFORM = "11990100MB9T001850"


@dataclass(frozen=True, slots=True)
class Door:
    """The application, a client of it, and the token of a system that issues for two units."""

    house: House
    client: TestClient
    token: str

    @property
    def authorised(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def sequence(self) -> int:
        """Put what is recorded into the ledger."""
        return self.house.sequencer().run_once(datetime.now(UTC))


@pytest.fixture(scope="session")
def house(
    new_database: Callable[[str], AbstractContextManager[Database]],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text())
    with new_database(template) as database:
        now = datetime.now(UTC)
        hold_ceremony(settings, plan, now)
        founded = House(settings, database, LocalObjects(home / "objects"))
        register(founded, now)
        yield founded


@pytest.fixture(scope="session")
def door(house: House) -> Iterator[Door]:
    token = enrol(
        house,
        system_id="approval-1",
        name="测试审批系统",
        unit=PLATFORM,
        issuers=[MARKET, TOBACCO],
        now=datetime.now(UTC),
    )
    with ExitStack() as stack:
        app = create_app(house, stack)
        with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=True) as client:
            yield Door(house, client, token)


@pytest.fixture
def unique() -> Callable[[], int]:
    """Numbers that no other test of this process uses."""
    return _next


_lock = threading.Lock()
_count = 0


def _next() -> int:
    global _count  # noqa: PLW0603 - one counter a process
    with _lock:
        _count += 1
        return _count
