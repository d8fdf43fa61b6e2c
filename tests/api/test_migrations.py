"""The migrations make what the models say, however many run them at once; and whatever differs is found."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text

from api import database as module
from api.database import HEAD, MIGRATIONS, Database, DatabaseNewer
from api.embedded_postgres import running
from api.migrations import __main__ as command
from api.schema import SCHEMAS, Role
from tests.api.postgres_users import ROOT, ask, identities, short_folder
from tests.from_models import build_from_models

_CATALOGUE = {
    "columns": """
        SELECT table_schema, table_name, column_name, ordinal_position, data_type, is_nullable, column_default,
               identity_generation
          FROM information_schema.columns WHERE table_schema = ANY(:schemas)""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace::regnamespace::text = ANY(:schemas)""",
    "indexes": "SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname = ANY(:schemas)",
    "sequences": """
        SELECT sequence_schema, sequence_name, data_type, start_value, increment
          FROM information_schema.sequences WHERE sequence_schema = ANY(:schemas)""",
    "policies": """
        SELECT schemaname, tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies
         WHERE schemaname = ANY(:schemas)""",
    "tables and grants": """
        SELECT c.oid::regclass::text, relkind, relrowsecurity, relforcerowsecurity, relowner::regrole::text,
               ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1)
          FROM pg_class c WHERE relnamespace::regnamespace::text = ANY(:schemas)""",
    "schemas": """
        SELECT nspname, nspowner::regrole::text, ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1)
          FROM pg_namespace WHERE nspname = ANY(:schemas)""",
}


MakeDatabase = Callable[[str], AbstractContextManager[Database]]


@pytest.fixture
def empty(new_database: MakeDatabase) -> Iterator[Database]:
    with new_database("template1") as database:
        yield database


@pytest.fixture(scope="module")
def migrated_template(new_database: MakeDatabase) -> Iterator[str]:
    with new_database("template1") as database:
        database.migrate()
        yield make_url(database.url).database or ""


@pytest.fixture
def migrated(new_database: MakeDatabase, migrated_template: str) -> Iterator[Database]:
    with new_database(migrated_template) as database:
        database.migrate()  # a copy does not bring the owner's right to make schemas in it
        yield database


@pytest.fixture(scope="module")
def catalogues(new_database: MakeDatabase) -> list[dict[str, set[tuple[object, ...]]]]:
    """What PostgreSQL says of a database made by the migrations and of one made from the models."""
    with new_database("template1") as by_migration, new_database("template1") as by_model:
        by_migration.migrate()
        build_from_models(by_model.url)
        return [
            {aspect: _catalogue(database, query) for aspect, query in _CATALOGUE.items()}
            for database in (by_migration, by_model)
        ]


def _catalogue(database: Database, query: str) -> set[tuple[object, ...]]:
    with database.session(Role.OWNER) as session:
        rows = session.execute(text(query), {"schemas": list(SCHEMAS)})
        return {tuple(str(value) for value in row) for row in rows}


@pytest.mark.parametrize("aspect", _CATALOGUE)
def test_the_migrations_make_what_the_models_say(
    catalogues: list[dict[str, set[tuple[object, ...]]]], aspect: str
) -> None:
    by_migration, by_model = (catalogue[aspect] for catalogue in catalogues)
    assert by_model
    assert by_migration == by_model


def test_check_finds_nothing_in_a_migrated_database(migrated: Database) -> None:
    assert migrated.check() == []
    migrated.migrate()
    assert migrated.check() == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE ledger.events ADD COLUMN extra int", "extra"),
        ("ALTER TABLE seals.seals DROP COLUMN name CASCADE", "name"),
        ("ALTER TABLE seals.seals ALTER COLUMN name DROP NOT NULL", "name"),
        ("DROP TABLE licences.statuses CASCADE", "statuses"),
        ("DROP SEQUENCE licences.serial_numbers", "serial_numbers"),
        ("CREATE TABLE ca.stray (n int)", "stray"),
        ("CREATE INDEX stray ON ledger.events (kind)", "stray"),
        ("ALTER TABLE ledger.events NO FORCE ROW LEVEL SECURITY", "ledger.events"),
        ("ALTER TABLE ledger.events DISABLE ROW LEVEL SECURITY", "ledger.events"),
        ("DROP POLICY worker ON ledger.events", "ledger.events"),
        ("ALTER POLICY app ON licences.licences USING (true)", "licences.licences"),
        ("CREATE POLICY back_door ON licences.licences USING (true)", "licences.licences"),
        ("GRANT SELECT ON licences.licences TO PUBLIC", "licences.licences"),
        ("GRANT DELETE ON licences.licences TO elicence_app", "licences.licences"),
    ],
)
def test_check_finds(migrated: Database, change: str, named: str) -> None:
    with migrated.engine(Role.OWNER).begin() as owner:
        owner.execute(text(change))
    found = migrated.check()
    assert any(named in line for line in found), found
    assert migrated.check() == found  # looking changes nothing


def test_check_finds_a_column_that_a_policy_speaks_of(migrated: Database) -> None:
    with migrated.engine(Role.OWNER).begin() as owner:
        owner.execute(text("ALTER TABLE ca.certificates DROP COLUMN state CASCADE"))
    found = migrated.check()
    assert any("add_column" in line and "state" in line for line in found), found
    assert any("secure_table" in line and "ca.certificates" in line for line in found), found


def test_check_finds_a_check_constraint_that_is_gone(migrated: Database) -> None:
    some = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text LIKE 'ledger.%' ORDER BY 2"
    with migrated.engine(Role.OWNER).begin() as owner:
        table, name = owner.execute(text(some)).first() or ("", "")
        owner.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    assert any(name in line for line in migrated.check())


def test_a_database_of_a_newer_program_is_left_alone(migrated: Database) -> None:
    with migrated.engine(Role.OWNER).begin() as owner:
        owner.execute(text("UPDATE migrations.alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseNewer, match=r"9999.*use a newer one"):
        migrated.migrate()


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("api.row_security.secure_table", fail)
        with pytest.raises(RuntimeError):
            empty.migrate()
    with empty.session(Role.OWNER) as session:
        there = text("SELECT nspname FROM pg_namespace WHERE nspname = ANY(:schemas)")
        assert session.execute(there, {"schemas": list(SCHEMAS)}).all() == []
    empty.migrate()
    assert empty.check() == []


def test_the_newest_migration_is_the_one_the_program_knows() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [HEAD]
    assert max(path.name[:4] for path in (MIGRATIONS / "versions").glob("*.py")) == HEAD


def test_a_database_that_is_up_to_date_is_opened_without_alembic(migrated: Database) -> None:
    script = """
