"""The database as the use cases see it: engines by role, sessions in a unit's name, migrations.

Two ways to log in. On the embedded server every role logs in under its own name (`own_logins`): the socket's 0700 folder
is the fence, and a process cannot step out of its role. On any other server (`ELICENCE_DATABASE_URL`) we connect as the
URL's user, who must be a member of the three roles, and SET ROLE on each new connection; that user makes missing roles if
it may, otherwise an administrator makes them first (docs/settings.md).
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from api.embedded_postgres import running
from api.schema import VERSION_SCHEMA, Role, make_roles
from api.settings import Settings
from ledger.actor import Actor
from ledger.errors import DomainError

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0011"
"""The newest migration; known without alembic, so that a process whose database is up to date starts quickly."""

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = int.from_bytes(b"elicence", "big")
"""The advisory lock that one migrating process holds at a time, per database."""

_SCOPE = text("""
    SELECT set_config('elicence.unit', :unit, true),
           set_config('elicence.account', :account, true),
           set_config('elicence.purpose', :purpose, true)
""")


@dataclass(eq=False)
class DatabaseUnavailable(DomainError):
    """No connection, or the roles are not there and cannot be made."""

    code = "database.unavailable"
    zh = "无法使用 ELICENCE_DATABASE_URL 指定的数据库：{reason}。准备方法见 docs/settings.md"
    en = "the database of ELICENCE_DATABASE_URL cannot be used: {reason}. docs/settings.md says how to prepare one"

    reason: str


@dataclass(eq=False)
class DatabaseNewer(DomainError):
    """A newer elicence has migrated this database already."""

    code = "database.newer"
    zh = "数据库版本 {found} 高于本程序的 {known}：请使用更新的程序"
    en = "the database is at version {found}, this program knows {known}: use a newer one"

    found: str
    known: str


class Database:
    """One database, one pool for each role that is used. Make one per process: pools do not survive a fork."""

    def __init__(self, url: str, *, own_logins: bool = False) -> None:
        self._url = make_url(url).set(drivername="postgresql+psycopg")
        self._own_logins = own_logins
        self._engines: dict[Role, Engine] = {}
        self._making = threading.Lock()

    @property
    def url(self) -> str:
        """The URL this was made with, password and all: never log it."""
        return self._url.render_as_string(hide_password=False)

    def engine(self, role: Role) -> Engine:
        """Return the engine whose connections are in a role; up to ten connections, made when needed."""
        with self._making:
            if role not in self._engines:
                self._engines[role] = self._make_engine(role, pool_size=5, max_overflow=5, pool_pre_ping=True)
            return self._engines[role]

    def sessions(self, role: Role) -> sessionmaker[Session]:
        """Return a maker of plain sessions in a role; the caller begins and commits. The app role sees nothing in them."""
        return sessionmaker(self.engine(role), expire_on_commit=False)

    @contextmanager
    def session(self, role: Role, actor: Actor | None = None, purpose: str | None = None) -> Iterator[Session]:
        """Open a session in one transaction, committed at the end unless the block raises.

        The rows that the app role sees are those of the unit on whose behalf the actor acts, those of the actor's own
        account, and what the purpose opens (`api/row_security.py`). All lasts for this one transaction, and the block is
        at its end with it.
        """
        unit, account = (None, None) if actor is None else (actor.on_behalf_of, actor.id)
        with Session(self.engine(role), expire_on_commit=False) as session, session.begin():
            session.execute(_SCOPE, {"unit": unit or "", "account": account or "", "purpose": purpose or ""})
            yield session

    def migrate(self) -> None:
        """Bring the database to the newest schema: roles, schemas, tables, policies. Any number may call it at once."""
        with self._migrating() as owner:
            version = _version(owner)
            if version == HEAD:
                return
            if version is not None and version > HEAD:
                raise DatabaseNewer(version, HEAD)
            from alembic import command

            command.upgrade(alembic_config(owner), "head")

    def check(self) -> list[str]:
        """Return what differs between the models and this database, one line each: empty means in step."""
        from api.migrations.differences import differences

        with self.engine(Role.OWNER).connect() as connection:
            return differences(connection)

    @contextmanager
    def _migrating(self) -> Iterator[Connection]:
        """Hold the migration lock, make the roles, and yield the owner's connection in one transaction.

        The lock belongs to the connection of the URL's user: roles, and with them the owner, are made under it.
        """
        admin = self._make_engine(None, poolclass=NullPool)
        owner = self._make_engine(Role.OWNER, poolclass=NullPool)
        with ExitStack() as stack:
            try:
                locking = stack.enter_context(admin.connect())
                locking.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
                locking.commit()  # the lock is the connection's, not the transaction's: it ends when that closes
                make_roles(locking, logins=self._own_logins)
                locking.commit()
                connection = stack.enter_context(owner.begin())
            except DBAPIError as error:
                raise DatabaseUnavailable(str(error.orig).split("\n", maxsplit=1)[0]) from error
            yield connection

    def _make_engine(self, role: Role | None, **pool: Any) -> Engine:
        """Return a new engine in a role, or as the URL's own user; the caller disposes of it."""
        url = self._url
        if role is not None and self._own_logins:
            url = url.set(username=role, password=None)
        # An error's text goes to logs, and parameters name people.
        engine = create_engine(url, connect_args={"application_name": "elicence"}, hide_parameters=True, **pool)
        if role is not None and not self._own_logins:

            @event.listens_for(engine, "connect")
            def become(connection: Any, _record: object) -> None:
                connection.execute(f"SET ROLE {role}")
                connection.execute("SET TIME ZONE 'UTC'")
                connection.commit()

        return engine

    def close(self) -> None:
        """Close all pools."""
        with self._making:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def _version(connection: Connection) -> str | None:
    known = connection.execute(text("SELECT to_regclass(:table)"), {"table": f"{VERSION_SCHEMA}.alembic_version"})
    if known.scalar() is None:
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_SCHEMA}.alembic_version")).scalar()  # noqa: S608


def alembic_config(connection: Connection) -> "Config":
    """Return alembic's configuration on an open connection of the owner; there is no alembic.ini."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Open the database that the settings name, migrated: the embedded one, started if need be, or any other."""
    if settings.database_url is not None:
        database = Database(settings.database_url.get_secret_value())
        yield from _migrated(database)
        return
    with running(settings.home / "postgres") as url:
        yield from _migrated(Database(url, own_logins=True))


def _migrated(database: Database) -> Iterator[Database]:
    try:
        database.migrate()
        yield database
    finally:
        database.close()
