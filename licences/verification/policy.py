"""Policies are data: which checks decide and how, and the few numbers that checks need."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.resources import files

import rfc8785

from licences.verification.errors import PolicyUnknown
from licences.verification.report import Outcome, Verdict

DEFAULT_POLICY = "default"


@dataclass(frozen=True, slots=True)
class Policy:
    """What decides a verdict.

    digest: `sha256-` and the hexadecimal SHA-256 of the policy's canonical JSON (RFC 8785).
    mandatory: checks that must be run and must not fail. counted_when_run: checks that must not fail, and need not be run.
    clock_tolerance: how far a claimed signing time may lie from the timestamp, and a clock from ours.
    """

    id: str
    version: str
    digest: str
    mandatory: frozenset[str]
    counted_when_run: frozenset[str]
    max_document_bytes: int
    clock_tolerance: timedelta

    def as_json(self) -> dict[str, str]:
        """Return what a report says about its policy."""
        return {"id": self.id, "version": self.version, "digest": self.digest}

    def verdict(self, outcomes: Iterable[tuple[str, Outcome]]) -> Verdict:
        """Apply the published rule to (check id, outcome) pairs.

        A mandatory check or one that counts when run failed: invalid. Else a mandatory check not run: indeterminate. Else
        valid.
        """
        rows = list(outcomes)
        verdicts: tuple[Verdict, ...] = ("invalid", "indeterminate")
        return next((verdict for verdict in verdicts if any(self.decided(verdict, *row) for row in rows)), "valid")

    def decided(self, verdict: Verdict, check: str, outcome: Outcome) -> bool:
        """Tell whether a check's outcome makes that verdict; nothing makes `valid`."""
        if verdict == "invalid":
            return outcome == "failed" and (check in self.mandatory or check in self.counted_when_run)
        return verdict == "indeterminate" and outcome == "not_run" and check in self.mandatory


def _folder() -> dict[str, bytes]:
    return {
        entry.name.removesuffix(".json"): entry.read_bytes()
        for entry in (files("licences.verification") / "policies").iterdir()
        if entry.name.endswith(".json")
    }


def policy_ids() -> list[str]:
    """Return the ids of the policies that exist."""
    return sorted(_folder())


@cache
def policy(policy_id: str = DEFAULT_POLICY) -> Policy:
    """Return the policy of that id; raises PolicyUnknown."""
    known = _folder()
    if policy_id not in known:
        raise PolicyUnknown(policy=policy_id, known=", ".join(sorted(known)))
    data = json.loads(known[policy_id])
    return Policy(
        id=data["id"],
        version=data["version"],
        digest="sha256-" + hashlib.sha256(rfc8785.dumps(data)).hexdigest(),
        mandatory=frozenset(data["mandatory"]),
        counted_when_run=frozenset(data.get("counted_when_run", [])),
        max_document_bytes=data["max_document_bytes"],
        clock_tolerance=timedelta(seconds=data["clock_tolerance_seconds"]),
    )