import sys
from api.database import Database
Database(sys.argv[1], own_logins=True).migrate()
print("alembic" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-c", script, migrated.url], cwd=ROOT, check=True, capture_output=True)
    assert run.stdout == b"False\n"


_OPEN = """
from api.database import open_database
from api.schema import Role
from api.settings import settings
from sqlalchemy import make_url, text
with open_database(settings()) as database, database.session(Role.WORKER) as session:
    print(session.execute(text("SELECT count(*) FROM licences.licences")).scalar(), flush=True)
"""


def test_four_processes_from_nothing_at_once() -> None:
    """Nobody has made the server, the roles or the tables yet."""
    with short_folder(identities()[0]) as place:
        environment = {"PATH": os.environ["PATH"], "ELICENCE_HOME": str(place)}
        command = [sys.executable, "-c", _OPEN]
        starters = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(4)
        ]
        outcomes = [starter.communicate(timeout=120) for starter in starters]
    assert [out for out, _ in outcomes] == ["0\n"] * 4, outcomes


def test_two_processes_migrate_two_databases_of_one_server_at_once() -> None:
    """Roles belong to the whole server, the migration lock to one database."""
    script = "import sys; from api.database import Database; Database(sys.argv[1], own_logins=True).migrate()"
    with short_folder(identities()[0]) as place, running(place / "pg") as url:
        for name in ("one", "two"):
            ask(url, f"CREATE DATABASE {name}")
        urls = [url.replace("/elicence?", f"/{name}?") for name in ("one", "two") for _ in range(2)]
        migrating = [
            subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, stderr=subprocess.PIPE) for url in urls
        ]
        said = [process.communicate(timeout=120)[1] for process in migrating]
        assert [process.returncode for process in migrating] == [0] * 4, said


class TestCommand:
    """`python -m api.migrations`."""

    def test_check(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["check"]) == 0
        assert capsys.readouterr().err == ""

    def test_revise_writes_what_differs(
        self, migrated: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        copy = tmp_path / "migrations"
        (copy / "versions").mkdir(parents=True)
        for file in [*MIGRATIONS.glob("*.*"), *(MIGRATIONS / "versions").glob("*.py")]:
            (copy / file.relative_to(MIGRATIONS)).write_text(file.read_text())
        monkeypatch.setattr(module, "MIGRATIONS", copy)
        monkeypatch.setattr(command, "MIGRATIONS", copy)
        with migrated.engine(Role.OWNER).begin() as owner:
            owner.execute(text("DROP SEQUENCE licences.serial_numbers"))
            owner.execute(text("DROP TABLE ca.trust_lists"))
        command.revise(migrated, "again")
        (written,) = set((copy / "versions").glob("*_again.py"))
        source = written.read_text()
        compile(source, written.name, "exec")
        order = [
            "CREATE SEQUENCE licences.serial_numbers",
            "op.create_table('trust_lists'",
            "secure_table('ca', 'trust_lists'",
        ]
        places = [source.index(line) for line in order]
        assert places == sorted(places)
        assert f"revision = '{int(HEAD) + 1:04}'" in source
