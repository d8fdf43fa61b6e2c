"""`elicence work`: what a crash left half-made is finished by whoever looks next."""

import signal
import subprocess
from pathlib import Path

from sqlalchemy import text

from api.house import House
from api.schema import Role
from tests.tools.books import assert_issued_once
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.processes import command, wait_for
from tests.tools.rows import permits, write_rows

INTENTS = text("SELECT count(*) FROM licences.versions WHERE stage = 'intent'")


class PowerCutError(Exception):
    """Stands for whatever ends a process."""


def cut(step: str) -> None:
    if step == "intent-committed":
        raise PowerCutError


def leave_intents(house: House, path: Path) -> None:
    try:
        issue_here(house, path, cut)
    except PowerCutError:
        assert intents(house) == 2


def intents(house: House) -> int:
    with house.database.session(Role.WORKER) as session:
        return int(session.scalar(INTENTS) or 0)


def issued(house: House, path: Path) -> list[str]:
    results = issue_here(house, path)
    assert {result.outcome for result in results} == {"existing"}
    return [str(result.identifier) for result in results]


def test_once(run: Run, house: House, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2))
    leave_intents(house, path)
    code, out, _ = run("work", "--once")
    assert (code, "finished: 2" in out) == (0, True)
    assert_issued_once(house, issued(house, path))
    assert "finished: 0" in run("work", "--once")[1]


def test_until_it_is_stopped(house: House, environment: dict[str, str], tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2))
    with command("work", "--interval", "0.1", env=environment, stderr=subprocess.PIPE) as process:
        leave_intents(house, path)
        wait_for(lambda: intents(house) == 0)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate()
    assert process.returncode == 0
    assert "finished 2 licences" in err
    assert_issued_once(house, issued(house, path))
