"""kill -9 at every step of issuing: nothing acknowledged is lost, nothing is issued twice, the next run finishes."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from api.house import House
from api.systems import RegisteredSystem
from licences.issuing import BATCH, STEPS
from tests.tools.books import assert_issued_once, assert_log_sound
from tests.tools.issue_driver import KillAt, issue_here
from tests.tools.processes import children, command, wait_for
from tests.tools.rows import permits, write_rows
from tools.bulk import issue_file
from tools.bulk_results import RowResult
from tools.errors import WorkerDied

PER_LICENCE = {"json-signed", "rendered", "sealed"}
ROWS = BATCH + 3


def driver(house: House, path: Path, *kill: object) -> list[str]:
    return [sys.executable, "-m", "tests.tools.issue_driver", str(house.settings.home), str(path), *map(str, kill)]


def acknowledged(output: str) -> dict[int, str]:
    return {row["line"]: row["identifier"] for row in map(json.loads, output.splitlines())}


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_loses_nothing_and_repeats_nothing(
    house: House, environment: dict[str, str], tmp_path: Path, step: str
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(ROWS))
    # In the second batch, so that the first one was acknowledged before.
    call = BATCH + 2 if step in PER_LICENCE else 2
    killed = subprocess.run(
        driver(house, path, step, call), env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    before = acknowledged(killed.stdout)
    assert len(before) == BATCH

    results = {result.line: result for result in issue_here(house, path)}
    assert sorted(results) == list(range(1, ROWS + 1))
    assert {result.outcome for result in results.values()} <= {"issued", "existing"}
    assert all(results[line].identifier == identifier for line, identifier in before.items())
    assert_issued_once(house, identifiers(results.values()))
    assert_log_sound(house)


def test_two_processes_with_one_file_issue_each_row_once(
    house: House, environment: dict[str, str], tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(3 * BATCH))
    both = [subprocess.Popen(driver(house, path), env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [[json.loads(line) for line in process.communicate()[0].splitlines()] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [len(answer) for answer in answers] == [3 * BATCH, 3 * BATCH]
    for first, second in zip(*(sorted(answer, key=lambda row: row["line"]) for answer in answers), strict=True):
        assert first["identifier"] == second["identifier"]
        assert sorted([first["outcome"], second["outcome"]]) == ["existing", "issued"]
    assert_issued_once(house, [row["identifier"] for row in answers[0]])


def test_a_worker_that_dies_ends_the_run_and_the_next_one_finishes(
    house: House, system: RegisteredSystem, tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(2 * BATCH))
    told: list[RowResult] = []
    with pytest.raises(WorkerDied) as caught:
        issue_file(house, path, system, jobs=2, report=told.append, checkpoint=KillAt("rendered", BATCH // 2))
    assert caught.value.exit_code == -signal.SIGKILL
    assert not told, "both workers died in their first batch"

    summary = issue_file(house, path, system, jobs=2, report=told.append)
    assert summary.issued + summary.existing == 2 * BATCH
    assert summary.finished == summary.existing > 0
    assert_issued_once(house, identifiers(told))


def test_a_killed_command_leaves_nobody_behind_and_nothing_unfinished(
    house: House, system: RegisteredSystem, environment: dict[str, str], tmp_path: Path
) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(6 * BATCH))
    noted = tmp_path / "results.jsonl"
    with command("issue", "--input", path, "--jobs", 2, "--results", noted, env=environment) as process:
        wait_for(lambda: noted.exists() and noted.read_text().count("\n") >= BATCH)
        workers = children(process.pid)
        assert workers
        process.kill()
    wait_for(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    before = acknowledged(noted.read_text())
    assert len(before) < 6 * BATCH, "killed too late to show anything"

    told: list[RowResult] = []
    summary = issue_file(house, path, system, jobs=2, report=told.append)
    assert summary.issued + summary.existing == 6 * BATCH
    assert before.items() <= {result.line: result.identifier for result in told}.items()
    assert_issued_once(house, identifiers(told))
    assert_log_sound(house)


def identifiers(results: Iterable[RowResult]) -> list[str]:
    return [str(result.identifier) for result in results]
