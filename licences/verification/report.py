"""The answer: a verdict, why, and a row for every check that exists."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self, TypeAlias

from ledger.errors import Language

Outcome = Literal["passed", "failed", "warning", "not_run", "not_applicable"]
Verdict = Literal["valid", "invalid", "indeterminate"]
JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
Words: TypeAlias = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One row: what a check found. `code` is None where there is nothing to say beyond `passed`."""

    id: str
    outcome: Outcome
    code: str | None = None
    at: datetime | None = None
    evidence: Mapping[str, JSON] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSON]:
        """Return the row of the report."""
        row: dict[str, JSON] = {"id": self.id, "outcome": self.outcome}
        if self.code is not None:
            row["code"] = self.code
        if self.at is not None:
            row["at"] = utc_text(self.at)
        row["evidence"] = dict(self.evidence)
        return row

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Self:
        """Read a row back."""
        at = row.get("at")
        return cls(row["id"], row["outcome"], row.get("code"), at and datetime.fromisoformat(at), row["evidence"])


@dataclass(frozen=True, slots=True)
class Subject:
    """What the report is about, as far as it could be read.

    type, issuer: codes (GB/T 36904, GB 32100); the names beside them. document: `sha-256-` digest of the document.
    face: what to compare with the paper or screen: key -> {zh, en, value}, in the order of the licence.
    """

    identifier: str | None = None
    type: str | None = None
    type_name: Words | None = None
    issuer: str | None = None
    issuer_name: str | None = None
    trust_level: str | None = None
    document: str | None = None
    face: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, JSON]:
        """Return the `subject` of the report."""
        return {
            "identifier": self.identifier,
            "type": self.type,
            "type_name": _plain(self.type_name),
            "issuer": self.issuer,
            "issuer_name": self.issuer_name,
            "trust_level": self.trust_level,
            "document": self.document,
            "face": {key: dict(row) for key, row in self.face.items()},
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A verification's answer.

    reason: a stable word, `family.what`. sentences: the verdict in one sentence a person understands.
    advice: what to do now, where the verdict is indeterminate. usage, receipt: filled in by the service.
    """

    id: str
    verdict: Verdict
    reason: str
    checked_at: datetime
    as_of: datetime
    known_at: datetime
    policy: Mapping[str, str]
    subject: Subject
    checks: tuple[CheckResult, ...]
    sentences: Words
    advices: Words | None = None
    usage: Mapping[str, JSON] | None = None
    receipt: str | None = None

    def sentence(self, language: Language = "en") -> str:
        """Return the verdict in one sentence."""
        return self.sentences[language]

    def advice(self, language: Language = "en") -> str | None:
        """Return what to do now; None unless the verdict is indeterminate."""
        return None if self.advices is None else self.advices[language]

    def check(self, check_id: str) -> CheckResult:
        """Return the row of a check; raises KeyError for an id that does not exist."""
        for row in self.checks:
            if row.id == check_id:
                return row
        raise KeyError(check_id)

    def as_json(self) -> dict[str, JSON]:
        """Return the report as the API and the command line give it."""
        return {
            "id": self.id,
            "verdict": self.verdict,
            "reason": self.reason,
            "sentence": _plain(self.sentences),
            "advice": _plain(self.advices),
            "checked_at": utc_text(self.checked_at),
            "as_of": utc_text(self.as_of),
            "known_at": utc_text(self.known_at),
            "policy": dict(self.policy),
            "subject": self.subject.as_json(),
            "checks": [row.as_json() for row in self.checks],
            "usage": None if self.usage is None else dict(self.usage),
            "receipt": self.receipt,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read back what `as_json` gave: a report crosses a process border as JSON, never as a pickle."""
        return cls(
            id=data["id"],
            verdict=data["verdict"],
            reason=data["reason"],
            checked_at=datetime.fromisoformat(data["checked_at"]),
            as_of=datetime.fromisoformat(data["as_of"]),
            known_at=datetime.fromisoformat(data["known_at"]),
            policy=data["policy"],
            subject=Subject(**data["subject"]),
            checks=tuple(CheckResult.from_json(row) for row in data["checks"]),
            sentences=data["sentence"],
            advices=data["advice"],
            usage=data["usage"],
            receipt=data["receipt"],
        )


def utc_text(moment: datetime) -> str:
    """Return the moment in UTC with a `Z`, to the second, or to the microsecond where it has one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def digest_text(digest: bytes) -> str:
    """Return `sha256-<hex>`, as reports write digests."""
    return "sha256-" + digest.hex()


def _plain(words: Words | None) -> dict[str, JSON] | None:
    return None if words is None else {language: str(text) for language, text in words.items()}
