"""The register of uses, read back by other programs: as a workbook, and as pages."""

import io
import re
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy.orm import Session

from ledger.actor import Actor, Uscc
from seals.errors import SealNotGranted
from seals.life.choosing import Denial
from seals.life.life_errors import RegisterUnprintable, RoleWanted, UnitRefused
from seals.life.uses import Ending, Opening, Refusal
from seals.local_time import CHINA
from seals.register.pdf import MOST_LINES, write_pdf
from seals.register.use_register import HEADINGS, RegisterQuestion, UseLine, count_register, read_register
from seals.register.xlsx import write_xlsx
from tests.seals.house import FONTS
from tests.seals.keys import NOW
from tests.seals.register import APPROVER, AUDITOR, BUREAU, CLERK, CUSTODIAN, SYSTEM, TYPE, office
from tests.seals.test_uses import some_use

DOCUMENT = "sha-256:" + "ab" * 32
TODAY = NOW.astimezone(CHINA).date()
QUESTION = RegisterQuestion(BUREAU, TODAY, TODAY)
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def fill(session: Session) -> None:
    """One use made, one refused, one possible."""
    use, book = some_use(session), office().uses
    used, _ = book.open(session, [Opening(use, uuid4(), TYPE, "N-1"), Opening(use, uuid4(), TYPE, "N-2")], SYSTEM, NOW)
    book.close(session, [Ending(used, use, SYSTEM, DOCUMENT, "N-1")], NOW)
    denial = Denial(SealNotGranted(seal="x", reason="other_system"), use.seal)
    book.refuse(session, [Refusal(denial, TYPE)], replace(SYSTEM, id="stranger"), NOW + timedelta(seconds=1))


def line(**changes: object) -> UseLine:
    sound = UseLine(
        at=NOW.astimezone(CHINA),
        code="99010100000001",
        seal="测试市自然资源和规划局不动产登记专用章（测试）",
        matter="不动产权证书",
        number="1.2.156.3005.2",
        approver="approver-1",
        operator="approval-1",
        copies=1,
        outcome="used",
        refusal=None,
        document=DOCUMENT,
    )
    return replace(sound, **changes)  # type: ignore[arg-type]


