"""A scene: what is verified, and what the report must say. Each code of each check has at least one."""

from collections.abc import Callable
from dataclasses import dataclass

from licences.verification.report import Report, Verdict


@dataclass(frozen=True, slots=True)
class Scene:
    """What is verified, and what the report must say; reason None: the code does not decide the verdict."""

    check: str
    code: str
    verdict: Verdict
    reason: str | None
    play: Callable[[], Report]


INVALID: Verdict = "invalid"
UNDECIDED: Verdict = "indeterminate"
VALID: Verdict = "valid"


def scenes(check: str, verdict: Verdict, *found: tuple[str, str | None, Callable[[], Report]]) -> list[Scene]:
    """Make the scenes of one check that end in one verdict."""
    return [Scene(check, code, verdict, reason, play) for code, reason, play in found]
