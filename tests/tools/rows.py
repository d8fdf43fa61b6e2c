"""Import files of the tests: tobacco permits, whose page is the quickest, under numbers that no other test uses."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.api.requests import permit

SYSTEM = "approval-1"
TOBACCO = "11990100MB9T000544"
FOREIGN = "11990100MB9T001850"
_numbers = count(1)


def permits(amount: int, **changes: Any) -> list[dict[str, Any]]:
    """Return rows of permits that no other test of this process has."""
    return [permit(next(_numbers), **changes) for _ in range(amount)]


def write_rows(path: Path, rows: Sequence[dict[str, Any] | str]) -> Path:
    """Write a JSON Lines file; a text stands in it as it is."""
    lines = (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
