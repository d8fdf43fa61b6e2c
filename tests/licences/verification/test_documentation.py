import re
from pathlib import Path

from licences.verification import engine
from licences.verification.checks import CHECKS
from licences.verification.documentation import BEGIN, END, check_table, generated

PAGE = (Path(__file__).parents[3] / "docs" / "verification.md").read_text("utf-8")


def test_the_published_tables_are_those_of_the_checks() -> None:
    start, end = PAGE.index(BEGIN), PAGE.index(END) + len(END)
    assert PAGE[start:end] == generated(), "run `python -m licences.verification.documentation docs/verification.md`"


def test_the_numbered_steps_are_those_of_the_engine() -> None:
    section = PAGE[PAGE.index("## The steps") : PAGE.index("## What is judged")]
    steps = re.findall(r"^(\d)\. \*\*(\w+)", section, re.MULTILINE)
    source = Path(engine.__file__).read_text("utf-8")
    comments = re.findall(r"# (\d)\. (\w+)", source)
    assert steps
    assert steps == [*comments]


def test_the_table_as_data_has_every_check() -> None:
    table = check_table()
    assert [row["id"] for row in table] == [check.id for check in CHECKS]
    for row in table:
        assert {"id", "zh", "en", "mandatory", "counted_when_run", "depends_on", "codes"} <= row.keys()
        for code in row["codes"]:
            assert {"code", "outcome", "reason", "zh", "en", "advice"} == code.keys()
