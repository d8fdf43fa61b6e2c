"""`elicence work`: what a crash left half-made is finished by whoever looks next."""

import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from api.house import House
from api.schema import Role
from ledger.objects import ObjectStoreUnavailable
from licences.models import RenditionRow, VersionRow
from tests.tools.books import assert_issued_once
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.processes import command, wait_for
from tests.tools.rows import permits, write_rows
from tools.renewals import Renewals

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
    _, out, _ = run("work", "--once")
    assert ("finished: 0" in out, "extended: 0" in out) == (True, True)


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


def due_at_once(house: House, path: Path) -> str:
    """Issue a licence whose page was looked at, and must be extended now; return its identifier."""
    [identifier] = [str(one.identifier) for one in issue_here(house, path)]
    now = datetime.now(UTC)
    query = select(VersionRow.id).where(VersionRow.identifier == identifier)
    with house.database.session(Role.WORKER) as session:
        changed = update(RenditionRow).where(RenditionRow.version_id.in_(query), RenditionRow.kind == "pdf")
        session.execute(changed.values(renew_by=now + timedelta(days=1)))
    return identifier


def generations(house: House, identifier: str) -> list[int]:
    query = select(RenditionRow.generation).join(VersionRow, VersionRow.id == RenditionRow.version_id)
    with house.database.session(Role.WORKER) as session:
        found = query.where(VersionRow.identifier == identifier, RenditionRow.kind == "pdf")
        return sorted(session.scalars(found))


def test_what_is_due_is_looked_at_so_many_a_round(house: House, tmp_path: Path) -> None:
    """Their own time is years away: what the register says of it is put right, and nothing is extended too early."""
    identifier = due_at_once(house, write_rows(tmp_path / "rows.jsonl", permits(1)))
    never = timedelta(days=36_500)
    while Renewals(house).look(clock).total():
        pass
    assert generations(house, identifier) == [1]
    assert Renewals(house, never, most=1).look(clock) == {"extended": 1}
    while Renewals(house, never).look(clock).total():
        pass
    assert generations(house, identifier) == [1, 2]


def test_the_worker_extends_by_itself_and_stops_when_told(house: House, tmp_path: Path) -> None:
    stop, never = threading.Event(), timedelta(days=36_500)
    with Renewals(house, never).going_on(stop, clock):
        [identifier] = [str(one.identifier) for one in issue_here(house, write_rows(tmp_path / "r.jsonl", permits(1)))]
        stop.set()
    with Renewals(house, never).going_on(stop := threading.Event(), clock):
        wait_for(lambda: generations(house, identifier) == [1, 2])
        stop.set()
    assert not [thread for thread in threading.enumerate() if thread.name == "renewals"]


def test_a_house_that_cannot_extend_says_so_and_goes_on(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> datetime:
        raise ObjectStoreUnavailable("get")

    assert Renewals(house).look(broken) == {}
    assert "objects.unavailable" in caplog.text


def clock() -> datetime:
    return datetime.now(UTC)
