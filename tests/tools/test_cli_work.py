"""`elicence work`: what a crash left half-made is finished by whoever looks next."""

import signal
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from api.house import House
from api.schema import Role
from ledger.objects.objects import ObjectStoreUnavailable
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


def issue_looked_at(house: House, path: Path) -> tuple[str, timedelta]:
    """Issue a licence whose page somebody has looked at; return its identifier, and how long before its time it is due."""
    [identifier] = [str(one.identifier) for one in issue_here(house, path)]
    while Renewals(house).look(clock).total():
        pass
    renew_by = {row.generation: row.renew_by for row in generations(house, identifier)}[1]
    assert renew_by is not None
    return identifier, renew_by - clock() + timedelta(minutes=5)


def generations(house: House, identifier: str) -> list[RenditionRow]:
    query = select(RenditionRow).join(VersionRow, VersionRow.id == RenditionRow.version_id)
    with house.database.session(Role.WORKER) as session:
        found = query.where(VersionRow.identifier == identifier, RenditionRow.kind == "pdf")
        return list(session.scalars(found.order_by(RenditionRow.generation)))


def test_so_many_pages_a_round_and_each_once(house: House, tmp_path: Path) -> None:
    identifier, within = issue_looked_at(house, write_rows(tmp_path / "rows.jsonl", permits(1)))
    assert len(generations(house, identifier)) == 1  # its own time is years away
    assert Renewals(house, within, most=1).look(clock).total() == 1
    while Renewals(house, within).look(clock).total():
        pass
    assert [row.generation for row in generations(house, identifier)] == [1, 2]


def test_the_worker_extends_by_itself_and_stops_when_told(house: House, tmp_path: Path) -> None:
    identifier, within = issue_looked_at(house, write_rows(tmp_path / "rows.jsonl", permits(1)))
    stop = threading.Event()
    with Renewals(house, within).going_on(stop, clock):
        wait_for(lambda: len(generations(house, identifier)) == 2)
        stop.set()
    assert not [thread for thread in threading.enumerate() if thread.name == "renewals"]


def test_a_house_that_cannot_extend_says_so_and_goes_on(house: House, caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> datetime:
        raise ObjectStoreUnavailable("get")

    assert Renewals(house).look(broken) == {}
    assert "objects.unavailable" in caplog.text


def clock() -> datetime:
    return datetime.now(UTC)
