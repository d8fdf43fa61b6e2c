"""What a plan's seals show is judged before a ceremony makes its first key."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.database import Database
from api.founding import hold_ceremony, register
from api.house import House
from api.schema import Role
from api.settings import Settings
from ca.ceremonies.plan import CeremonyPlan, load_plan
from ledger.objects.local_objects import LocalObjects
from seals.pdf.errors import SealPictureRefused
from seals.pdf.placement import POINTS_PER_MM
from seals.picture.appearance import SealAppearance
from seals.store import seal_by_code
from tests.api.conftest import CEREMONY

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def _plan(**change: Any) -> CeremonyPlan:
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    return plan.model_copy(update={"seals": (*plan.seals[:1], plan.seals[1].model_copy(update=change))})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"organisation": "测" * 31}, "name_not_of_4_to_30_characters"),
        ({"ring_text": "测试局"}, "name_not_of_4_to_30_characters"),
        ({"bottom_text": "章" * 15}, "line_not_of_2_to_14_characters"),
        ({"kind": 2}, "diameter"),
        ({"kind": 5, "ring_text": "测试人", "diameter_mm": None, "bottom_text": "之印"}, "line_on_a_name_seal"),
    ],
)
def test_a_seal_that_cannot_be_drawn_stops_a_ceremony_before_its_first_key(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    home = tmp_path / "home"
    with pytest.raises(SealPictureRefused) as caught:
        hold_ceremony(Settings(home=home), _plan(**change), NOW)
    assert caught.value.reason == reason
    assert not home.exists()


def test_seals_of_every_form_are_drawn_and_registered(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> None:
    plan = _plan(organisation="测" * 31, ring_text="测试市测试局", diameter_mm=None)
    changes: tuple[dict[str, Any], ...] = ({"kind": 2}, {"kind": 3}, {"kind": 5, "ring_text": "测试人"})
    more = [
        plan.seals[1].model_copy(update={"id": f"more-{number}", "code": f"9901000000010{number}", **change})
        for number, change in enumerate(changes)
    ]
    settings = Settings(home=tmp_path / "home")
    hold_ceremony(settings, plan.model_copy(update={"seals": (*plan.seals, *more), "national": None}), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        assert register(house, NOW) == 5
        with database.session(Role.WORKER) as session:
            made = [seal_by_code(session, seal.plan.code) for seal in house.ceremony.seals.values()]
    pictures = [SealAppearance(seal.appearance) for seal in made if seal is not None]
    sizes = [(round(one.width / POINTS_PER_MM), round(one.height / POINTS_PER_MM)) for one in pictures]
    assert sizes == [(42, 42), (45, 45), (45, 30), (40, 30), (20, 20)]
