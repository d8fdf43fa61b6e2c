"""The rows that the demonstration issues from: synthetic licences of all five types in one CSV file.

The same count and seed give the same bytes. The mixture is 30 % titles, 30 % business licences, 20 % food permits,
10 % construction permits, 10 % tobacco permits. A type, issuer and number occur once, up to some 600,000 rows.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from licences.catalogue import Catalogue
from tools.demo.businesses import business_row
from tools.demo.cells import MOST_HOLDERS, Cells
from tools.demo.permits import construction_row, food_row, tobacco_row
from tools.demo.titles import title_row

_Maker = Callable[[int, Random], Cells]

_MIXTURE: Final[tuple[_Maker, ...]] = (
    *(title_row, business_row, food_row, title_row, business_row),
    *(construction_row, title_row, business_row, food_row, tobacco_row),
)
_FAULTY_FROM: Final = 900_000
"""Faulty rows are made with indices that good ones never reach."""

_ENVELOPE: Final = (
    *("type", "issuer", "number", "business_number", "issue_date", "valid_from", "valid_until"),
    *("decision_number", "decision_officer", "decision_case", "decision_item"),
)
_OF_HOLDER: Final = ("name", "code", "code_type", "share")


def write_rows(path: Path, count: int = 1000, seed: int = 1, *, faulty: bool = False) -> None:
    """Write rows that `licences.rows.read_rows` reads without a fault. faulty: the faulty ones stand in the middle."""
    good = _good_rows(count, seed)
    if not faulty:
        _write(path, good)
        return
    first_half = [next(good) for _ in range(count // 2)]
    _write(path, [*first_half, *_faulty_rows(), *good])


def write_faulty_rows(path: Path) -> None:
    """Write six rows with a different typical fault each."""
    _write(path, _faulty_rows())


def _good_rows(count: int, seed: int) -> Iterator[Cells]:
    random = Random(seed)  # noqa: S311 - the same people for everybody, not secrets
    made: Counter[_Maker] = Counter()
    for position in range(count):
        make = _MIXTURE[position % len(_MIXTURE)]
        yield make(made[make], random)
        made[make] += 1


def _faulty_rows() -> list[Cells]:
    random = Random(0)  # noqa: S311 - as above

    wrong_code = food_row(_FAULTY_FROM + 1, random)
    code = wrong_code["holder_1_code"]
    wrong_code["holder_1_code"] = code[:17] + ("0" if code[17] != "0" else "1")

    impossible_day = business_row(_FAULTY_FROM + 1, random)
    impossible_day["issue_date"] = "2026-02-30"

    no_code = food_row(_FAULTY_FROM + 4, random)
    no_code["holder_1_code"] = ""

    wrong_number = tobacco_row(199_990, random)
    wrong_number["number"] = wrong_number["number"][:-1]

    too_little = title_row(_FAULTY_FROM + 7, random)
    too_little |= {"holder_1_share": "50", "holder_2_share": "40"}

    twice = construction_row(63_350, random)
    twice |= {"contract_days": "三百天", "site": ""}
    return [wrong_code, impossible_day, no_code, wrong_number, too_little, twice]


def _columns() -> list[str]:
    holders = [f"holder_{number}_{member}" for number in range(1, MOST_HOLDERS + 1) for member in _OF_HOLDER]
    fields = dict.fromkeys(key for kind in Catalogue.load() for key in kind.properties)
    return [*_ENVELOPE, *holders, *fields]


def _write(path: Path, rows: Iterable[Cells]) -> None:
    """Write a file that spreadsheets open as it is: the byte order mark tells them UTF-8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, _columns(), restval="")
        writer.writeheader()
        writer.writerows(rows)
