"""Roles, sessions and logins, on the embedded server and on one that is prepared by somebody else."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, ProgrammingError

from api.database import Database, DatabaseUnavailable, open_database
from api.embedded_postgres import running
from api.schema import Role
from api.settings import Settings
from ledger.actor import ANONYMOUS, Actor, Uscc
from tests.api.postgres_users import ask, identities, postmaster, short_folder

UNIT = Uscc("11330106002500001X")
CLERK = Actor(kind="person", id="p-1", operator_unit=UNIT, on_behalf_of=UNIT)

_WHO = text("SELECT current_user, session_user")
_SCOPE = text("SELECT current_setting('elicence.unit', true), current_setting('elicence.purpose', true)")


@pytest.fixture
def server() -> Iterator[tuple[Path, str]]:
    """A server of the test's own, for what concerns all databases of one: its data folder and URL."""
    with short_folder(identities()[0]) as place, running(place / "pg") as url:
        yield place / "pg", url


def _at(url: str, user: str, database: str) -> str:
    return make_url(url).set(username=user, database=database).render_as_string(hide_password=False)


class TestSessions:
    @pytest.mark.parametrize("role", Role)
    def test_every_role_logs_in_under_its_own_name(self, database: Database, role: Role) -> None:
        with database.session(role) as session:
            assert session.execute(_WHO).one() == (role, role)
            assert session.execute(text("SHOW timezone")).scalar() == "UTC"

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("other", ["postgres", *Role])
    def test_no_role_can_become_another(self, database: Database, role: Role, other: str) -> None:
        with database.session(role) as session:
            if role == other:
                session.execute(text(f"SET ROLE {other}"))
            else:
                with pytest.raises(ProgrammingError, match="permission denied"):
                    session.execute(text(f"SET ROLE {other}"))

    @pytest.mark.parametrize("role", Role)
    def test_no_role_has_powers_that_row_security_does_not_bind(self, database: Database, role: Role) -> None:
        powers = "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication FROM pg_roles"
        with database.session(role) as session:
            found = session.execute(text(f"{powers} WHERE rolname = current_user")).one()
        assert not any(found)

    def test_the_unit_and_the_purpose_last_for_one_transaction(self, database: Database) -> None:
        with database.session(Role.APP, CLERK, "verification") as session:
            backend = session.execute(text("SELECT pg_backend_pid()")).scalar()
            assert session.execute(_SCOPE).one() == (UNIT, "verification")
        with database.session(Role.APP, ANONYMOUS) as session:
            assert session.execute(text("SELECT pg_backend_pid()")).scalar() == backend  # the same pooled connection
            assert session.execute(_SCOPE).one() == ("", "")

    def test_nobody_goes_on_after_a_commit_of_his_own(self, database: Database) -> None:
        with database.session(Role.APP, CLERK) as session:
            session.commit()
            with pytest.raises(InvalidRequestError):
                session.execute(_SCOPE)

    def test_a_session_commits_at_its_end_and_rolls_back_on_an_error(self, database: Database) -> None:
        with database.engine(Role.OWNER).begin() as owner:
            owner.execute(text("CREATE TABLE ledger.scratch (n int UNIQUE)"))
            owner.execute(text("GRANT ALL ON ledger.scratch TO elicence_worker"))
        with database.session(Role.WORKER) as session:
            session.execute(text("INSERT INTO ledger.scratch VALUES (1)"))
        with pytest.raises(IntegrityError), database.session(Role.WORKER) as session:  # noqa: PT012 - that is the point
            session.execute(text("INSERT INTO ledger.scratch VALUES (2)"))
            session.execute(text("INSERT INTO ledger.scratch VALUES (1)"))
        with database.sessions(Role.WORKER)() as session:
            assert session.execute(text("SELECT n FROM ledger.scratch")).scalars().all() == [1]


def test_sessions_outlive_a_crash_of_the_server(server: tuple[Path, str]) -> None:
    folder, url = server
    database = Database(url)
    database.migrate()
    with database.session(Role.WORKER) as session:
        session.execute(_WHO)
    os.kill(postmaster(folder), signal.SIGKILL)
    with running(folder), database.session(Role.WORKER) as session:  # entering waits until it answers again
        assert session.execute(_WHO).one()[0] == Role.WORKER
    database.close()


class TestOtherServers:
    """`ELICENCE_DATABASE_URL`: we connect as its user and SET ROLE."""

    def test_prepared_by_an_administrator_as_the_documentation_says(self, server: tuple[Path, str]) -> None:
        _, url = server
        page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
        preparation = re.search(r"```sql\n(.*?)```", page, re.DOTALL)
        assert preparation is not None
        for statement in preparation[1].split(";\n"):
            if statement.strip():
                ask(url.replace("/elicence?", "/postgres?"), statement.replace("DATABASE elicence", "DATABASE house"))
        database = Database(_at(url, "elicence_service", "house"))
        self._works(database, "elicence_service")

    def test_a_user_who_may_make_roles_needs_no_preparation(self, server: tuple[Path, str]) -> None:
        _, url = server
        ask(url, "CREATE ROLE boss LOGIN CREATEROLE")
        ask(url, "CREATE DATABASE house OWNER boss")
        self._works(Database(_at(url, "boss", "house")), "boss")

    def test_a_superuser(self, server: tuple[Path, str]) -> None:
        _, url = server
        self._works(Database(url.replace("postgresql+psycopg", "postgres")), "postgres")

    @staticmethod
    def _works(database: Database, user: str) -> None:
        for _ in range(2):
            database.migrate()
        assert database.check() == []
        for role in Role:
            with database.session(role, CLERK) as session:
                assert session.execute(_WHO).one() == (role, user)
                assert session.execute(text("SHOW timezone")).scalar() == "UTC"
        database.close()

    def test_a_user_who_may_not_make_the_roles_is_a_clear_error(self, server: tuple[Path, str]) -> None:
        _, url = server
        ask(url, "CREATE ROLE weak LOGIN")
        with pytest.raises(DatabaseUnavailable) as caught:
            Database(_at(url, "weak", "elicence")).migrate()
        assert "permission denied to create role" in caught.value.message("en")
        assert "docs/settings.md" in caught.value.message("zh")

    def test_a_server_that_is_not_there_is_a_clear_error(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, database_url="postgresql://u:hush@127.0.0.1:1/none")
        with pytest.raises(DatabaseUnavailable) as caught, open_database(settings):
            pass
        assert "127.0.0.1" in str(caught.value)
        assert "hush" not in str(caught.value)


def test_the_default_is_the_embedded_server_under_home() -> None:
    with short_folder(identities()[0]) as place:
        for _ in range(2):
            with open_database(Settings(home=place)) as database, database.session(Role.APP) as session:
                assert session.execute(_WHO).one() == (Role.APP, Role.APP)
        assert (place / "postgres" / "cluster").is_dir()


def test_an_errors_text_has_no_parameters(shared_database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, shared_database.session(Role.APP) as session:
        session.execute(text("SELECT CAST(:name AS integer), :other"), {"name": "7", "other": "王测试\x00"})
    assert "王测试" not in str(caught.value)
