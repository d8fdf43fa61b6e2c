"""Policies are data: which checks are mandatory, and the few numbers that checks need."""

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
    clock_tolerance: how far a claimed signing time may lie from the timestamp, and a clock from ours.
    """

    id: str
    version: str
    digest: str
    mandatory: frozenset[str]
    max_document_bytes: int
    clock_tolerance: timedelta

    def as_json(self) -> dict[str, str]:
        """Return what a report says about its policy."""
        return {"id": self.id, "version": self.version, "digest": self.digest}

    def verdict(self, outcomes: Iterable[tuple[str, Outcome]]) -> Verdict:
        """Apply the published rule to (check id, outcome) pairs.

        Any mandatory check failed: invalid. Else any mandatory check not run: indeterminate. Else valid.
        """
        mandatory = {outcome for check, outcome in outcomes if check in self.mandatory}
        if "failed" in mandatory:
            return "invalid"
        return "indeterminate" if "not_run" in mandatory else "valid"


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
        max_document_bytes=data["max_document_bytes"],
        clock_tolerance=timedelta(seconds=data["clock_tolerance_seconds"]),
    )
