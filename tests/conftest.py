"""What tests share: one real PostgreSQL for the whole run, databases cloned from a template, an object store, vectors."""

import os
import shutil
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from api.database import Database
from api.embedded_postgres import running
from api.schema import Role
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore
from tests.from_models import build_from_models
from tests.scratch import make_scratch_folder

_SERVER = "ELICENCE_TEST_POSTGRES"
_TEMPLATE = "elicence_template"


def pytest_configure(config: pytest.Config) -> None:
    # Set once, in the process that pytest-xdist starts its workers from: they inherit the place of the one server.
    if _SERVER not in os.environ:
        os.environ[_SERVER] = str(make_scratch_folder("elicence-test-"))
        config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(_SERVER)))


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The superuser's URL of the test run's server."""
    with running(Path(os.environ[_SERVER], "postgres")) as url:
        yield url


@pytest.fixture(scope="session")
def template(postgres_url: str) -> str:
    """The name of a migrated, empty database that nobody is connected to; made by whoever comes first."""
    with psycopg.connect(_plain(postgres_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]).fetchone() is None:
            connection.execute("DROP DATABASE IF EXISTS building")
            connection.execute("CREATE DATABASE building")
            build_from_models(_named(postgres_url, "building"))
            connection.execute(sql.SQL("ALTER DATABASE building RENAME TO {}").format(sql.Identifier(_TEMPLATE)))
    return _TEMPLATE


@pytest.fixture(scope="session")
def new_database(postgres_url: str) -> Callable[[str], AbstractContextManager[Database]]:
    """Makes a database as a copy of another, and drops it at the end of the block; "template1" gives an empty one."""
    return partial(_copied, postgres_url)


@pytest.fixture
def database(new_database: Callable[[str], AbstractContextManager[Database]], template: str) -> Iterator[Database]:
    """A database of the test's own, for real commits and races."""
    with new_database(template) as made:
        yield made


@pytest.fixture(scope="session")
def shared_database(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str
) -> Iterator[Database]:
    """One for all tests of a process that leave nothing behind."""
    with new_database(template) as made:
        yield made


@pytest.fixture
def session(shared_database: Database) -> Iterator[Session]:
    """A worker's session that leaves nothing behind; a commit inside the test ends a savepoint only."""
    with shared_database.engine(Role.WORKER).connect() as connection:
        transaction = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        transaction.rollback()


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    """An empty object store in a folder of the test's own."""
    return LocalObjects(tmp_path / "objects")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of an S3 server that speaks real HTTP."""
    from moto.server import ThreadedMotoServer  # half a second that most test runs need not spend

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_endpoint: str) -> str:
    """A new bucket there; any key id and secret will do."""
    name = f"bucket-{uuid.uuid4().hex}"
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/{name}", method="PUT")).close()
    return name


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Other makers' test vectors, which are read and never copied."""
    default = Path(__file__).parents[2] / "shared" / "vectors"
    folder = Path(os.environ.get("ELICENCE_VECTORS", default))
    if folder.is_dir():
        return folder
    message = f"no test vectors in {folder}: set ELICENCE_VECTORS"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@contextmanager
def _copied(url: str, template: str) -> Iterator[Database]:
    name = f"test_{uuid.uuid4().hex}"
    database = Database(_named(url, name), own_logins=True)
    _administer(url, "CREATE DATABASE {} TEMPLATE {}", name, template)
    try:
        yield database
    finally:
        database.close()
        _administer(url, "DROP DATABASE {} WITH (FORCE)", name)


def _administer(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
