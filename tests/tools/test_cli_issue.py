"""`elicence issue` as an operator meets it."""

import json
import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.house import House
from licences.issuing import BATCH
from tests.tools.books import assert_issued_once
from tests.tools.conftest import Run
from tests.tools.processes import command, wait_for
from tests.tools.rows import FOREIGN, permits, write_csv, write_rows
from tools.demo.rows import write_rows as write_demo_rows


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_all_five_types_from_a_spreadsheet(run: Run, house: House, tmp_path: Path) -> None:
    path, noted = tmp_path / "rows.csv", tmp_path / "results.jsonl"
    write_demo_rows(path, 10, seed=7)
    code, out, err = run("issue", "--input", path, "--jobs", 1, "--results", noted, "--json")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert (summary["rows"], summary["issued"], summary["error"]) == (10, 10, None)
    assert summary["rate"] > 0
    issued = [row["identifier"] for row in lines(noted)]
    assert len({identifier.split(".")[5] for identifier in issued}) == 5
    assert_issued_once(house, issued)


def test_bad_rows_are_told_and_stop_nobody(run: Run, house: House, tmp_path: Path) -> None:
    good = permits(3)
    rows: list[dict[str, Any] | str] = [
        good[0],
        {**permits(1)[0], "number": "1"},
        "{not json",
        good[1],
        {**permits(1)[0], "issuer": FOREIGN},
        {name: value for name, value in permits(1)[0].items() if name != "decision"},
        {**good[0], "issue_date": "2020-01-01", "valid_until": "2024-12-31"},
        good[2],
    ]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    code, out, err = run("issue", "--input", path, "--jobs", 1)
    assert code == 3
    assert "已签发 issued 3 · 已有 existing 0 · 退回 refused 5 · 失败 failed 0" in out
    told = {int(line): text for line, text in re.findall(r"第 (\d+) 行 line \d+ · 退回 refused · (.*)", err)}
    assert sorted(told) == [2, 3, 5, 6, 7]
    assert all(re.search(r"^\S+ · [a-z]+\.[a-z_]+: .*[一-鿿].* / [a-z]", text) for text in told.values())
    assert told[5].startswith("issuer · door.not_authorised")
    assert told[6].startswith("decision · licences.decision_missing")
    assert told[7].startswith("number · licences.conflict")

    faults, noted = tmp_path / "faults.jsonl", tmp_path / "results.jsonl"
    code, out, err = run("issue", "--input", path, "--errors", faults, "--results", noted)
    assert (code, err) == (3, "")
    assert "已有 existing 3 · 退回 refused 5" in out
    assert {fault["line"] for fault in lines(faults)} == set(told)
    assert all({"field", "code", "zh", "en", "severity", "outcome"} < fault.keys() for fault in lines(faults))
    outcomes = {row["line"]: row["outcome"] for row in lines(noted)}
    assert outcomes == dict.fromkeys(told, "refused") | dict.fromkeys([1, 4, 8], "existing")
    assert_issued_once(house, [row["identifier"] for row in lines(noted) if row["outcome"] == "existing"])


def test_the_type_of_rows_that_name_none(run: Run, tmp_path: Path) -> None:
    rows = [{name: value for name, value in row.items() if name != "type"} for row in permits(2)]
    path = write_rows(tmp_path / "rows.jsonl", rows)
    code, out, _ = run("issue", "--input", path, "--jobs", 1)
    assert (code, "退回 refused 2" in out) == (3, True)
    assert run("issue", "--input", path, "--type", "tobacco-retail-permit", "--jobs", 1)[0] == 0


def test_a_file_that_breaks_off_is_issued_as_far_as_it_goes(run: Run, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", permits(4))
    with path.open("a") as stream:
        stream.write('"never closed\n')
    code, out, err = run("issue", "--input", path, "--jobs", 1)
    assert code == 3
    assert "已签发 issued 4" in out
    assert "rows.quote_unclosed" in err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "rows.empty"),
        (b"PK\x03\x04\0\0", "rows.binary"),
        (b"\xff\xfea\0,\0", "rows.file_encoding"),
        (b"name,colour\n1,2\n", "rows.columns_unknown"),
    ],
)
def test_a_file_that_is_no_import_is_a_wrong_request(run: Run, tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    exit_code, out, err = run("issue", "--input", path)
    assert (exit_code, out) == (3, "")
    assert code in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "missing.csv"], "does not exist"),
        (["--input", "."], "is a directory"),
        ([], "--input"),
        (["--input", "rows.jsonl", "--as", "nobody"], "tools.system_unknown"),
        (["--input", "rows.jsonl", "--type", "driving-licence"], "types.unknown"),
        (["--input", "rows.jsonl", "--jobs", "0"], "--jobs"),
        (["--input", "rows.jsonl", "--errors", "no/such/folder"], "no/such/folder"),
    ],
)
def test_wrong_requests(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "rows.jsonl", permits(1))
    code, out, err = run("issue", *arguments)
    assert (code, out) == (3, "")
    assert said in err


