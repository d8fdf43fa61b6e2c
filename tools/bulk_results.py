"""What became of each row of an import file, and of all of them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from licences.faults import FieldFault
from licences.row_errors import RowFileError

RowOutcome = Literal["issued", "existing", "refused", "failed"]
"""issued: now, by this run. existing: before, or by another run meanwhile. refused: by its content, or by who asks.
failed: begun, and its documents could not be made."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row. faults: why it was not issued, or warnings that stopped nothing."""

    line: int
    outcome: RowOutcome
    identifier: str | None = None
    serial: str | None = None
    faults: tuple[FieldFault, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the row of a results file."""
        return {"line": self.line, "outcome": self.outcome, "identifier": self.identifier, "serial": self.serial}


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a file. finished: licences that an earlier run had left half-made.

    seconds: from the first worker ready to the last result. stopped: it was asked to stop before the end.
    error: why the file could not be read to its end.
    """

    issued: int
    existing: int
    refused: int
    failed: int
    finished: int
    seconds: float
    stopped: bool = False
    error: RowFileError | None = None

    @property
    def rows(self) -> int:
        """How many rows have a result."""
        return self.issued + self.existing + self.refused + self.failed

    @property
    def rate(self) -> float:
        """Licences issued in a second."""
        return self.issued / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the summary as scripts read it."""
        return {
            "rows": self.rows,
            "issued": self.issued,
            "existing": self.existing,
            "refused": self.refused,
            "failed": self.failed,
            "finished": self.finished,
            "seconds": round(self.seconds, 3),
            "rate": round(self.rate, 1),
            "stopped": self.stopped,
            "error": None if self.error is None else self.error.code,
        }


@dataclass(slots=True)
class Tally:
    """The count while it goes on. lines: how far into the file the finished rows reach, about. ended: all of it."""

    outcomes: Counter[RowOutcome] = field(default_factory=Counter)
    finished: int = 0
    lines: int = 0
    seconds: float = 0.0
    ended: bool = False

    @property
    def rows(self) -> int:
        """How many rows have a result."""
        return self.outcomes.total()

    def summary(self, error: RowFileError | None) -> Summary:
        """Return the count at the end."""
        return Summary(
            issued=self.outcomes["issued"],
            existing=self.outcomes["existing"],
            refused=self.outcomes["refused"],
            failed=self.outcomes["failed"],
            finished=self.finished,
            seconds=self.seconds,
            stopped=not self.ended,
            error=error,
        )
