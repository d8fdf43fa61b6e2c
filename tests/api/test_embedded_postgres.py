"""The embedded server's life, with real processes that are really killed."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from api.embedded_postgres import server_binaries
from tests.api.postgres_users import (
    User,
    as_account,
    ask,
    identities,
    keeper,
    kill,
    postmaster,
    server_processes,
    short_folder,
    wait_until,
)


@pytest.fixture(scope="module", params=identities())
def account(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def made(account: str) -> Iterator[Path]:
    """A data folder whose cluster is made, with one row in it, and whose server has stopped."""
    with short_folder(account) as place:
        with User(place / "pg", account) as user:
            url = user.line()
            ask(url, "CREATE TABLE kept AS SELECT 7 AS value")
        yield place / "pg"


@pytest.fixture
def data_dir(made: Path, account: str) -> Iterator[Path]:
    with short_folder(account) as place:
        subprocess.run(["cp", "-a", made, place / "pg"], check=True)
        yield place / "pg"
        wait_until(lambda: not server_processes(place / "pg"))


def test_six_starters_at_once_make_one_server_and_the_last_one_stops_it(account: str) -> None:
    with short_folder(account) as place:
        users = [User(place / "pg", account) for _ in range(6)]
        urls = {user.line() for user in users}
        assert len(urls) == 1
        starts = {ask(url, "SELECT pg_postmaster_start_time()") for url in urls}
        assert len(starts) == 1
        for user in users[:5]:
            user.leave()
        assert ask(urls.pop(), "SELECT 1") == 1
        users[5].leave()
        assert not server_processes(place / "pg")


def test_the_last_to_leave_waits_until_the_server_is_gone(data_dir: Path, account: str) -> None:
    for _ in range(3):
        with User(data_dir, account) as user:
            assert ask(user.line(), "SELECT value FROM kept") == 7
        assert not server_processes(data_dir)


def test_a_killed_user_does_not_leave_the_server_behind(data_dir: Path, account: str) -> None:
    user = User(data_dir, account)
    user.line()
    user.kill()
    wait_until(lambda: not server_processes(data_dir))
    assert "shut down" in _control(data_dir)  # a proper stop, no crash


def test_a_killed_user_does_not_disturb_another(data_dir: Path, account: str) -> None:
    first, second = User(data_dir, account), User(data_dir, account)
    first.line()
    url = second.line()
    started = ask(url, "SELECT pg_postmaster_start_time()")
    first.kill()
    assert ask(url, "SELECT pg_postmaster_start_time()") == started
    second.leave()
    assert not server_processes(data_dir)


def test_a_killed_postmaster_is_started_again_under_its_users(data_dir: Path, account: str) -> None:
    with User(data_dir, account) as user:
        url = user.line()
        ask(url, "CREATE TABLE late AS SELECT 8 AS value")
        dead = postmaster(data_dir)
        kill(dead)
        with User(data_dir, account) as starter:
            assert ask(starter.line(), "SELECT value FROM late") == 8
            assert postmaster(data_dir) != dead
            assert ask(url, "SELECT value FROM late") == 8  # the old user's URL holds as well


def test_a_killed_keeper_takes_the_server_with_it_and_the_next_starter_begins_anew(
    data_dir: Path, account: str
) -> None:
    with User(data_dir, account) as user:
        user.line()
        kill(keeper(data_dir))
        wait_until(lambda: not server_processes(data_dir))
        with User(data_dir, account) as starter:
            assert ask(starter.line(), "SELECT value FROM kept") == 7
    assert not server_processes(data_dir)


def test_everybody_killed_at_once(data_dir: Path, account: str) -> None:
    user = User(data_dir, account)
    user.line()
    kill(keeper(data_dir), postmaster(data_dir), user.process.pid)
    user.kill()
    with User(data_dir, account) as starter:
        assert ask(starter.line(), "SELECT value FROM kept") == 7


def test_six_starters_on_the_ruins_of_a_killed_server(data_dir: Path, account: str) -> None:
    user = User(data_dir, account)
    user.line()
    with ExitStack() as stack:
        kill(keeper(data_dir), postmaster(data_dir), user.process.pid)
        starters = [stack.enter_context(User(data_dir, account)) for _ in range(6)]
        assert {ask(starter.line(), "SELECT value FROM kept") for starter in starters} == {7}
        user.kill()
    assert not server_processes(data_dir)


def test_a_stale_pid_file_that_names_a_living_process(data_dir: Path, account: str) -> None:
    owner = data_dir.owner()
    with subprocess.Popen(["sleep", "600"], **as_account(owner)) as bystander:
        pid_file = data_dir / "cluster" / "postmaster.pid"
        socket = data_dir / "socket"
        socket.mkdir(exist_ok=True)
        for stale in (pid_file, socket / ".s.PGSQL.5432.lock"):
            stale.write_text(f"{bystander.pid}\n{data_dir}/cluster\n1700000000\n5432\n{socket}\n\n0 0\n")
            shutil.chown(stale, owner)
            stale.chmod(0o600)
        refused = subprocess.run(
            [server_binaries() / "postgres", "-D", data_dir / "cluster", "-k", socket],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **as_account(owner),
        )
        assert "lock file" in refused.stderr  # PostgreSQL by itself takes the bystander for a server
        with User(data_dir, account) as user:
            assert ask(user.line(), "SELECT value FROM kept") == 7
        bystander.kill()


def test_a_server_started_by_hand_is_left_alone(data_dir: Path, account: str) -> None:
    command = [f"{server_binaries()}/postgres", "-D", f"{data_dir}/cluster", "-k", str(data_dir), "-p", "1", "-h", ""]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, cwd="/", **as_account(data_dir.owner())) as by_hand:
        own = f"postgresql://postgres@/postgres?host={data_dir}&port=1"
        wait_until(lambda: _answers(own))
        with User(data_dir, account) as user:
            said = user.line()
        assert said.startswith("postgres.failed")
        assert "内置 PostgreSQL 无法启动" in said
        assert f"process {by_hand.pid}, already runs" in said
        assert ask(own, "SELECT 1") == 1
        by_hand.send_signal(signal.SIGINT)


def test_a_keeper_killed_while_it_makes_the_cluster(account: str) -> None:
    with short_folder(account) as place:
        data_dir = place / "pg"
        user = User(data_dir, account)
        wait_until(lambda: bool(list(data_dir.glob("initdb-*/cluster/global/pg_control"))))
        kill(keeper(data_dir), user.process.pid)
        user.kill()
        assert not (data_dir / "cluster").exists()
        with User(data_dir, account) as starter:
            assert ask(starter.line(), "SELECT 1") == 1
            assert not list(data_dir.glob("initdb-*"))


def test_a_cluster_that_cannot_start_is_a_clear_error(data_dir: Path, account: str) -> None:
    (data_dir / "cluster" / "PG_VERSION").write_text("17\n")
    with User(data_dir, account) as user:
        said = user.line()
    assert said.startswith("postgres.failed")
    assert "incompatible with server" in said


def test_a_child_made_by_fork_holds_the_server_for_its_parent(data_dir: Path, account: str) -> None:
    script = """
import os, sys, time
from pathlib import Path
from api.embedded_postgres import running
with running(Path(sys.argv[1])) as url:
    print(url, flush=True)
    if os.fork() == 0:
        os.read(0, 1)
        os._exit(0)
    os._exit(0)  # the parent dies without a word
"""
    with User(data_dir, account, script=script) as user:
        url = user.line()
        wait_until(lambda: user.process.poll() is not None)
        with User(data_dir, account) as other:
            other.line()
        assert ask(url, "SELECT value FROM kept") == 7
        user.leave()
    wait_until(lambda: not server_processes(data_dir))


def _answers(url: str) -> bool:
    try:
        return ask(url, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


def _control(data_dir: Path) -> str:
    return subprocess.run(
        [server_binaries() / "pg_controldata", data_dir / "cluster"], check=True, capture_output=True, text=True
    ).stdout
