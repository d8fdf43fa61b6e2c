"""What the rows of all types share: a case, its decision, its dates, its holders."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tools.demo.people import Organisation, Person

Cells = dict[str, str]
"""One row by the names of its columns; a column that is not in it is empty."""

FIRST_DAY: Final = date(2026, 1, 5)
DAYS: Final = 320
"""All licences of the demonstration are dated within these days, the last of them 2026-11-20."""

MOST_HOLDERS: Final = 6


@dataclass(frozen=True, slots=True)
class Department:
    """Who issues. short: as in its document numbers."""

    code: str
    short: str


LAND: Final = Department("11990100MB9T00011N", "自然资登")
HOUSING: Final = Department("11990100MB9T0002XE", "住建许")
MARKET: Final = Department("11990100MB9T00038E", "市监许")
TOBACCO: Final = Department("11990100MB9T000544", "烟专许")


def issue_day(index: int) -> date:
    """Return the day of issue of the row with this index among those of its type."""
    return FIRST_DAY + timedelta(days=index % DAYS)


def case_cells(slug: str, department: Department, index: int, case: str) -> Cells:
    """Return the cells of the case and its decision. case: its number, which is also the business number."""
    return {
        "type": slug,
        "issuer": department.code,
        "issue_date": issue_day(index).isoformat(),
        "business_number": case,
        "decision_number": f"测{department.short}〔2026〕{index + 1}号",
        "decision_officer": f"测试经办{index % 8 + 1:02}",
        "decision_case": case,
        "decision_item": f"{department.code}2000101001",
    }


def holder_cells(holders: Iterable[Person | Organisation], shares: Iterable[str] = ()) -> Cells:
    """Return the cells of the holders, in their order. shares: one for each of them, or none at all."""
    cells: Cells = {}
    for number, holder in enumerate(holders, 1):
        cells[f"holder_{number}_name"] = holder.name
        cells[f"holder_{number}_code"] = holder.code
        cells[f"holder_{number}_code_type"] = "111" if isinstance(holder, Person) else "001"
    return cells | {f"holder_{number}_share": share for number, share in enumerate(shares, 1)}


def text_of(sentences: Iterable[str], longest: int, joint: str = "") -> str:
    """Return as many sentences, in order, as fit into a length."""
    text = ""
    for sentence in sentences:
        longer = text + joint + sentence if text else sentence
        if len(longer) > longest:
            break
        text = longer
    return text


def filled(sentence: str, length: int) -> str:
    """Return exactly this many characters of a sentence said again and again."""
    return (sentence * (length // len(sentence) + 1))[:length]
