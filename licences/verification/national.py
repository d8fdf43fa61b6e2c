"""National seals in the order of their standard (GB/T 38540), for the evidence of the checks."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from licences.verification.documents import NationalSeal
from licences.verification.report import JSON
from seals.ses.checks import check_seal, check_signature
from seals.ses.steps import STOPPED, SesJudgement, Step, shown
from seals.ses.values import SesSignature

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList
    from seals.ses.trust import Paths, Role


class _Nobody:
    """Judges paths where there is no trust list: none can be judged."""

    def judge(self, certificate: bytes, others: Sequence[bytes], at: datetime, role: "Role") -> "PathReport":
        from ca.judging.paths import PathReport

        del certificate, others, at, role
        return PathReport(
            "indeterminate", "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND", "no_chain", None, (), "unknown"
        )

    def has_stray(self, certificates: Sequence[bytes], report: "PathReport") -> bool:
        del certificates, report
        return False


def judge_value(found: NationalSeal, value: SesSignature, trust: "TrustList | None") -> SesJudgement:
    """Judge a signature value and the seal in it, behind the steps of the package that it lies in."""
    if any(step.outcome == "failed" for step in found.package_steps):
        return SesJudgement(found.package_steps, None)
    judged = check_signature(value, paths=_paths(trust), documents=found.documents)
    return SesJudgement(found.package_steps + judged.steps, judged.moment, judged.proven)


def judge_seal(found: NationalSeal, trust: "TrustList | None", at: datetime) -> SesJudgement:
    """Judge a seal by itself, for a moment."""
    return check_seal(found.seal, paths=_paths(trust), at=at)


def _paths(trust: "TrustList | None") -> "Paths":
    from seals.ses.trust import TrustPaths

    return _Nobody() if trust is None else TrustPaths(trust)


def steps_evidence(judgement: SesJudgement) -> dict[str, JSON]:
    """Return the steps, each with its outcome, and the one that failed; of a stranger's text what may be shown."""
    failure = judgement.failure
    steps: list[JSON] = [_row(step) for step in judgement.steps]
    return {"steps": steps, "failed_step": None if failure is None else failure.id}


def _row(step: Step) -> dict[str, JSON]:
    row: dict[str, JSON] = {"id": step.id, "outcome": step.outcome}
    if step.code is not None:
        row["code"] = step.code
    if step.detail and step.code != STOPPED:
        row["detail"] = shown(step.detail)
    return row
