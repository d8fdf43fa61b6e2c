"""`elicence seals uses`, `register` and `draw`: what custodians and auditors take away."""

import re
import struct
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from seals.local_time import local_date
from tests.seals.mini_pdf import blank
from tests.tools.conftest import MARKET, Run
from tests.tools.rows import TOBACCO
from tests.tools.seals.conftest import KEEPER, USER, Refused, Told


@pytest.fixture
def used(told: Told, run: Run, seal: str, tmp_path: Path) -> str:
    """A seal that was used once, and once refused."""
    path = tmp_path / "a.pdf"
    path.write_bytes(blank())
    matter = ("--seal", seal, "--matter", "关于测试事项的批复", "--number", "测市监〔2026〕1号", "--detached")
    told("seal", path, *matter, "--actor", USER)
    assert run("seals", "seal", path, *matter, "--actor", "user-9", "-o", tmp_path / "b")[0] == 3
    return seal


def span(days: int = 1) -> tuple[object, ...]:
    today = local_date(datetime.now(UTC))
    return "--from", today - timedelta(days=days), "--to", today + timedelta(days=days)


def test_the_register_as_it_is_shown(told: Told, run: Run, used: str) -> None:
    asked = ("register", "--organisation", MARKET, "--seal", used, *span(), "--actor", "auditor-1")
    answer = told(*asked)
    assert (answer["uses"], answer["seal"], answer["files"]) == (2, used, [])
    lines = [(one["outcome"], one["operator"], one["approver"], one["number"]) for one in answer["lines"]]
    assert lines == [
        ("used", USER, KEEPER, "测市监〔2026〕1号"),
        ("refused", "user-9", None, "测市监〔2026〕1号"),
    ]
    code, out, _ = run("seals", *asked, "--lang", "zh")
    assert (code, "批准人" in out, "已用印" in out) == (0, True, True)


def test_a_register_of_nothing_that_there_is(told: Told, refused: Refused, used: str) -> None:
    """An empty page would say that nothing was sealed: of what is not there it is none."""
    asked = ("register", "--organisation", MARKET, *span())
    assert told(*asked, "--seal", f"{used}-1")["uses"] == 2
    assert "tools.seal_missing" in refused(*asked, "--seal", f"{used}-2")
    assert "tools.seal_missing" in refused(*asked, "--seal", "99010001099999")
    assert "seals.organisation_unknown" in refused("register", "--organisation", "11990100MB9T00999T", *span())
    assert "tools.seal_missing" in refused("register", "--organisation", TOBACCO, *span(), "--seal", used)
    assert told("register", "--organisation", MARKET, "--from", "0001-01-01", "--to", "9999-12-31")["uses"] >= 2


def test_the_register_as_files(told: Told, run: Run, used: str, tmp_path: Path) -> None:
    files = ("--xlsx", tmp_path / "register.xlsx", "--pdf", tmp_path / "register.pdf")
    answer = told("register", "--organisation", MARKET, "--seal", used, *span(), *files)
    assert answer["files"] == [str(path) for path in files[1::2]]
    with zipfile.ZipFile(tmp_path / "register.xlsx") as book:
        sheet = re.sub(r"<[^>]+>", "\n", book.read("xl/worksheets/sheet1.xml").decode())
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "register.pdf", "-"], capture_output=True, check=True, text=True
    ).stdout
    for word in (used, "关于测试事项的批复", USER, "user-9"):
        assert word in sheet
        assert word in text.replace("\u200b", "")
    assert "测试市市场监督管理局" in text


def test_nobody_reads_another_units_register(refused: Refused) -> None:
    asked = ("register", "--organisation", MARKET, *span(), "--unit", TOBACCO)
    assert "seals.unit_refused" in refused(*asked)


def test_uses_are_found_by_what_is_asked(told: Told, run: Run, used: str) -> None:
    assert [one["outcome"] for one in told("uses", "--seal", used)] == ["refused", "used"]
    assert [one["operator"] for one in told("uses", "--seal", used, "--outcome", "used")] == [USER]
    assert told("uses", "--seal", used, "--unit", TOBACCO) == []
    assert told("uses", "--seal", used, "--possible") == []
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert told("uses", "--seal", used, "--from", later) == []
    assert len(told("uses", "--seal", used, "--to", later)) == 2
    code, out, _ = run("seals", "uses", "--seal", used, "--limit", 1, "--lang", "zh")
    assert (code, len(out.splitlines()), "已拒绝" in out) == (0, 2, True)


FORMS = {
    "contract": ("测试市市场监督管理局", ("--line", "合同专用章"), (42, 42)),
    "statutory": ("测试市人民政府办公室", (), (45, 45)),
    "finance": ("测试市财政局", (), (45, 30)),
    "invoice": ("测试市测试有限公司", ("--tax-code", "91990100MB9T00038E"), (40, 30)),
    "personal": ("测试人", (), (20, 20)),
}


@pytest.mark.parametrize("kind", FORMS)
def test_a_picture_before_anybody_applies(told: Told, kind: str, tmp_path: Path) -> None:
    name, more, size = FORMS[kind]
    asked = ("--kind", kind, "--name", name, *more)
    answer = told("draw", tmp_path / "seal.png", *asked, "--ppi", 96)
    assert (answer["width_mm"], answer["height_mm"], answer["test"]) == (*size, True)
    png = (tmp_path / "seal.png").read_bytes()
    pixels = struct.unpack(">II", png[16:24])
    assert pixels == tuple(pytest.approx(side / 25.4 * 96, abs=1.5) for side in size)
    told("draw", tmp_path / "seal.svg", *asked)
    svg = (tmp_path / "seal.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg")
    assert "#ff0000" in svg.lower()
    told("draw", tmp_path / "seal.pdf", *asked)
    assert (tmp_path / "seal.pdf").read_bytes().startswith(b"%PDF-")


def test_what_cannot_be_drawn(refused: Refused, tmp_path: Path) -> None:
    assert "FILE" in refused("draw", tmp_path / "seal.bmp", "--kind", "finance", "--name", "测试市财政局")
    assert "seals.picture_refused" in refused("draw", tmp_path / "seal.png", "--kind", "finance", "--name", "测")
    assert list(tmp_path.iterdir()) == []
