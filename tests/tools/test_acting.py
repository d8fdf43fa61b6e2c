"""Who acts, when a command is run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from api.database import Database
from api.house import House
from api.models import System
from api.schema import Role
from api.settings import Settings
from api.systems import NotAuthorised, register_system
from ledger.actor import Uscc
from ledger.objects.objects import ObjectStore
from tests.tools.rows import FOREIGN, TOBACCO
from tools.acting import acting_system
from tools.errors import SystemsNone, SystemsSeveral, SystemUnknown


@pytest.fixture
def empty(database: Database, objects: ObjectStore, tmp_path: Path) -> House:
    return House(Settings(home=tmp_path), database, objects)


def register(house: House, name: str) -> None:
    with house.database.session(Role.WORKER) as session:
        register_system(
            session,
            system_id=name,
            name="测试系统",
            operator_unit=Uscc(TOBACCO),
            issuers=[TOBACCO],
            now=datetime.now(UTC),
        )


def test_the_only_system_need_not_be_named(empty: House) -> None:
    with pytest.raises(SystemsNone):
        acting_system(empty, None)
    register(empty, "approval-1")
    found = acting_system(empty, None)
    assert found == acting_system(empty, "approval-1")
    actor = found.actor_for(TOBACCO)
    assert (actor.kind, actor.id, actor.on_behalf_of) == ("system", "approval-1", TOBACCO)
    with pytest.raises(NotAuthorised):
        found.actor_for(FOREIGN)


def test_of_several_one_must_be_named(empty: House) -> None:
    register(empty, "approval-1")
    register(empty, "approval-2")
    with pytest.raises(SystemsSeveral) as several:
        acting_system(empty, None)
    assert several.value.known == "approval-1, approval-2"
    assert acting_system(empty, "approval-2").id == "approval-2"
    with pytest.raises(SystemUnknown):
        acting_system(empty, "approval-3")


def test_a_system_out_of_use_is_not_there(empty: House) -> None:
    register(empty, "approval-1")
    with empty.database.session(Role.WORKER) as session:
        session.execute(update(System).values(active=False))
    with pytest.raises(SystemsNone):
        acting_system(empty, "approval-1")
