"""`issue_file` with real worker processes over a real house."""

import time
from pathlib import Path

import pytest

from api.house import House
from api.systems import RegisteredSystem
from licences.issuing import BATCH
from licences.row_errors import RowFileEmpty
from licences.type_errors import TypeUnknown
from tests.tools.books import assert_issued_once
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows
from tools.bulk import default_jobs, issue_file
from tools.bulk_results import RowResult, Tally
from tools.errors import WorkerFailed, WorkerSilent


def test_a_file_by_two_processes(house: House, system: RegisteredSystem, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2 * BATCH + 5))
    told: list[RowResult] = []
    counted: list[tuple[int, int]] = []

    def note(tally: Tally) -> None:
        counted.append((tally.rows, tally.lines))

    summary = issue_file(house, path, system, jobs=2, report=told.append, progress=note)
    assert (summary.issued, summary.rows, summary.stopped, summary.error) == (2 * BATCH + 5, 2 * BATCH + 5, False, None)
    assert summary.rate > 0
    assert counted == sorted(counted)
    assert counted[-1] == (summary.rows, summary.rows)
    assert sorted(result.line for result in told) == list(range(1, summary.rows + 1))
    assert_issued_once(house, [str(result.identifier) for result in told])


def test_a_row_that_is_twice_in_a_file_is_issued_once(house: House, system: RegisteredSystem, tmp_path: Path) -> None:
    rows = permits(BATCH)
    path = write_rows(tmp_path / "rows.jsonl", [*rows, *rows])
    told: list[RowResult] = []
    summary = issue_file(house, path, system, jobs=2, report=told.append)
    assert (summary.issued, summary.existing) == (BATCH, BATCH)
    identifiers = {str(result.identifier) for result in told}
    assert len(identifiers) == BATCH
    assert_issued_once(house, sorted(identifiers))


def test_it_stops_when_it_is_asked_to(house: House, system: RegisteredSystem, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(5 * BATCH))
    told: list[RowResult] = []
    summary = issue_file(house, path, system, jobs=1, report=told.append, stop=lambda: bool(told))
    assert summary.stopped
    assert summary.issued == summary.rows == BATCH
    assert_issued_once(house, [str(result.identifier) for result in told])
    again = issue_file(house, path, system, jobs=1)
    assert (again.issued, again.existing, again.finished, again.stopped) == (4 * BATCH, BATCH, 0, False)


class House500(Exception):
    """Not a fault of any row."""


def refuse_to_render(step: str) -> None:
    if step == "json-signed":
        raise House500("the disk is full")


def test_what_an_earlier_run_left_is_finished_before_the_first_row(
    house: House, system: RegisteredSystem, tmp_path: Path
) -> None:
    left = write_rows(tmp_path / "left.jsonl", permits(3))
    with pytest.raises(House500):
        issue_here(house, left, refuse_to_render)
    told: list[RowResult] = []
    summary = issue_file(house, write_rows(tmp_path / "rows.jsonl", permits(2)), system, jobs=1, report=told.append)
    assert (summary.finished, summary.issued) == (3, 2)
    again = issue_file(house, left, system, jobs=1, report=told.append)
    assert (again.finished, again.existing) == (0, 3)
    assert_issued_once(house, [str(result.identifier) for result in told])


def test_a_file_that_cannot_be_read_starts_nothing(house: House, system: RegisteredSystem, tmp_path: Path) -> None:
    empty = tmp_path / "rows.csv"
    empty.touch()
    with pytest.raises(RowFileEmpty):
        issue_file(house, empty, system)
    with pytest.raises(TypeUnknown):
        issue_file(house, write_rows(tmp_path / "rows.jsonl", permits(1)), system, default_type="driving-licence")


def test_a_core_each_and_at_most_four() -> None:
    assert 1 <= default_jobs() <= 4


def fail_to_render(step: str) -> None:
    if step == "json-signed":
        raise RuntimeError("no space left\nsecret: 110101199001011234")


def hang(step: str) -> None:
    if step == "json-signed":
        time.sleep(600)


def test_an_error_of_the_house_ends_the_run_in_one_line(house: House, system: RegisteredSystem, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2))
    with pytest.raises(WorkerFailed) as caught:
        issue_file(house, path, system, jobs=1, checkpoint=fail_to_render)
    assert caught.value.reason == "RuntimeError: no space left"
    assert issue_file(house, path, system, jobs=1).finished == 2


def test_a_worker_that_hangs_is_ended_and_its_rows_are_free_at_once(
    house: House, system: RegisteredSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2))
    monkeypatch.setattr("tools.crew.SILENCE", 2.0)
    with pytest.raises(WorkerSilent):
        issue_file(house, path, system, jobs=1, checkpoint=hang)
    monkeypatch.undo()
    again = issue_file(house, path, system, jobs=1)
    assert again.issued + again.existing == 2
