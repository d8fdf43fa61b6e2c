"""Whatever is typed in, a wrong request is told as one: no traceback, no crash, nothing half done."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.seals.mini_pdf import blank
from tests.tools.conftest import MARKET, Run
from tests.tools.rows import SYSTEM
from tests.tools.seals.conftest import KEEPER, USER, Refused, Told, fresh_code

FIRST, LAST = "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"
"""Moments that there are here, and not in UTC."""
HUGE, UNREADABLE = 10**30, "\udcff"

GRANTED = ("--to", USER, "--type", "*")
AUTHORISED = ("--system", SYSTEM, "--type", "*", "--grounds", "测试")
REGISTER = ("register", "--organisation", MARKET, "--from", "2026-11-01", "--to", "2026-12-01")
SEALED = ("--matter", "测试", "--actor", USER)
MOMENTS = [
    ("grant", "{seal}", *GRANTED, "--from"),
    ("grant", "{seal}", *GRANTED, "--until"),
    ("authorise", "{seal}", *AUTHORISED, "--cap", 1, "--until"),
    ("cancel", "{seal}", "--reason", "lost", "--invalid-from"),
    ("uses", "--from"),
]


@pytest.mark.parametrize("moment", [FIRST, LAST, "2026-11-22", "2026-11-22T10:00", "", UNREADABLE])
@pytest.mark.parametrize("command", MOMENTS, ids=lambda command: f"{command[0]} {command[-1]}")
def test_moments(refused: Refused, command: tuple[object, ...], moment: str) -> None:
    assert "2026-11-22T10:00:00+08:00" in refused(*(str(one).format(seal="99010000000001") for one in command), moment)


@pytest.mark.parametrize(
    "arguments",
    [
        ("grant", "{seal}", *GRANTED, "--daily-limit", HUGE),
        ("grant", "{seal}", "--to", "two words", "--type", "*"),
        ("grant", "{seal}", "--to", UNREADABLE, "--type", "*"),
        ("grant", "{seal}", "--to", USER, "--type", UNREADABLE),
        ("grant", "{seal}", *GRANTED, "--until", "2020-01-01T00:00:00+08:00"),
        ("authorise", "{seal}", *AUTHORISED, "--cap", HUGE, "--until", "2027-01-01T00:00:00+08:00"),
        ("authorise", "{seal}", *AUTHORISED, "--cap", 1, "--until", "2020-01-01T00:00:00+08:00"),
        ("organisation", MARKET, UNREADABLE),
        ("organisation", MARKET, "测试\n局"),
        ("list", "--ending", HUGE),
        ("show", UNREADABLE),
        ("uses", "--operator", UNREADABLE),
        (*REGISTER, "--seal", UNREADABLE),
        (*REGISTER, "--xlsx", ""),
        (*REGISTER, "--pdf", "/"),
        (*REGISTER, "--xlsx", "/no/such/folder/register.xlsx"),
        ("draw", "{tmp}/seal.png", "--kind", "contract", "--name", "测试市财政局", "--diameter", HUGE),
        ("draw", "{tmp}/seal.png", "--kind", "contract", "--name", UNREADABLE),
        ("extend", "/dev/zero"),
        ("extend", "{tmp}"),
        ("seal", "/dev/zero", "--seal", "{seal}", "--detached", *SEALED),
        ("seal", "{tmp}/no.pdf", "--seal", "{seal}", *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--x", "nan", "--y", "1", *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--x", "1e999", "--y", "1", *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--x", "9", "--y", "9", "--seam-y", "nan", *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--x", "9", "--y", "9", "--page", HUGE, *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--x", "9", "--y", "9", "--copies", HUGE, *SEALED),
        ("seal", "{pdf}", "--seal", "{seal}", "--detached", "-o", "", *SEALED),
    ],
    ids=lambda arguments: ascii(" ".join(str(one) for one in arguments))[:60],
)
def test_refused(refused: Refused, seal: str, tmp_path: Path, arguments: tuple[object, ...]) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(blank())
    assert refused(*(str(one).format(seal=seal, tmp=tmp_path, pdf=pdf) for one in arguments))
    assert list(tmp_path.iterdir()) == [pdf]


def test_the_second_person_is_no_other_spelling_of_the_first(told: Told, refused: Refused) -> None:
    wanted = ("--organisation", MARKET, "--kind", "contract", "--name", "测试市市场监督管理局合同专用章（测试）")
    application = told("apply", *wanted, "--code", fresh_code(), "--grounds", "新设", "--actor", "clerk-1")["id"]
    for spelling in ("Clerk-1", "ｃlerk-1"):
        assert "seals.four_eyes_wanted" in refused("approve", application, "--actor", spelling)


def test_a_file_of_any_size_gets_its_seal_beside_it(told: Told, run: Run, seal: str, tmp_path: Path) -> None:
    """It is read by and by; one that is sealed in itself has a limit, and is not read beyond it."""
    big = tmp_path / "measurements.bin"
    with big.open("wb") as stream:
        stream.truncate(300 << 20)
    answer = told("seal", big, "--seal", seal, "--matter", "测试数据", "--actor", USER)
    assert Path(answer["file"]).stat().st_size < 100_000
    with (tmp_path / "big.pdf").open("wb") as stream:
        stream.write(b"%PDF-1.7")
        stream.truncate(300 << 20)
    asked = ("--seal", seal, "--matter", "测试", "--x", 9, "--y", 9, "--actor", USER)
    code, _, err = run("seals", "seal", tmp_path / "big.pdf", *asked)
    assert (code, "seals.pdf_over_limits" in err) == (3, True), err
    assert [one["outcome"] for one in told("uses", "--seal", seal)] == ["abandoned", "used"]


def test_seals_that_end_soon_are_found_behind_any_number_of_others(told: Told, seal: str) -> None:
    del seal  # it ends in 300 days
    until = datetime.now(UTC) + timedelta(days=301)
    [one] = told("list", "--unit", MARKET, "--ending", 301, "--limit", 1)
    assert datetime.fromisoformat(one["valid_until"]) <= until


def test_who_acts_stands_in_the_register(told: Told, seal: str) -> None:
    grant = told("grant", seal, "--to", "*", "--type", "documents", "--actor", KEEPER)
    assert grant["granted_by"] == KEEPER
