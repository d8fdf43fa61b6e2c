"""A check that asks the same of every seal of a document: the worst answer is the check's."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from licences.verification.case import Case
from licences.verification.check import Finding
from licences.verification.codes import NOT_APPLICABLE
from licences.verification.report import JSON, Outcome
from licences.verification.seal_case import SealCase
from seals.ses.steps import shown

_WORST_FIRST: Final[tuple[Outcome, ...]] = ("failed", "not_run", "warning", "passed", "not_applicable")

Judge: TypeAlias = Callable[[SealCase], Finding]


def each_seal(case: Case, judge: Judge) -> Finding:
    """Return the worst finding, of equals the first; beside it, of a document with several seals, those of all."""
    seals = case.seals
    if not seals:
        return Finding(NOT_APPLICABLE)
    findings = [judge(one) for one in seals]
    return worst_of(findings, [one.signature.name for one in seals])


def worst_of(findings: Sequence[Finding], names: Iterable[str]) -> Finding:
    """Return the worst finding, with those of all in its evidence if they are several. names: strangers' texts."""
    worst = min(findings, key=_badness)
    if len(findings) == 1:
        return worst
    rows: list[JSON] = [_row(name, finding) for name, finding in zip(names, findings, strict=True)]
    return Finding(worst.code, {**worst.evidence, "each": rows}, worst.at)


def outcome_of(finding: Finding) -> Outcome:
    """Return the outcome that a finding means."""
    return "passed" if finding.code is None else finding.code.outcome


def _badness(finding: Finding) -> int:
    return _WORST_FIRST.index(outcome_of(finding))


def _row(name: str, finding: Finding) -> dict[str, JSON]:
    row: dict[str, JSON] = {"name": shown(name), "outcome": outcome_of(finding)}
    if finding.code is not None:
        row["code"] = finding.code.code
    return {**row, **finding.evidence}
