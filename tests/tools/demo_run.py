"""One small run of the demonstration a test process, looked at by several test files."""

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.demo.command import conclude
from tools.demo.demonstration import demonstrate
from tools.demo.outcome import Outcome

ROWS = 25


@dataclass(frozen=True)
class Run:
    """What came out, what was printed, and the exit code."""

    outcome: Outcome
    printed: str
    code: int

    @property
    def root(self) -> Path:
        """The folder of the demonstration."""
        return self.outcome.folder.root


@cache
def demonstrated(base: Path) -> Run:
    """Run the demonstration below the test process's own folder."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        outcome = demonstrate(base / "demonstration", ROWS, 2)
        code = conclude(outcome)
    return Run(outcome, printed.getvalue(), code)
