"""What the app role can do with tables guarded in each of the ways there are."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from api.database import Database
from api.row_security import Access, secure_table
from api.schema import SCHEMAS, Role
from ledger.actor import Actor, Uscc

HOUSING, MARKET = Uscc("11330106002500001X"), Uscc("11330106002500002X")
_OWN = "issuer = current_setting('elicence.unit', true)"
_VERIFYING = "current_setting('elicence.purpose', true) = 'verification'"

_ROWS = text("SELECT issuer FROM licences.scratch ORDER BY issuer")
_INSERT = text("INSERT INTO licences.scratch (issuer) VALUES (:issuer)")
_UPDATE = text("UPDATE licences.scratch SET note = 'seen' RETURNING issuer")


@pytest.fixture(scope="module")
def scratch(shared_database: Database) -> Iterator[Database]:
    """A database with a table of two units' rows, not secured yet."""
    with shared_database.engine(Role.OWNER).begin() as owner:
        owner.execute(text("CREATE TABLE licences.scratch (issuer text, note text)"))
    yield shared_database
    with shared_database.engine(Role.OWNER).begin() as owner:
        owner.execute(text("DROP TABLE licences.scratch"))


def _guard(database: Database, access: Access) -> None:
    with database.engine(Role.OWNER).begin() as owner:
        secure_table(owner, "licences", "scratch", access)
    with database.session(Role.WORKER) as worker:
        worker.execute(text("DELETE FROM licences.scratch"))
        for unit in (HOUSING, MARKET):
            worker.execute(_INSERT, {"issuer": unit})


def _app(database: Database, unit: Uscc | None, purpose: str | None = None) -> AbstractContextManager[Session]:
    return database.session(Role.APP, Actor(kind="system", id="s", operator_unit=unit, on_behalf_of=unit), purpose)


def _denied() -> AbstractContextManager[object]:
    return pytest.raises(ProgrammingError, match=r"permission denied|row-level security")


def test_a_unit_sees_and_changes_its_own_rows_only(scratch: Database) -> None:
    _guard(scratch, Access(app=_OWN))
    with _app(scratch, HOUSING) as session:
        assert session.execute(_ROWS).scalars().all() == [HOUSING]
        session.execute(_INSERT, {"issuer": HOUSING})
        assert session.execute(_UPDATE).scalars().all() == [HOUSING, HOUSING]
    with _denied(), _app(scratch, HOUSING) as session:
        session.execute(_INSERT, {"issuer": MARKET})
    with _denied(), _app(scratch, HOUSING) as session:
        session.execute(text("UPDATE licences.scratch SET issuer = :other"), {"other": MARKET})
    with _app(scratch, None) as session:
        assert session.execute(_ROWS).scalars().all() == []


def test_nobody_but_the_worker_deletes(scratch: Database) -> None:
    _guard(scratch, Access(app="true"))
    for role in (Role.APP, Role.OWNER):
        with scratch.session(role) as session:
            deleting = session.connection().begin_nested()
            if role is Role.APP:
                with _denied():
                    session.execute(text("DELETE FROM licences.scratch"))
            else:
                assert session.execute(text("DELETE FROM licences.scratch RETURNING issuer")).all() == []
            deleting.rollback()
    with scratch.session(Role.WORKER) as session:
        assert len(session.execute(text("DELETE FROM licences.scratch RETURNING issuer")).all()) == 2


def test_a_purpose_opens_more_rows_to_read_and_none_to_write(scratch: Database) -> None:
    _guard(scratch, Access(app=_OWN, app_select=_VERIFYING))
    with _app(scratch, HOUSING, "verification") as session:
        assert session.execute(_ROWS).scalars().all() == [HOUSING, MARKET]
        assert session.execute(_UPDATE).scalars().all() == [HOUSING]
    with _app(scratch, HOUSING, "something else") as session:
        assert session.execute(_ROWS).scalars().all() == [HOUSING]


def test_a_table_to_write_into_and_not_to_read(scratch: Database) -> None:
    _guard(scratch, Access(app_insert=_OWN))
    with _app(scratch, HOUSING) as session:
        session.execute(_INSERT, {"issuer": HOUSING})
    for statement, values in [(_INSERT, {"issuer": MARKET}), (_ROWS, {}), (_UPDATE, {})]:
        with _denied(), _app(scratch, HOUSING) as session:
            session.execute(statement, values)


def test_a_table_that_says_nothing_is_closed(scratch: Database) -> None:
    _guard(scratch, Access())
    for statement in (_ROWS, _UPDATE):
        with _denied(), _app(scratch, HOUSING, "verification") as session:
            session.execute(statement)


def test_the_owner_defines_rows_and_cannot_read_them(scratch: Database) -> None:
    _guard(scratch, Access(app="true"))
    with scratch.session(Role.OWNER) as session:
        assert session.execute(_ROWS).all() == []


def test_securing_anew_removes_what_was_there(scratch: Database) -> None:
    _guard(scratch, Access(app="true"))
    with scratch.engine(Role.OWNER).begin() as owner:
        owner.execute(text("CREATE POLICY back_door ON licences.scratch USING (true)"))
        owner.execute(text("GRANT ALL ON licences.scratch TO PUBLIC"))
    _guard(scratch, Access(app_select="issuer LIKE '11%'"))
    with _app(scratch, None) as session:
        assert len(session.execute(_ROWS).all()) == 2
    with _denied(), _app(scratch, None) as session:
        session.execute(_UPDATE)


def test_every_table_of_the_house_is_secured_and_open_to_nobody_else(database: Database) -> None:
    unforced = """
        SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"""
    foreign = """
        SELECT c.oid::regclass::text, a.grantee::regrole::text
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
         WHERE n.nspname = ANY(:schemas)
           AND a.grantee::regrole::text NOT IN ('elicence_owner', 'elicence_app', 'elicence_worker')"""
    with database.session(Role.OWNER) as session:
        for query in (unforced, foreign):
            assert session.execute(text(query), {"schemas": list(SCHEMAS)}).all() == []
