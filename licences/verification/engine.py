"""The verification, in the numbered steps of docs/verification.md."""

from licences.verification.case import Case
from licences.verification.check import Check, Finding
from licences.verification.checks import BY_ID, CHECKS
from licences.verification.codes import BROKEN_CHECK, DEPENDENCY
from licences.verification.documents import Examined
from licences.verification.examination import examine, examine_lookup
from licences.verification.report import CheckResult, Report, Verdict
from licences.verification.request import Lookup, VerificationRequest
from licences.verification.sentences import About, advices, sentences
from licences.verification.sources import Sources
from licences.verification.subjects import subject_of

VALID = "licence.valid"
SEALED = "document.sealed"
"""The reason of a verdict about seals alone, where nothing was said of a licence."""


def verify(
    document: bytes | Lookup, sources: Sources, request: VerificationRequest, companion: bytes | None = None
) -> Report:
    """Verify a document's bytes, or a licence that is looked up without its file; never raises for what is in them.

    companion: what lay beside the document: the seal (.p7s) of a file, or the file of a seal.
    """
    # 1. Read the bytes, before anything is believed or looked up.
    if isinstance(document, Lookup):
        return judge(examine_lookup(document), sources, request)
    return judge(examine(document, request.policy.max_document_bytes, companion), sources, request)


def judge(examined: Examined, sources: Sources, request: VerificationRequest) -> Report:
    """Judge what was read: the second half of `verify`, for callers that examine in another process."""
    case = Case(examined, sources, request)
    # 2. Run every check, each after those it rests on; a check whose ground is missing is not run.
    rows: dict[str, CheckResult] = {}
    for check in CHECKS:
        rows[check.id] = _row(check, case, rows)
    # 3. Apply the one published rule to the checks that the policy names: it makes the verdict.
    verdict = request.policy.verdict((row.id, row.outcome) for row in rows.values())
    # 4. Say why: the first check that decided it.
    deciding = _deciding(verdict, request, rows)
    code = None if deciding is None or deciding.code is None else BY_ID[deciding.id].code(deciding.code)
    # 5. Say what the licence is, and show what to compare with paper or screen.
    subject = subject_of(case, rows)
    return Report(
        id=request.id,
        verdict=verdict,
        reason=code.reason if code is not None else VALID if _about(examined, rows) == "licence" else SEALED,
        checked_at=request.now,
        as_of=request.as_of,
        known_at=request.known_at,
        policy=request.policy.as_json(),
        subject=subject,
        checks=tuple(rows.values()),
        # 6. Put it into one sentence, and where it could not be told say what to do now.
        sentences=sentences(
            verdict, subject, code, request, compared=bool(examined.digest), about=_about(examined, rows)
        ),
        advices=advices(verdict, code),
    )


def _about(examined: Examined, rows: dict[str, CheckResult]) -> About:
    if examined.bare_seal is not None:
        return "seal"
    # Only where the status was asked for may anybody read that something is in force.
    asked = rows["status.revocation"].outcome in {"passed", "warning"}
    return "licence" if asked else "document"


def _row(check: Check, case: Case, rows: dict[str, CheckResult]) -> CheckResult:
    for ground in check.depends_on:
        if rows[ground].outcome in {"failed", "not_run"}:
            return check.result(Finding(DEPENDENCY, {"on": ground}))
    try:
        return check.result(check.run(case))
    except Exception as error:  # noqa: BLE001  our own fault must not become "invalid", nor end the report
        return check.result(Finding(BROKEN_CHECK, {"error": type(error).__name__}))


def _deciding(verdict: Verdict, request: VerificationRequest, rows: dict[str, CheckResult]) -> CheckResult | None:
    if verdict == "valid":
        return None
    return next(row for row in rows.values() if request.policy.decided(verdict, row.id, row.outcome))
