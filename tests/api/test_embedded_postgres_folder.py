"""Where the embedded server lives, as whom it runs, and what it never writes down."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from api import embedded_postgres
from api.embedded_postgres import EmbeddedPostgresFailed, running
from api.postgres_keeper import SERVER_SETTINGS, Plan, fits_socket, open_lock
from tests.api.postgres_users import (
    User,
    ask,
    identities,
    keeper,
    postmaster,
    server_processes,
    short_folder,
)

SELF = identities()[0]
OTHER = identities()[-1]


@pytest.fixture
def place() -> Iterator[Path]:
    with short_folder(SELF) as folder:
        yield folder


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_settings_in_force_are_ours_and_durable(place: Path) -> None:
    with running(place / "pg") as url:
        for name, value in SERVER_SETTINGS.items():
            assert ask(url, f"SHOW {name}") == value, name
        assert ask(url, "SHOW fsync") == "on"
        assert ask(url, "SHOW data_checksums") == "on"
        assert ask(url, "SHOW listen_addresses") == ""
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SELECT upper('é') || lower('Ä')") == "Éä"  # the builtin locale knows Unicode


def test_folder_and_socket_are_closed_to_others(place: Path) -> None:
    with running(place / "pg") as url:
        socket = Path(str(make_url(url).query["host"]))
        assert socket == (place / "pg" / "socket").resolve()
        for folder in (place / "pg", place / "pg" / "cluster", place / "pg" / "log", socket):
            assert _mode(folder) == 0o700, folder
            assert folder.stat().st_uid == (place / "pg").stat().st_uid


def test_a_folder_too_deep_for_a_socket_name(place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60) / "pg"
    with running(deep) as url:
        socket = Path(str(make_url(url).query["host"]))
        assert fits_socket(socket)
        assert not socket.is_relative_to(place)
        assert _mode(socket) == 0o700
        assert ask(url, "SELECT 1") == 1
        with running(deep) as again:
            assert again == url
    assert not socket.exists()  # nothing stays behind in a place open to all
    with running(deep) as url:
        assert ask(url, "SELECT 1") == 1


def test_a_socket_folder_that_somebody_else_laid_is_not_used(place: Path) -> None:
    deep = place / ("d" * 60) / ("e" * 60) / "pg"
    trap = place / "trap"
    trap.mkdir()
    trap.chmod(0o777)
    deep.mkdir(parents=True)
    (deep / "socket").symlink_to(trap)
    with running(deep) as url:
        assert Path(str(make_url(url).query["host"])) != trap
        assert not list(trap.iterdir())


@pytest.mark.parametrize("name", ["数据 库", "a,b", "it's", 'say "so"', "100%", "back\\slash"])
def test_folder_names_that_need_quoting(place: Path, name: str) -> None:
    with running(place / name / "pg") as url:
        assert ask(url, "SELECT 1") == 1


def test_the_server_cannot_read_our_secrets_in_its_environment(place: Path) -> None:
    with User(place / "pg", SELF, environment={"ELICENCE_OBJECTS_SECRET_ACCESS_KEY": "hush", "PGPORT": "1"}) as user:
        assert ask(user.line(), "SELECT 1") == 1
        for pid in server_processes(place / "pg"):
            # A process of the server may come and go between two looks.
            with suppress(FileNotFoundError, ProcessLookupError):
                assert "hush" not in Path(f"/proc/{pid}/environ").read_text()


def test_ctrl_c_in_the_users_terminal_does_not_reach_the_server(place: Path) -> None:
    with User(place / "pg", SELF) as user:
        user.line()
        found = keeper(place / "pg")
        assert found is not None
        assert os.getsid(found) != os.getsid(user.process.pid)
        assert os.getpgid(postmaster(place / "pg")) != os.getpgid(user.process.pid)


def test_nothing_personal_reaches_the_servers_own_log(place: Path) -> None:
    marker = "测试隐私人"
    with running(place / "pg") as url:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("CREATE TABLE holders (name text PRIMARY KEY CHECK (name <> 'x'), born date)")
            connection.execute("SET log_min_error_statement = 'error'")  # not even who asks for it
            for statement, parameters in [
                (f"INSERT INTO holders VALUES ('{marker}')", None),
                ("INSERT INTO holders VALUES (%s)", [marker]),  # unique: DETAIL names the key
                ("SELECT born = %s::text::date FROM holders", [marker]),  # the message itself quotes the value
                (f"SELEKT '{marker}'", None),
                ("DO $$ BEGIN RAISE WARNING '%', 'W" + marker + "'; END $$", None),
                ("SELECT pg_sleep(0.01), %s::text", [marker]),
            ]:
                with suppress(psycopg.Error):
                    connection.execute(statement, parameters)
    written = b"".join(log.read_bytes() for log in (place / "pg" / "log").iterdir())
    assert b"database system is ready" in written
    assert marker.encode() not in written


def test_another_accounts_folder_is_refused() -> None:
    with short_folder(SELF) as place, running(place / "pg"):
        # Where there is only one account to run as, the folder of another is one that says so.
        if os.geteuid() == 0:
            with User(place / "pg", OTHER) as user:
                assert user.line().startswith("postgres.failed")
        else:
            with pytest.raises(EmbeddedPostgresFailed), running(Path("/")):
                pass


def test_a_place_that_cannot_be_is_a_clear_error(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(EmbeddedPostgresFailed, match="Not a directory"), running(place / "file" / "pg"):
        pass


def test_a_lock_file_is_never_opened_through_a_link(place: Path) -> None:
    (place / "precious").write_text("")
    (place / "users.lock").symlink_to(place / "precious")
    with pytest.raises(OSError, match="symbolic link"):
        open_lock(place / "users.lock", 0, 0)


def test_the_plan_survives_its_way_to_the_keeper() -> None:
    plan = Plan(folder="/数据", binaries="/b", uid=1, gid=2)
    assert plan.to_json() == '{"folder": "/\\u6570\\u636e", "binaries": "/b", "uid": 1, "gid": 2}'


class TestParents:
    """What happens to folders above ours; only root can and does change any."""

    def test_only_o_x_and_said_aloud(self, place: Path) -> None:
        closed = place / "closed"
        closed.mkdir(mode=0o700)
        with User(closed / "pg", SELF) as user:
            assert ask(user.line(), "SELECT 1") == 1
            said = user.leave()
        if os.geteuid() == 0:
            assert _mode(closed) == 0o701
            assert f"chmod o+x {closed}:" in said
        else:
            assert _mode(closed) == 0o700
            assert "chmod" not in said

    def test_nothing_is_said_or_done_where_the_way_is_open(self, place: Path) -> None:
        before = _mode(place)
        with User(place / "pg", SELF) as user:
            user.line()
            assert user.leave() == ""
        assert _mode(place) == before


class TestAccount:
    """As whom the server runs."""

    def test_never_as_root(self, place: Path) -> None:
        with running(place / "pg"):
            owner = (place / "pg").stat().st_uid
            assert owner != 0
            owners = {}
            for pid in server_processes(place / "pg"):
                with suppress(FileNotFoundError):  # a helper of the server's that has ended meanwhile
                    owners[pid] = Path(f"/proc/{pid}").stat().st_uid
            assert postmaster(place / "pg") in owners
            assert set(owners.values()) == {owner}

    def test_as_the_owner_of_the_folder(self, place: Path) -> None:
        (place / "pg").mkdir()
        if os.geteuid() == 0:
            shutil.chown(place / "pg", OTHER)
        with running(place / "pg"):
            process = Path(f"/proc/{postmaster(place / 'pg')}")
            assert process.owner() == OTHER
            # chown by name keeps root's group on the folder: the server must not run with it.
            assert os.geteuid() != 0 or process.stat().st_gid != 0

    def test_as_nobody_where_no_account_can_be_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded_postgres, "ACCOUNT", "no-such-account")
        monkeypatch.setenv("PATH", "/nowhere")  # no useradd there
        assert embedded_postgres._account().pw_name == "nobody"

    def test_without_supplementary_groups(self, place: Path) -> None:
        with running(place / "pg"):
            status = Path(f"/proc/{postmaster(place / 'pg')}/status").read_text()
        groups = next(line for line in status.splitlines() if line.startswith("Groups:")).split()[1:]
        assert groups == [] if os.geteuid() == 0 else set(map(int, groups)) <= set(os.getgroups())

    def test_the_system_account_has_no_home_and_no_shell(self, place: Path) -> None:
        with running(place / "pg"):
            account = pwd.getpwuid((place / "pg").stat().st_uid)
        if os.geteuid() == 0:
            assert account.pw_shell.endswith(("nologin", "false"))
            assert not Path(account.pw_dir, ".ssh").exists()
        else:
            assert account.pw_uid == os.geteuid()

    def test_both_users_share_one_server_when_root_joins(self) -> None:
        with short_folder(OTHER) as place, User(place / "pg", OTHER) as first:
            url = first.line()
            with User(place / "pg", SELF) as second:
                assert second.line() == url
            first.leave()
            assert not server_processes(place / "pg")
            again = subprocess.run(["find", place / "pg", "-user", "root"], check=True, capture_output=True)
            assert again.stdout == b"" or OTHER == "root"
