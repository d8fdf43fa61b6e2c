"""What leaves the house as files: licences with their proofs, the trust list, the status list; and all of it verifies."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.house import House
from api.schema import Role
from ledger.subjects import erase_subject
from licences import identifiers
from licences.exporting import PAGE
from licences.store import reading
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows
from tools.sequencing import drain


@pytest.fixture
def issued(house: House, tmp_path: Path) -> list[str]:
    """Three licences in force, their events not in the tree yet."""
    results = issue_here(house, write_rows(tmp_path / "three.jsonl", permits(3)))
    return [str(result.identifier) for result in results]


def serial(identifier: str) -> str:
    return identifiers.parse(identifier).serial


def test_licences_leave_with_their_proofs_and_verify_off_line(
    run: Run, house: House, issued: list[str], tmp_path: Path
) -> None:
    out, trust, status = tmp_path / "out", tmp_path / "trust.json", tmp_path / "status.jwt"
    first, second, third = issued
    grounds = ("--reason", "测试", "--legal-basis", "行政许可法第六十九条")
    assert run("act", second, "--act", "revoke", *grounds)[0] == 0
    assert run("licences", "export", out, first, second)[0] == 0
    names = {
        serial(identifier) + suffix for identifier in (first, second) for suffix in (".pdf", ".json", ".tlog-proof")
    }
    assert {path.name for path in out.iterdir()} == names
    assert run("trust", "export", trust)[0] == 0
    assert run("status", "export", status)[0] == 0

    files = [out / f"{serial(identifier)}{suffix}" for identifier in (first, second) for suffix in (".pdf", ".json")]
    code, answer, _ = run("verify", *files, "--trust", trust, "--status", status, "--json")
    reports = [json.loads(line) for line in answer.splitlines()]
    assert code == 1
    assert [report["verdict"] for report in reports] == ["valid", "valid", "invalid", "invalid"]
    for report in reports:
        outcomes = {check["id"]: check["outcome"] for check in report["checks"]}
        assert outcomes["ledger.inclusion"] == "passed"
        assert outcomes["status.revocation"] == ("passed" if report["verdict"] == "valid" else "failed")
    assert serial(third) not in {path.stem for path in out.iterdir()}


def test_a_name_that_is_no_text_is_a_licence_nobody_knows(run: Run, tmp_path: Path) -> None:
    code, _, err = run("licences", "export", tmp_path / "out", "\udcff")
    assert (code, "没有找到证照" in err) == (3, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_all_of_them_page_by_page(run: Run, house: House, tmp_path: Path) -> None:
    ours = {str(r.identifier) for r in issue_here(house, write_rows(tmp_path / "rows.jsonl", permits(PAGE + 3)))}
    drain(house.sequencer())
    code, out, _ = run("licences", "export", tmp_path / "all")
    assert code == 0
    written = {path.name for path in (tmp_path / "all").iterdir()}
    assert {f"{serial(identifier)}.pdf" for identifier in ours} <= written
    assert len(written) % 3 == 0
    assert f"{len(written) // 3:,}" in out


def test_a_proof_that_is_not_there_yet_is_said(run: Run, house: House, issued: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    stale = folder / f"{serial(issued[0])}.tlog-proof"
    stale.write_text("of another house")
    code, _, err = run("licences", "export", folder, *issued)
    assert code == 2
    assert "3 份尚无存证证明" in err
    assert not stale.exists()
    assert (folder / f"{serial(issued[0])}.pdf").read_bytes().startswith(b"%PDF")
    drain(house.sequencer())
    assert run("licences", "export", folder, *issued)[0] == 0
    assert stale.read_text().startswith("c2sp.org/tlog-proof@v1\n")


def test_an_unknown_licence_is_said_and_stops_no_other(
    run: Run, house: House, issued: list[str], tmp_path: Path
) -> None:
    drain(house.sequencer())
    unknown = issued[0][:-1] + "?"
    code, out, err = run("licences", "export", tmp_path / "out", issued[0], unknown)
    assert code == 3
    assert unknown in err
    assert "exported: 1" in out


@pytest.mark.parametrize("command", [("licences", "export"), ("trust", "export"), ("status", "export")])
def test_a_place_that_cannot_be_written_is_a_wrong_request(run: Run, tmp_path: Path, command: tuple[str, str]) -> None:
    (tmp_path / "file").touch()
    code, out, err = run(*command, tmp_path / "file" / "below")
    assert (code, out) == (3, "")
    assert "below" in err


@pytest.mark.parametrize("command", [("licences", "export"), ("trust", "export"), ("status", "export")])
def test_without_a_house(run: Run, at_home: Callable[[Path], None], tmp_path: Path, command: tuple[str, str]) -> None:
    at_home(tmp_path / "nowhere")
    code, _, err = run(*command, tmp_path / "out")
    assert code == 3
    assert "elicence init" in err
    assert not list(tmp_path.iterdir())


def test_a_status_list_that_does_not_exist(run: Run, tmp_path: Path) -> None:
    code, _, err = run("status", "export", tmp_path / "status.jwt", "--list", "2")
    assert code == 3
    assert "--list" in err


def test_an_erased_licence_has_no_files_and_stops_no_other(
    run: Run, house: House, issued: list[str], tmp_path: Path
) -> None:
    drain(house.sequencer())
    with house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, issued[1])
        assert version is not None
        erase_subject(session, house.wrapper, version.licence_id, datetime.now(UTC))
    code, out, err = run("licences", "export", tmp_path / "out", *issued)
    assert (code, "exported: 2" in out, issued[1] in err) == (3, True, True)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == {serial(issued[0]), serial(issued[2])}