def sheets(workbook: bytes) -> list[list[list[str]]]:
    """The cells of each sheet as another program reads them; no cell is a formula."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        assert not [name for name in archive.namelist() if "external" in name or "vba" in name]
        strings = []
        if "xl/sharedStrings.xml" in archive.namelist():
            shared = ET.fromstring(archive.read("xl/sharedStrings.xml"))
            strings = ["".join(item.itertext()) for item in shared]
        names = sorted(name for name in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name))
        return [list(_rows(ET.fromstring(archive.read(name)), strings)) for name in names]


def _rows(sheet: ET.Element, strings: list[str]) -> Iterator[list[str]]:
    assert sheet.find(f".//{_SHEET}f") is None
    assert sheet.find(f".//{_SHEET}hyperlink") is None
    for row in sheet.iter(f"{_SHEET}row"):
        yield [_cell(cell, strings) for cell in row]


def _cell(cell: ET.Element, strings: list[str]) -> str:
    text = "".join(cell.itertext())
    return strings[int(text)] if cell.get("t") == "s" else text


def test_every_use_with_who_allowed_it(session: Session) -> None:
    fill(session)
    lines = list(read_register(session, QUESTION, AUDITOR, {TYPE: "不动产权证书"}.__getitem__))
    assert sorted((one.outcome or "", one.number or "") for one in lines) == [
        ("", "N-2"),
        ("refused", ""),
        ("used", "N-1"),
    ]
    used = next(one for one in lines if one.outcome == "used")
    assert (used.matter, used.approver, used.operator) == ("不动产权证书", CUSTODIAN.id, SYSTEM.id)
    assert (used.at, used.document, used.copies) == (NOW, DOCUMENT, 1)
    refused = next(one for one in lines if one.outcome == "refused")
    assert (refused.approver, refused.operator) == (None, "stranger")
    assert refused.outcome_text("zh") == "已拒绝 (seals.not_granted)"
    assert count_register(session, QUESTION, CUSTODIAN) == 3


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 3),
        ({"code": "99010100000001"}, 3),
        ({"code": "99010100000002"}, 0),
        ({"first": TODAY + timedelta(days=1), "last": TODAY + timedelta(days=1)}, 0),
        ({"first": TODAY - timedelta(days=1), "last": TODAY - timedelta(days=1)}, 0),
        ({"first": date(2020, 1, 1), "last": date(2030, 1, 1)}, 3),
    ],
)
def test_of_some_days_and_some_seal(session: Session, changes: dict[str, object], count: int) -> None:
    fill(session)
    question = replace(QUESTION, **changes)  # type: ignore[arg-type]
    assert len(list(read_register(session, question, AUDITOR))) == count
    assert count_register(session, question, AUDITOR) == count


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        (CLERK, RoleWanted),
        (APPROVER, RoleWanted),
        (SYSTEM, RoleWanted),
        (replace(AUDITOR, on_behalf_of=Uscc("11990100MB9T0002XE")), UnitRefused),
    ],
)
def test_not_everybody_reads_it(session: Session, actor: Actor, error: type[Exception]) -> None:
    with pytest.raises(error):
        read_register(session, QUESTION, actor)
    with pytest.raises(error):
        count_register(session, QUESTION, actor)


def test_the_workbook_says_what_the_register_says() -> None:
    (rows,) = sheets(write_xlsx([line(), line(outcome=None, document=None)]))
    assert rows[0] == list(HEADINGS["zh"])
    assert rows[1][2:8] == [
        "99010100000001",
        line().seal,
        "不动产权证书",
        "1.2.156.3005.2",
        "approver-1",
        "approval-1",
    ]
    days = float(rows[1][1])
    assert datetime(1899, 12, 30) + timedelta(days=days) == NOW.astimezone(CHINA).replace(tzinfo=None)  # noqa: DTZ001
    assert (rows[1][9], rows[2][9]) == ("已用印", "可能已用印")


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "https://x.test", "{=1}", "0012", "<b>&\x01"])
def test_nothing_typed_in_becomes_a_formula_a_link_or_a_number(text: str) -> None:
    (rows,) = sheets(write_xlsx([line(number=text, operator=text)], "en"))
    assert rows[0] == list(HEADINGS["en"])
    told = rows[1][5].replace("_x0001_", "\x01")
    assert told == text


def test_a_full_sheet_is_followed_by_another() -> None:
    found = sheets(write_xlsx((line(number=str(number)) for number in range(5)), most_rows=2))
    assert [len(rows) for rows in found] == [3, 3, 2]
    assert [row[5] for rows in found for row in rows[1:]] == list("01234")


def test_the_pages_say_what_the_register_says(tmp_path: Path) -> None:
    lines = [line(number=f"N-{number}") for number in range(60)]
    pages = tmp_path / "register.pdf"
    pages.write_bytes(write_pdf(lines, QUESTION, "测试市自然资源和规划局", FONTS, NOW))
    text = subprocess.run(["pdftotext", "-layout", str(pages), "-"], check=True, capture_output=True, text=True).stdout
    bare = re.sub(r"[\s\u200b]", "", text)
    assert all(f"N-{number}" in bare for number in range(60))
    assert "用印登记簿" in bare
    sheets_of_paper = text.count("\f")
    assert sheets_of_paper > 1
    assert bare.count("批准人") == sheets_of_paper
    assert subprocess.run(["qpdf", "--check", str(pages)], check=False, capture_output=True).returncode == 0


def test_an_empty_register_is_a_page_too() -> None:
    assert write_pdf([], QUESTION, "测试", FONTS, NOW, "en").startswith(b"%PDF")


def test_a_character_that_no_font_has_keeps_no_register_from_being_printed(tmp_path: Path) -> None:
    """Anybody who is refused can type it in: it is printed by its number, and nothing is left out."""
    strange = [line(matter="批复\U000323b1", operator="\U000323b0"), line(number="\U000323b2N-2")]
    pages = tmp_path / "register.pdf"
    pages.write_bytes(write_pdf(strange, QUESTION, "测试", FONTS, NOW))
    text = subprocess.run(["pdftotext", "-layout", str(pages), "-"], check=True, capture_output=True, text=True).stdout
    bare = re.sub(r"[\s\u200b]", "", text)
    for told in ("U+323B1", "U+323B0", "U+323B2"):
        assert told in bare or told in _by_columns(pages)


def _by_columns(pages: Path) -> str:
    """The text in the order in which it was written: a cell's lines follow each other."""
    done = subprocess.run(["pdftotext", "-raw", str(pages), "-"], check=True, capture_output=True, text=True)
    return re.sub(r"[\s\u200b]", "", done.stdout)


def test_a_register_of_more_lines_than_pages_can_hold() -> None:
    with pytest.raises(RegisterUnprintable):
        write_pdf((line() for _ in range(MOST_LINES + 1)), QUESTION, "测试", FONTS, NOW)
