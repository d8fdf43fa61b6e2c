"""The answer of a check of seals: its steps in the standard's order, up to the one that failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from ca.errors import NationalUnavailable
from ca.judging.paths import PathReport

Outcome = Literal["passed", "failed", "not_run", "not_applicable"]
STOPPED: Final = "stopped"
"""The code of a step that was not reached because one before it failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a step found. code: a stable word of the family `integrity`, `trust` or `time`; detail: for people."""

    outcome: Outcome
    code: str | None = None
    detail: str = ""


PASSED: Final = Finding("passed")
NOT_APPLICABLE: Final = Finding("not_applicable")


def failed(code: str, detail: str = "") -> Finding:
    """Return the finding that ends a check."""
    return Finding("failed", code, detail)


def undecided(code: str, detail: str = "") -> Finding:
    """Return the finding that the step could not be judged, which is nobody's fault and no verdict."""
    return Finding("not_run", code, detail)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its id, what it found, the code that says why, and what a person may want to know.

    not_run: it could not be judged, as its code says, or was not reached (`stopped`).
    """

    id: str
    outcome: Outcome
    code: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SesJudgement:
    """All steps. moment: the time for which the certificates were judged; proven: by a timestamp, not only claimed."""

    steps: tuple[Step, ...]
    moment: datetime | None
    proven: bool = False

    @property
    def failure(self) -> Step | None:
        """The step that failed."""
        return next((step for step in self.steps if step.outcome == "failed"), None)

    @property
    def verdict(self) -> Literal["valid", "invalid", "indeterminate"]:
        """The outcome of all: what could not be judged is never called invalid."""
        if self.failure is not None:
            return "invalid"
        return "indeterminate" if any(step.outcome == "not_run" for step in self.steps) else "valid"

    def step(self, id: str) -> Step:  # noqa: A002 - the field's name
        """Return one step; raises KeyError."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)


Check: TypeAlias = tuple[str, Callable[[], Finding]]


def run(checks: Sequence[Check]) -> tuple[Step, ...]:
    """Run checks in order until one fails; those after it are named as not reached."""
    steps: list[Step] = []
    stopped = False
    for id_, check in checks:
        finding = Finding("not_run", STOPPED) if stopped else _found(check)
        stopped = stopped or finding.outcome == "failed"
        steps.append(Step(id_, finding.outcome, finding.code, finding.detail))
    return tuple(steps)


def _found(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except NationalUnavailable as error:
        return undecided("trust.algorithm_unavailable", error.reason)


def shown(text: str) -> str:
    """Return a stranger's text for people: no control or bidirectional character of it may reach a terminal or page."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def of_path(report: PathReport) -> Finding:
    """Return what the judgement of a certificate means for its step."""
    if report.outcome == "passed":
        return PASSED
    family = "time" if report.reason in {"expired", "not_yet_valid"} else "trust"
    outcome: Outcome = "failed" if report.outcome == "failed" else "not_run"
    return Finding(outcome, f"{family}.{report.reason}", report.message())
