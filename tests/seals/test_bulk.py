from datetime import date
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from seals.life.bulk import insert_rows
from seals.life.grants import Use
from seals.life.uses import Opening
from seals.models import OrganisationRow, UseRow
from tests.seals.keys import NOW
from tests.seals.register import SYSTEM, granted_seal, office


def _organisation(name: str, day: int, valid_to: date | None = None) -> dict[str, object]:
    return {"uscc": "11990100MB9T00011N", "valid_from": date(2026, 1, day), "name": name, "valid_to": valid_to}


def test_no_rows_are_no_statement(session: Session) -> None:
    assert insert_rows(session, OrganisationRow, []) == []


def test_rows_with_and_without_values(session: Session) -> None:
    rows = [_organisation("甲'；\\{}\"", 1, date(2026, 1, 1)), _organisation("NULL", 2), _organisation("", 3)]
    assert insert_rows(session, OrganisationRow, rows) == []
    found = session.scalars(select(OrganisationRow).order_by(OrganisationRow.valid_from)).all()
    assert [(row.name, row.valid_to) for row in found] == [(row["name"], row["valid_to"]) for row in rows]


def test_a_conflict_tells_which_rows_went_in(session: Session) -> None:
    insert_rows(session, OrganisationRow, [_organisation("甲", 1)])
    rows = [_organisation("乙", 1), _organisation("丙", 2), _organisation("丁", 2)]
    inserted = insert_rows(session, OrganisationRow, rows, "ON CONFLICT DO NOTHING RETURNING valid_from, name")
    assert inserted == [(date(2026, 1, 2), "丙")]


def test_json_goes_in_as_json(session: Session) -> None:
    seal, granted = granted_seal(session)
    use = Use(seal.id, granted.id)
    opened = office().uses.open(session, [Opening(use, uuid4(), "-") for _ in range(3)], SYSTEM, NOW)
    rows = session.scalars(select(UseRow)).all()
    assert {row.id for row in rows} == set(opened)
    assert all(row.actor == SYSTEM.as_json() for row in rows)
