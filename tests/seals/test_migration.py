"""What earlier releases had in the register of seals survives the upgrade, and goes on working."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import select, text

from api.database import Database, alembic_config
from api.schema import Role
from ledger.subjects import create_subject
from seals.life.choosing import Choice, choose_seal
from seals.models import SealRow, UseRow
from tests.seals.keys import NOW, SINCE, UNTIL, seal_keys
from tests.seals.register import BUREAU, CUSTODIAN, SYSTEM, TYPE, office, wrapper

_WHO = '\'{"kind": "system", "id": "ceremony", "operator_unit": null, "on_behalf_of": null}\''
_OLD = (
    """INSERT INTO seals.organisations VALUES (:unit, '2020-01-01', '测试市自然资源和规划局', NULL)""",
    """INSERT INTO seals.seals (id, code, organisation, kind, name, certificate, key_name, appearance, state, valid_from,
                                valid_until)
       VALUES (:seal, :code, :unit, 'special', '测试', :certificate, 'seal-1', 'x', 'active', :since, :until)""",
    f"""INSERT INTO seals.grants (id, seal_id, grantee, licence_type, valid_from, granted_by)
        VALUES (:grant, :seal, :system, :type, :since, {_WHO}), (:revoked, :seal, 'gone', :type, :since, {_WHO})""",
    "UPDATE seals.grants SET revoked_at = :now WHERE id = :revoked",
    f"""INSERT INTO seals.uses (id, seal_id, grant_id, purpose_id, actor, opened_at, closed_at, outcome, document)
        VALUES (:used, :seal, :grant, :purpose, {_WHO}, :now, :now, 'used', 'sha-256:x'),
               (:open, :seal, :grant, :purpose, {_WHO}, :now, NULL, NULL, NULL)""",
)


@pytest.fixture
def old(new_database: Callable[[str], AbstractContextManager[Database]]) -> Iterator[Database]:
    """An empty database before seals had a life."""
    with new_database("template1") as database:
        with database._migrating() as owner:
            command.upgrade(alembic_config(owner), "0003")
        yield database


def test_seals_grants_and_uses_survive(old: Database) -> None:
    ids = {name: uuid4() for name in ("grant", "revoked", "used", "open", "purpose")}
    with old.session(Role.WORKER) as session:
        subject, _ = create_subject(session, wrapper(), "seal")
        values = {
            "unit": BUREAU,
            "seal": subject.id,
            "code": "99010100000001",
            "certificate": seal_keys().chain[0],
            "since": SINCE,
            "until": UNTIL,
            "now": NOW,
            "system": SYSTEM.id,
            "type": TYPE,
        }
        for statement in _OLD:
            session.execute(text(statement), values | ids)
    old.migrate()
    assert old.check() == []
    _works(old, subject.id, ids)


def _works(database: Database, seal: UUID, ids: dict[str, UUID]) -> None:
    now = datetime.now(UTC)
    with database.session(Role.WORKER) as session:
        row = session.get(SealRow, seal)
        assert row is not None
        assert (row.generation, row.provider, row.state) == (1, "local", "active")
        uses = {use.id: (use.outcome, use.matter, use.copies) for use in session.scalars(select(UseRow))}
        assert uses == {ids["used"]: ("used", "-", 1), ids["open"]: (None, "-", 1)}

        def choose(at: datetime, system: str = SYSTEM.id) -> object:
            actor = type(SYSTEM)("system", system, BUREAU, BUREAU)
            return choose_seal(session, organisation=BUREAU, licence_type=TYPE, kind="special", actor=actor, now=at)

        # Systems that could seal go on sealing, for a while; those that could not, cannot.
        found = choose(now + timedelta(days=1))
        assert isinstance(found, Choice)
        assert found.grant.id == ids["grant"]
        assert not isinstance(choose(now + timedelta(days=91)), Choice)
        assert not isinstance(choose(now + timedelta(days=1), "gone"), Choice)
        office().stops.suspend(session, seal, reason="inspection", actor=CUSTODIAN, now=now)
