"""Processes that use an embedded server, and what the system says about the server's own processes."""

import atexit
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import make_url

from tests.scratch import make_scratch_folder

ROOT = Path(__file__).parents[2]

_USER = """
import sys
from pathlib import Path
from typing import Any, Self
from api.embedded_postgres import running
from ledger.errors import DomainError
try:
    with running(Path(sys.argv[1])) as url:
        print(url, flush=True)
        sys.stdin.read()
except DomainError as error:
    print(error.code, error.message("zh"), error.message("en"), flush=True)
"""


def identities() -> list[str]:
    """The accounts that this test run can start users as: a root's can be nobody too."""
    return ["root", "nobody"] if os.geteuid() == 0 else [pwd.getpwuid(os.geteuid()).pw_name]


@contextmanager
def short_folder(account: str) -> Iterator[Path]:
    """Make a folder of the account's, near the root of the file system, and remove it with all that is in it."""
    folder = make_scratch_folder("e-")
    if os.geteuid() == 0:
        shutil.chown(folder, account)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class User:
    """A process inside `running`; leaves when told, or dies."""

    def __init__(
        self, data_dir: Path, account: str, script: str = _USER, environment: dict[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [*python_as(account), "-c", script, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=sources(),
            env={"PATH": os.environ["PATH"], **(environment or {})},
            start_new_session=True,
        )

    def line(self) -> str:
        """Wait for the URL, or for the error's code and messages."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> str:
        """End the block, wait for the process and return what it said on stderr."""
        _, said = self.process.communicate(timeout=60)
        return said

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.leave()


def as_account(account: str) -> dict[str, Any]:
    """Arguments of Popen that make a process the account's."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(account)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


@cache
def python_as(account: str) -> list[str]:
    """The start of a command line that runs our Python as an account.

    Where that Python lies under a closed folder (root's home), the account is lent the right to read, and nothing else.
    """
    if os.geteuid() != 0 or account == "root":
        return [sys.executable]
    become = ["setpriv", f"--reuid={account}", f"--regid={pwd.getpwnam(account).pw_gid}", "--clear-groups"]
    try:
        subprocess.run([sys.executable, "-c", ""], check=True, **as_account(account))
    except PermissionError:
        become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [*become, sys.executable]


@cache
def sources() -> Path:
    """A copy of the code that any account may read, wherever the checkout lies; removed when the tests end."""
    folder = Path(tempfile.mkdtemp(prefix="elicence-sources-"))
    atexit.register(shutil.rmtree, folder)
    for package in ("api", "ledger"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return folder


def ask(url: str, statement: str) -> object:
    """Run a statement as the superuser and return its one value, if it has one."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description is not None else None
    return row[0] if row is not None else None


def server_processes(data_dir: Path) -> list[int]:
    """The pids of all living processes of the data folder's server (its keeper is none)."""
    cluster = (data_dir / "cluster").resolve()
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink() == cluster:
                found.append(int(entry.name))
    return sorted(found)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().split("\n", maxsplit=1)[0])


def keeper(data_dir: Path) -> int | None:
    """The pid of the keeper of a data folder."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            command = (entry / "cmdline").read_text() if entry.name.isdigit() else ""
            if "postgres_keeper.py" in command and str(data_dir) in command:
                return int(entry.name)
    return None


def kill(*pids: int | None) -> None:
    """Kill processes that must be there, at once and without warning."""
    for pid in pids:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the limit only ends a test that has failed."""
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)
