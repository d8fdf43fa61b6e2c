"""How long the command line takes from a cold start."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from tools.bench.row import Row

_RUNS = 7
HELP_GOAL = 0.4
VERIFY_GOAL = 1.0


def rows(document: Path, trust: Path, status: Path) -> Iterator[Row]:
    """Measure `elicence --help` and `elicence verify FILE`, whole processes, against the seconds allowed."""
    elicence = [sys.executable, "-m", "tools.cli"]
    verify = [*elicence, "verify", str(document), "--trust", str(trust), "--status", str(status), "--json"]
    yield _row("help", [*elicence, "--help"], HELP_GOAL)
    yield _row("verify", verify, VERIFY_GOAL)


def _row(name: str, command: list[str], goal: float) -> Row:
    return Row(name, median(_seconds(command) for _ in range(_RUNS)), "s", "goal", goal)


def _seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin
