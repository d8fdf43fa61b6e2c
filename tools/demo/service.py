"""The service of the demonstration: the invented city 测试市, with one system that may issue for all its departments."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from api.founding import enrol, hold_ceremony, register
from api.house import House, open_house
from api.settings import Settings, settings
from api.systems import RegisteredSystem
from ca.algorithms import sm2
from ca.ceremonies.plan import CeremonyPlan, load_plan
from ledger.actor import Uscc
from tools.demo.people import uscc

PLAN: Final = Path(__file__).with_name("ceremony.yaml")
SYSTEM: Final = "approval-demo"
OPERATOR: Final = Uscc(uscc("11", "990100", "MB9T0006"))
"""测试市数据局, which runs the approval system."""


def service_settings(home: Path) -> Settings:
    """Return the settings of a service of its own under `home`: invented licences never reach any other database."""
    return settings().model_copy(
        update={
            "home": home.absolute(),
            "passphrase_file": home.absolute() / "keys" / "passphrase",
            "database_url": None,
            "objects_url": None,
            "test_marks": True,
        }
    )


def ceremony_plan(base_url: str) -> CeremonyPlan:
    """Return the city's plan, without the national hierarchy where this machine has no SM2.

    base_url: of the service, where its certificates say that its lists and its responder are.
    """
    plan = load_plan(PLAN.read_text(encoding="utf-8")).model_copy(update={"base_url": base_url})
    return plan if sm2.available() else plan.model_copy(update={"national": None})


@contextmanager
def new_service(home: Path) -> Iterator[House]:
    """Found the service in an empty folder, and hold it open."""
    chosen = service_settings(home)
    hold_ceremony(chosen, ceremony_plan(chosen.base_url), datetime.now(UTC))
    with open_house(chosen) as house:
        register(house, datetime.now(UTC))
        enrol(
            house,
            system_id=SYSTEM,
            name="测试市审批系统（演示）",
            unit=OPERATOR,
            issuers=issuers(house),
            now=datetime.now(UTC),
        )
        yield house


def issuers(house: House) -> list[str]:
    """Return the departments that have a seal."""
    return [seal.plan.uscc for seal in house.ceremony.seals.values()]


def approval_system(house: House) -> RegisteredSystem:
    """Return the one system of the service."""
    return RegisteredSystem(SYSTEM, OPERATOR, frozenset(issuers(house)))
