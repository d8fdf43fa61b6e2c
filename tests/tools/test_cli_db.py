"""`elicence db`: on a clean checkout, on a house, and on a database that has drifted."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import text

from api.database import Database
from api.schema import Role
from tests.tools.conftest import Run


@pytest.fixture
def empty(new_database: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    # `template` first: with it the roles were made, and the tests' server lets them log in.
    with new_database("template1") as made:
        yield made


def test_a_checkout_is_checked_in_a_database_that_is_thrown_away(
    run: Run, at_home: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    at_home(tmp_path / "var")
    monkeypatch.setenv("ELICENCE_DATABASE_URL", "postgresql://127.0.0.1:9/none")
    code, out, _ = run("db", "check")
    assert (code, "agree" in out) == (0, True)
    assert not list(tmp_path.iterdir())


def test_a_house_is_checked_as_it_is(run: Run) -> None:
    assert run("db", "check", "--house")[0] == 0


def test_a_difference_is_named(run: Run, empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_DATABASE_URL", empty.url)
    assert run("db", "check", "--house")[0] == 0
    with empty.engine(Role.OWNER).begin() as connection:
        connection.execute(text("DROP INDEX licences.versions_waiting_ix"))
    code, out, err = run("db", "check", "--house")
    assert (code, "differ" in out) == (1, True)
    assert "versions_waiting_ix" in err


def test_an_empty_database_is_migrated(run: Run, empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_DATABASE_URL", empty.url)
    assert run("db", "migrate")[0] == 0
    assert empty.check() == []


def test_a_server_that_is_not_there_is_no_fault_of_the_request(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:9/none")
    code, out, err = run("db", "migrate")
    assert (code, out) == (2, "")
    assert "database.unavailable" in err
    assert "secret" not in err
