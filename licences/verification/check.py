"""One check: a stable id, what it asks, what it rests on, what it can say, and how it finds out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from licences.verification.case import Case
from licences.verification.codes import COMMON, Code
from licences.verification.report import JSON, CheckResult


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: one of its codes, or None for `passed`."""

    code: Code | None = None
    evidence: Mapping[str, JSON] = field(default_factory=dict)
    at: datetime | None = None


Run: TypeAlias = Callable[[Case], Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the table in docs/verification.md.

    zh, en: the question it answers; passed_zh, passed_en: what a person reads when it passed.
    depends_on: ids of checks that must not have failed or been left out; otherwise this one is not run.
    """

    id: str
    zh: str
    en: str
    passed_zh: str
    passed_en: str
    depends_on: tuple[str, ...]
    codes: tuple[Code, ...]
    run: Run

    def code(self, name: str) -> Code:
        """Return one of its codes, or one that every check has; raises KeyError."""
        for code in (*self.codes, *COMMON):
            if code.code == name:
                return code
        raise KeyError(name)

    def result(self, finding: Finding) -> CheckResult:
        """Return the row of a finding."""
        if finding.code is None:
            return CheckResult(self.id, "passed", None, finding.at, finding.evidence)
        return CheckResult(self.id, finding.code.outcome, finding.code.code, finding.at, finding.evidence)
