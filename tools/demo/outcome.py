"""All that came out of the demonstration, for the screen and for `report.json`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from licences.verification.report import Report, Verdict, utc_text
from tools.bulk_results import RowResult, Summary
from tools.demo.cases import Case, Licence
from tools.demo.folder import DemoFolder


@dataclass(frozen=True, slots=True)
class Issuing:
    """What became of the rows. log_size: entries of the published checkpoint. refused: of the faulty rows."""

    summary: Summary
    licences: tuple[Licence, ...]
    refused: tuple[RowResult, ...]
    log_size: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What the verifier said of a file, and what it had to say. name: within the folder. case: how it was spoilt."""

    name: str
    report: Report
    case: Case | None = None

    @property
    def expected(self) -> Verdict:
        """The verdict that is right."""
        return "valid" if self.case is None else self.case.verdict

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """Id and code of every check that failed, or that left it undecided where none did."""
        outcome = "not_run" if self.report.verdict == "indeterminate" else "failed"
        return tuple((row.id, row.code or "") for row in self.report.checks if row.outcome == outcome)

    @property
    def is_right(self) -> bool:
        """Whether the verdict is right, for the right reason; a good licence's ledger proof must have been judged."""
        if self.case is None:
            return self.report.verdict == "valid" and self.report.check("ledger.inclusion").outcome == "passed"
        return self.report.verdict == self.expected and (self.case.check, self.case.code) in self.failed

    def as_json(self) -> dict[str, Any]:
        """Return the row of `report.json`."""
        row = {
            "file": self.name,
            "verdict": self.report.verdict,
            "expected": self.expected,
            "as_expected": self.is_right,
            "reason": self.report.reason,
        }
        if self.case is None:
            return row
        sentence = {"zh": self.report.sentence("zh"), "en": self.report.sentence("en")}
        failed = [{"id": check, "code": code} for check, code in self.failed]
        return row | {"what": dict(self.case.what), "failed": failed, "sentence": sentence}


@dataclass(frozen=True, slots=True)
class Verifying:
    """What the verifier said of many files, and how long it took."""

    findings: tuple[Finding, ...]
    seconds: float

    @property
    def rate(self) -> float:
        """Files verified in a second."""
        return len(self.findings) / self.seconds

    @property
    def verdicts(self) -> Counter[str]:
        """How often each verdict was given."""
        return Counter(finding.report.verdict for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything. pages, data: the genuine PDF and JSON files; spoilt: those that must not pass."""

    folder: DemoFolder
    begun_at: datetime
    workers: int
    issuing: Issuing
    pages: Verifying
    data: Verifying
    spoilt: tuple[Finding, ...]
    seconds: float

    @property
    def findings(self) -> Sequence[Finding]:
        """All that the verifier said."""
        return (*self.pages.findings, *self.data.findings, *self.spoilt)

    @property
    def wrong(self) -> Sequence[Finding]:
        """Verdicts that are not what they should be."""
        return [finding for finding in self.findings if not finding.is_right]

    @property
    def is_right(self) -> bool:
        """Whether all came out as it should."""
        summary = self.issuing.summary
        return not self.wrong and summary.issued == summary.rows == len(self.issuing.licences) == len(
            self.pages.findings
        )

    def as_json(self) -> dict[str, Any]:
        """Return `report.json`."""
        issuing = self.issuing
        return {
            "as_expected": self.is_right,
            "begun_at": utc_text(self.begun_at),
            "seconds": round(self.seconds, 1),
            "workers": self.workers,
            "counts": {
                "issued": issuing.summary.issued,
                "issued_by_type": dict(sorted(Counter(licence.kind for licence in issuing.licences).items())),
                "faulty_rows_refused": len(issuing.refused),
                "log_entries": issuing.log_size,
                "pages": dict(self.pages.verdicts),
                "data": dict(self.data.verdicts),
                "spoilt": dict(Counter(finding.report.verdict for finding in self.spoilt)),
            },
            "rates": {
                "issued_per_second": round(issuing.summary.rate, 1),
                "pages_verified_per_second": round(self.pages.rate, 1),
                "data_verified_per_second": round(self.data.rate, 1),
            },
            "refused_rows": [{"line": row.line, **fault.as_json()} for row in issuing.refused for fault in row.faults],
            "files": [finding.as_json() for finding in reversed(self.findings)],
        }