@pytest.mark.parametrize("option", ["--errors", "--results"])
def test_the_import_file_is_not_written_over(run: Run, tmp_path: Path, option: str) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(1))
    before = path.read_bytes()
    (tmp_path / "other-name").symlink_to(path)
    code, out, err = run("issue", option, tmp_path / "other-name", "--input", path)
    assert (code, out) == (3, "")
    assert option in err
    assert path.read_bytes() == before


def test_faults_and_results_are_two_files(run: Run, tmp_path: Path) -> None:
    path, noted = write_rows(tmp_path / "rows.jsonl", permits(1)), tmp_path / "noted"
    code, out, err = run("issue", "--input", path, "--errors", noted, "--results", noted)
    assert (code, out) == (3, "")
    assert "--results" in err
    assert run("issue", "--input", path, "--errors", os.devnull, "--results", os.devnull, "--jobs", 1)[0] == 0


def test_a_pipe_is_read_once_also_where_a_bar_is_shown(
    house: House, environment: dict[str, str], tmp_path: Path
) -> None:
    path, noted = write_rows(tmp_path / "rows.jsonl", permits(2)), tmp_path / "results.jsonl"
    screen, terminal = pty.openpty()
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": terminal, "stderr": terminal}
    call = ("issue", "--input", "/dev/stdin", "--jobs", 1, "--results", noted)
    with command(*call, env=environment, **pipes) as process:
        os.close(terminal)
        assert process.stdin is not None
        process.stdin.write(path.read_text(encoding="utf-8"))
        process.stdin.close()
        shown = read_screen(screen)
        process.wait()
    assert (process.returncode, "rows.empty" in shown) == (0, False)
    assert_issued_once(house, [row["identifier"] for row in lines(noted)])


def test_without_a_house_nothing_is_begun(run: Run, at_home: Callable[[Path], None], tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", permits(1))
    at_home(tmp_path / "nowhere")
    code, out, err = run("issue", "--input", path)
    assert (code, out) == (3, "")
    assert "elicence init" in err
    assert not (tmp_path / "nowhere").exists()


def test_a_house_that_cannot_render_is_no_fault_of_the_rows(
    run: Run, house: House, tmp_path: Path, at_home: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, noted = write_rows(tmp_path / "rows.jsonl", permits(2)), tmp_path / "results.jsonl"
    monkeypatch.setenv("ELICENCE_FONTS_DIR", str(tmp_path))
    code, _, err = run("issue", "--input", path, "--jobs", 1)
    assert code == 2
    assert "rendering.fonts_missing" in err
    at_home(house.settings.home)
    assert run("issue", "--input", path, "--jobs", 1, "--results", noted)[0] == 0
    assert_issued_once(house, [row["identifier"] for row in lines(noted)])


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_it_after_the_batches_under_way(
    house: House, environment: dict[str, str], tmp_path: Path, number: int, code: int
) -> None:
    path, noted = write_rows(tmp_path / "rows.jsonl", permits(8 * BATCH)), tmp_path / "results.jsonl"
    screen, terminal = pty.openpty()
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": terminal, "start_new_session": True}
    with command("issue", "--input", path, "--jobs", 1, "--results", noted, env=environment, **pipes) as process:
        os.close(terminal)
        wait_for(lambda: noted.exists() and noted.read_text().count("\n") >= BATCH)
        os.killpg(process.pid, number)  # as a terminal and a supervisor do: everybody in the group hears it
        assert process.stdout is not None
        out = process.stdout.read()
        shown = read_screen(screen)
        process.wait()
    assert process.returncode == code
    assert "签发 issuing" in shown
    assert "Traceback" not in shown
    assert "再次运行即可继续" in out
    issued = lines(noted)
    assert {row["outcome"] for row in issued} == {"issued"}
    assert BATCH <= len(issued) < 8 * BATCH
    assert_issued_once(house, [row["identifier"] for row in issued])


def read_screen(screen: int) -> str:
    shown = b""
    while True:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # the last writer has closed it
            os.close(screen)
            return shown.decode("utf-8", "replace")
