"""The demonstration, small: what it makes, what it says, and that it would notice a wrong verdict."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.house import open_house
from api.settings import settings
from seals.pdf.evidence import read_pdf
from tests.tools.demo_run import ROWS, Run, demonstrated
from tools.cli import main
from tools.demo import demonstration
from tools.demo.cases import Licence
from tools.demo.columns import width_of
from tools.demo.outcome import Outcome
from tools.demo.service import issuers, service_settings

TAMPERED = ("page", "seal", "number", "swapped", "swapped")


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return demonstrated(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def report(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.root / "report.json").read_text(encoding="utf-8"))
    return found


def of_kind(run: Run, kind: str) -> list[Licence]:
    return [licence for licence in run.outcome.issuing.licences if licence.kind == kind]


CERTIFICATES = 30
"""Of two hierarchies: 8 authorities with their responders, 2 timestamp authorities, 3 services, the maker of seals, and two a seal."""


def test_all_is_as_it_should_be(run: Run, report: dict[str, Any]) -> None:
    assert run.code == 0
    assert report["as_expected"] is True
    assert report["counts"] == {
        "issued": ROWS,
        "issued_by_type": {
            "business-licence": 8,
            "construction-permit": 2,
            "food-business-permit": 5,
            "real-estate-title": 8,
            "tobacco-retail-permit": 2,
        },
        "faulty_rows_refused": 6,
        # Two of each licence (issued, and the seal's use), one of each certificate, and of each seal: made, granted and
        # authorised for automatic sealing (one of them for two types).
        "log_entries": 2 * ROWS + CERTIFICATES + 4 + 5 + 5,
        "pages": {"valid": ROWS},
        "data": {"valid": ROWS},
        "spoilt": {"invalid": 7},
    }
    assert all(rate > 0 for rate in report["rates"].values())


def test_the_files_of_every_licence(run: Run) -> None:
    folder = run.outcome.folder
    assert {file.name for file in folder.licences.iterdir()} == {
        f"{licence.serial}{suffix}"
        for licence in run.outcome.issuing.licences
        for suffix in (".pdf", ".json", ".tlog-proof")
    }
    assert len({licence.serial for licence in run.outcome.issuing.licences}) == ROWS
    names = sorted(file.name.split("-")[0] for file in folder.tampered.iterdir())
    assert names == sorted(TAMPERED)
    revoked = of_kind(run, "food-business-permit")[-1]
    assert {file.stem for file in folder.revoked.iterdir()} == {revoked.serial}
    assert folder.preview.read_bytes().startswith(b"\x89PNG")
    assert len(folder.rows.read_bytes()) > len(folder.faulty_rows.read_bytes()) > 0


def test_the_verdict_on_every_file(run: Run, report: dict[str, Any]) -> None:
    verdicts = Counter(row["verdict"] for row in report["files"])
    assert verdicts == {"valid": 2 * ROWS, "invalid": 7}
    assert len({row["file"] for row in report["files"]}) == 2 * ROWS + 7
    assert all((run.root / row["file"]).is_file() and row["as_expected"] for row in report["files"])


@pytest.mark.parametrize(
    ("name", "reason", "failed"),
    [
        ("tampered/page-", "document.altered", {"integrity.signature ALTERED"}),
        (
            "tampered/seal-",
            "document.signature_invalid",
            {"integrity.signature SIGNATURE_INVALID", "integrity.canonical NOT_CANONICAL"},
        ),
        ("tampered/number-", "document.signature_invalid", {"integrity.signature SIGNATURE_INVALID"}),
        (
            "tampered/swapped-",
            "document.altered",
            {"integrity.signature ALTERED", "content.embedded DATA_SWAPPED"},
        ),
        ("revoked/", "licence.revoked", {"status.revocation REVOKED"}),
    ],
)
def test_why_a_spoilt_file_does_not_pass(report: dict[str, Any], name: str, reason: str, failed: set[str]) -> None:
    rows = [row for row in report["files"] if row["file"].startswith(name)]
    assert len(rows) in {1, 2}
    for row in rows:
        assert (row["verdict"], row["expected"], row["reason"]) == ("invalid", "invalid", reason)
        assert {f"{check['id']} {check['code']}" for check in row["failed"]} == failed
        assert set(row["what"]) == set(row["sentence"]) == {"zh", "en"}


def test_one_byte_is_what_was_changed(run: Run) -> None:
    for file in run.outcome.folder.tampered.iterdir():
        what, _, name = file.name.partition("-")
        genuine, spoilt = (run.outcome.folder.licences / name).read_bytes(), file.read_bytes()
        if what != "swapped":
            assert len(genuine) == len(spoilt)
            assert sum(one != other for one, other in zip(genuine, spoilt, strict=True)) == 1


def test_the_swapped_pages_carry_each_others_data(run: Run) -> None:
    first, second = of_kind(run, "food-business-permit")[:2]
    for here, there in ((first, second), (second, first)):
        page = read_pdf((run.outcome.folder.tampered / f"swapped-{here.serial}.pdf").read_bytes())
        assert page.embedded == {"licence.json": there.file(run.outcome.folder, ".json").read_bytes()}


def test_faulty_rows_are_reported_with_line_field_and_reason(run: Run, report: dict[str, Any]) -> None:
    rows = report["refused_rows"]
    assert {row["line"] for row in rows} == set(range(2, 9)) - {7}
    assert all(row["field"] and row["code"] and row["zh"] and row["en"] for row in rows)
    for row in rows:
        assert f"第 {row['line']} 行 line {row['line']}  {row['field']}" in run.printed


def test_what_is_shown_fits_a_terminal_and_names_every_file(run: Run) -> None:
    commands = [line for line in run.printed.splitlines() if line.startswith("     ")]
    lines = [line for line in run.printed.splitlines() if line not in commands and str(run.root) not in line]
    assert max(map(width_of, lines)) <= 100
    for finding in run.outcome.spoilt:
        assert finding.name in run.printed
    assert any(line.strip().startswith(".venv/bin/elicence verify") for line in commands)


def test_the_command_line_comes_to_the_same_verdicts(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run.outcome.folder
    material = ["--trust", str(folder.trust), "--status", str(folder.status), "--json"]
    revoked = of_kind(run, "food-business-permit")[-1].serial
    genuine = sorted(folder.licences.glob("*.pdf")) + sorted(folder.licences.glob("*.json"))
    spoilt = [run.root / finding.name for finding in run.outcome.spoilt]
    assert main(["verify", *map(str, genuine + spoilt), *material]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 2 * ROWS + 7
    for row in rows:
        ended = row["file"] in set(map(str, spoilt)) or Path(row["file"]).stem == revoked
        assert row["verdict"] == ("invalid" if ended else "valid")


def test_the_service_can_be_opened_again(run: Run) -> None:
    with open_house(service_settings(run.outcome.folder.service)) as house:
        assert len(issuers(house)) == 4
        assert house.settings.database_url is None
        assert house.ceremony.trust == run.outcome.folder.trust.read_bytes()


def test_no_other_database_is_ever_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELICENCE_DATABASE_URL", "postgresql://production/elicence")
    monkeypatch.setenv("ELICENCE_OBJECTS_URL", "s3://production")
    monkeypatch.setenv("ELICENCE_TEST_MARKS", "false")
    monkeypatch.setenv("ELICENCE_PASSPHRASE_FILE", "/production")
    settings.cache_clear()
    chosen = service_settings(tmp_path)
    settings.cache_clear()
    assert (chosen.database_url, chosen.objects_url, chosen.test_marks) == (None, None, True)
    assert chosen.passphrase_file.is_relative_to(tmp_path)


@pytest.mark.parametrize("fault", ["spoilt file valid", "genuine file invalid", "another reason"])
def test_a_wrong_verdict_is_noticed(
    run: Run, fault: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = run.outcome
    genuine, spoilt = outcome.pages.findings[0], outcome.spoilt[0]
    assert spoilt.case is not None
    if fault == "spoilt file valid":
        outcome = replace(outcome, spoilt=(replace(spoilt, report=genuine.report),))
    elif fault == "genuine file invalid":
        outcome = replace(outcome, pages=replace(outcome.pages, findings=(replace(genuine, report=spoilt.report),)))
    else:
        outcome = replace(outcome, spoilt=(replace(spoilt, case=replace(spoilt.case, code="ELSE")),))

    def doctored(*_: object) -> Outcome:
        return outcome

    monkeypatch.setattr(demonstration, "demonstrate", doctored)
    assert main(["demo"]) == 1
    assert "结论不符 wrong verdict" in capsys.readouterr().out
    assert outcome.as_json()["as_expected"] is False


def test_too_few_rows_are_refused() -> None:
    assert main(["demo", "--rows", "5"]) == 3
