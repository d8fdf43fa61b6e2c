"""Import files of the tests: tobacco permits, whose page is the quickest, under numbers that no other test uses."""

import csv
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.api.requests import permit

SYSTEM = "approval-1"
TOBACCO = "11990100MB9T000544"
FOREIGN = "11990100MB9T001850"
_numbers = count(50_001)  # those of the demonstration's rows are lower


def permits(amount: int, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of permits that no other test of this process has."""
    return [permit(next(_numbers), **changes) for _ in range(amount)]


def write_rows(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    """Write a JSON Lines file; a text stands in it as it is."""
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write the same permits, of one holder each, as a CSV file."""
    flat = [_flat(row) for row in rows]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, flat[0])
        writer.writeheader()
        writer.writerows(flat)
    return path


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    (holder,) = row["holders"]
    return {
        **{name: value for name, value in row.items() if name not in {"holders", "fields", "decision"}},
        **{f"decision_{name}": value for name, value in row["decision"].items()},
        **{f"holder_1_{name}": value for name, value in holder.items()},
        **{name: "|".join(value) if isinstance(value, list) else value for name, value in row["fields"].items()},
    }
