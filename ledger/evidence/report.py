"""What the judging of an evidence file has shown: every check that exists has a row, and one rule makes the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.provenance.provenance import Outcome

Verdict = Literal["valid", "invalid", "indeterminate"]

CHAIN_CHECKS: Final = (
    "evidence.format",
    "evidence.signature",
    "log.checkpoint",
    "events.commitments",
    "events.inclusion",
    "chain.links",
    "chain.key",
    "chain.completeness",
    "promises.kept",
)
PROMISE_CHECKS: Final = ("evidence.format", "promise.broken")
_MOST_DETAILS: Final = 100


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `details`: where exactly, at most a hundred places; `count`: in how many."""

    id: str
    outcome: Outcome
    code: str | None = None
    count: int = 0
    details: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as a row."""
        row: dict[str, Any] = {"id": self.id, "outcome": self.outcome}
        if self.code is not None:
            row["code"] = self.code
        if self.count:
            row["count"] = self.count
        if self.details:
            row["details"] = [dict(detail) for detail in self.details]
        return row


@dataclass(frozen=True, slots=True)
class Report:
    """The judgement of one file. `about`: what the file says it is evidence of, shown and not believed."""

    checks: tuple[Check, ...]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """Any check failed: invalid; else any not run: indeterminate; else valid. A warning is said, and decides nothing."""
        outcomes = {check.outcome for check in self.checks}
        if "failed" in outcomes:
            return "invalid"
        return "indeterminate" if "not_run" in outcomes else "valid"

    def check(self, id: str) -> Check:  # noqa: A002 - as in the file
        """Return one check."""
        return next(check for check in self.checks if check.id == id)

    def as_json(self) -> dict[str, Any]:
        """Return the whole report."""
        return {
            "verdict": self.verdict,
            "about": dict(self.about),
            "checks": [check.as_json() for check in self.checks],
        }


def unreadable(reason: str) -> Report:
    """Return the report about bytes that are no evidence."""
    return Report((Check("evidence.format", "failed", "UNREADABLE", details=({"reason": reason},)),))


def gathered(
    id: str,  # noqa: A002 - as in the file
    failures: Sequence[Mapping[str, Any]],
    warnings: Sequence[Mapping[str, Any]] = (),
) -> Check:
    """Return the check that passed but for these places, each with its `code`."""
    for outcome, places in (("failed", failures), ("warning", warnings)):
        if places:
            worst: Outcome = "failed" if outcome == "failed" else "warning"
            return Check(id, worst, str(places[0]["code"]), len(places), tuple(places[:_MOST_DETAILS]))
    return Check(id, "passed")
