"""Processes that use an embedded server, and what the system says about the server's own processes."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

ROOT = Path(__file__).parents[2]

_USER = """
import sys
from pathlib import Path
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
    folder = Path(tempfile.mkdtemp(prefix="e-"))
    folder.chmod(0o711)
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
            [sys.executable, "-c", script, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=sources(),
            env={"PATH": os.environ["PATH"], **(environment or {})},
            start_new_session=True,
            **as_account(account),
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

    def __enter__(self) -> "User":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.leave()


def as_account(account: str) -> dict[str, object]:
    """Arguments of Popen that make a process the account's."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(account)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def sources() -> Path:
    """A copy of the code that any account may read, wherever the checkout lies."""
    global _sources  # noqa: PLW0603 - made once per test process
    if _sources is None:
        holder = tempfile.TemporaryDirectory(prefix="elicence-sources-")
        folder = Path(holder.name)
        folder.chmod(0o755)
        for package in ("api", "ledger"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
        _sources = (holder, folder)
    return _sources[1]


_sources: tuple[tempfile.TemporaryDirectory[str], Path] | None = None


def ask(url: str, statement: str) -> object:
    """Run a statement as the superuser and return its one value, if it has one."""
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement)
        row = cursor.fetchone() if cursor.description is not None else None
    return row[0] if row is not None else None


def server_processes(data_dir: Path) -> list[int]:
    """The pids of all living processes of the data folder's server (its keeper is none)."""
    cluster = os.path.realpath(data_dir / "cluster")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.readlink(entry / "cwd") == cluster:
                    found.append(int(entry.name))
            except OSError:
                continue
    return sorted(found)


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "cluster" / "postmaster.pid").read_text().split("\n", maxsplit=1)[0])


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", maxsplit=1)[1].split()[1])


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; the limit only ends a test that has failed."""
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit, "it never came about"
        time.sleep(0.02)
