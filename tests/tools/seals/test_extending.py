"""`elicence seals extend`: stored pages and files, extended before their timestamps' certificates end."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.house import House
from api.schema import Role
from licences import identifiers
from licences.store import reading
from seals.pdf.evidence import read_pdf
from tests.seals.mini_pdf import blank
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows
from tests.tools.seals.conftest import KEEPER, USER, Refused, Told
from tools.ca.duties import Duties

CENTURY = 36_500


@pytest.fixture
def issued(house: House, tmp_path: Path) -> list[str]:
    """Two licences in force."""
    return [str(one.identifier) for one in issue_here(house, write_rows(tmp_path / "two.jsonl", permits(2)))]


def generations(house: House, identifier: str) -> list[tuple[str, int]]:
    with house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, identifier)
        assert version is not None
        return [(one.kind, one.generation) for one in reading.renditions(session, version.id)]


def test_named_ones_leave_the_house_extended_and_verify(
    run: Run, told: Told, house: House, issued: list[str], tmp_path: Path
) -> None:
    one, other = issued
    answer = told("extend", "--licence", one, "--actor", KEEPER)
    [document] = answer["documents"]
    assert (answer["counts"], document["licence"], document["result"]) == ({"extended": 1}, one, "extended")
    assert datetime.fromisoformat(document["renew_by"]) > datetime.now(UTC) + timedelta(days=365)
    assert generations(house, one) == [("json", 1), ("pdf", 1), ("pdf", 2)]
    assert generations(house, other) == [("json", 1), ("pdf", 1)]
    out, trust, status = tmp_path / "out", tmp_path / "trust.json", tmp_path / "status.jwt"
    assert run("licences", "export", out, one)[0] == 0
    assert run("trust", "export", trust)[0] == run("status", "export", status)[0] == 0
    page = out / f"{identifiers.parse(one).serial}.pdf"
    assert len(read_pdf(page.read_bytes()).document_timestamps) == 1
    code, told_of, _ = run("verify", page, "--trust", trust, "--status", status, "--json")
    assert (code, json.loads(told_of)["verdict"]) == (0, "valid")


def test_all_that_are_due_and_only_once(told: Told, run: Run, issued: list[str], house: House) -> None:
    assert set(told("extend", "--all-due", "--within", 1)["counts"]) <= {"not_due"}  # nothing ends tomorrow
    assert told("extend", "--all-due", "--within", 1) == {"counts": {}, "documents": []}
    counts = told("extend", "--all-due", "--within", CENTURY, "--jobs", 1)["counts"]
    assert set(counts) == {"extended"}
    assert counts["extended"] >= len(issued)
    for identifier in issued:
        assert generations(house, identifier) == [("json", 1), ("pdf", 1), ("pdf", 2)]
    code, out, _ = run("seals", "extend", "--all-due", "--lang", "zh")
    assert (code, out.strip()) == (0, "没有需要补充的文件")


def test_a_licence_that_is_not_there(run: Run, told: Told) -> None:
    code, out, err = run("seals", "extend", "--licence", "1.2.156.3005.2.nobody", "--json")
    assert (code, err) == (3, "")
    assert json.loads(out)["documents"] == [{"licence": "1.2.156.3005.2.nobody", "result": "unknown"}]


def test_files_are_extended_beside_themselves(told: Told, run: Run, seal: str, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(blank())
    sealed = Path(
        told("seal", path, "--seal", seal, "--matter", "测试", "--x", 100, "--y", 100, "--actor", USER)["file"]
    )
    [document] = told("extend", sealed, "--level", "B-LT")["documents"]
    assert (document["result"], document["output"]) == ("extended", str(sealed.with_name("a-sealed-lta.pdf")))
    (tmp_path / "out").mkdir()
    [again] = told("extend", document["output"], "-o", tmp_path / "out")["documents"]
    data = Path(again["output"]).read_bytes()
    assert data.startswith(sealed.read_bytes())
    evidence = read_pdf(data)
    assert evidence.seal is not None
    assert (evidence.seal.fault, evidence.seal.coverage_faults) == (None, ())
    assert len(evidence.document_timestamps) == 1
    code, out, _ = run("seals", "extend", sealed, "-o", tmp_path / "out", "--lang", "zh")
    assert (code, "已补充 1" in out) == (0, True)


def test_an_extension_heals_no_compromise(told: Told, run: Run, house: House, seal: str, tmp_path: Path) -> None:
    path, trust = tmp_path / "a.pdf", tmp_path / "trust.json"
    path.write_bytes(blank())
    told("seal", path, "--seal", seal, "--matter", "测试", "--x", 100, "--y", 100, "--actor", USER)
    since = (datetime.now(UTC) - timedelta(minutes=30)).isoformat()
    told("cancel", seal, "--reason", "compromise", "--invalid-from", since, "--actor", KEEPER)
    Duties(house).do(datetime.now(UTC))
    assert run("seals", "extend", tmp_path / "a-sealed.pdf")[0] in {0, 3}
    assert run("trust", "export", trust)[0] == 0
    for document in tmp_path.glob("a-sealed*.pdf"):
        code, out, _ = run("verify", document, "--trust", trust, "--json")
        report = json.loads(out)
        assert (code, report["verdict"]) == (1, "invalid")
        assert "trust.revocation" in {one["id"] for one in report["checks"] if one["outcome"] == "failed"}


def test_what_cannot_be_extended_says_why(run: Run, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "plain.pdf").write_bytes(blank())
    (tmp_path / "rubbish.pdf").write_bytes(b"rubbish")
    code, out, err = run("seals", "extend", tmp_path / "plain.pdf", tmp_path / "rubbish.pdf", "--json")
    assert code == 3
    codes = [one["code"] for one in json.loads(out)["documents"]]
    assert codes == ["seals.extension_refused", "seals.pdf_unreadable"]
    assert "no_seal" in err
    for arguments in ((), ("--all-due", "--licence", "x"), (tmp_path / "plain.pdf", "--all-due")):
        assert "--all-due" in refused("extend", *arguments)
    (tmp_path / "plain-lta.pdf").touch()
    assert "tools.output_taken" in refused("extend", tmp_path / "plain.pdf")
