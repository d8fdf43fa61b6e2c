"""The register of uses (用印登记簿) as auditors know it: date, document, number, approver, operator, count.

Whoever reads it sees refused and possible uses, too: nothing that the seal was asked for is left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from ledger.actor import Actor
from ledger.errors import Language
from seals.life.roles import SEAL_AUDITOR, SEAL_CUSTODIAN, require
from seals.local_time import CHINA
from seals.store import register as rows

HEADINGS: Final = MappingProxyType[Language, tuple[str, ...]](
    {
        "zh": (
            "序号",
            "用印时间",
            "印章编码",
            "印章名称",
            "用印事项",
            "文号",
            "批准人",
            "经办",
            "份数",
            "结果",
            "文件摘要",
        ),
        "en": (
            "No.",
            "Time",
            "Seal",
            "Name of the seal",
            "Matter",
            "Number",
            "Approver",
            "Operator",
            "Count",
            "Outcome",
            "Document digest",
        ),
    }
)
_OUTCOMES: Final = MappingProxyType[str | None, tuple[str, str]](
    {
        "used": ("已用印", "used"),
        "abandoned": ("已放弃", "abandoned"),
        "refused": ("已拒绝", "refused"),
        None: ("可能已用印", "possible use"),
    }
)


@dataclass(frozen=True, slots=True)
class RegisterQuestion:
    """Which uses: a unit's, of one seal number (and one generation of it) or all, on local days, both inclusive."""

    organisation: str
    first: date
    last: date
    code: str | None = None
    generation: int | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The same as moments: from, and before."""
        begin = datetime.combine(self.first, time(), CHINA)
        # The last day that there is has none after it.
        return begin, datetime.combine(min(self.last, date.max - timedelta(days=1)), time(), CHINA) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UseLine:
    """One use. at: local time; approver: who allowed it, of a standing authorisation whoever approved that.

    outcome: `used`, `abandoned`, `refused`, or None for a possible use; refusal: code of the error.
    """

    at: datetime
    code: str
    seal: str
    matter: str
    number: str | None
    approver: str | None
    operator: str
    copies: int
    outcome: str | None
    refusal: str | None
    document: str | None

    def outcome_text(self, language: Language) -> str:
        """Return the outcome in words, with the reason of a refusal."""
        words = _OUTCOMES[self.outcome][0 if language == "zh" else 1]
        return words if self.refusal is None else f"{words} ({self.refusal})"


def read_register(
    session: Session, question: RegisterQuestion, actor: Actor, matter: Callable[[str], str] = str
) -> Iterator[UseLine]:
    """Return the uses, the oldest first; raises RoleWanted, UnitRefused, before the first one.

    matter: gives the words for a licence type's code.
    """
    require(actor, question.organisation, SEAL_AUDITOR, SEAL_CUSTODIAN)
    return (_line(row, matter) for row in rows.uses_between(session, _place(question), *question.span))


def count_register(session: Session, question: RegisterQuestion, actor: Actor) -> int:
    """Return how many uses there are; raises RoleWanted, UnitRefused."""
    require(actor, question.organisation, SEAL_AUDITOR, SEAL_CUSTODIAN)
    return rows.count_between(session, _place(question), *question.span)


def _place(question: RegisterQuestion) -> rows.Place:
    return rows.Place(question.organisation, question.code, question.generation)


def _line(row: Row[Any], matter: Callable[[str], str]) -> UseLine:
    approver = row.decided_by or row.granted_by
    return UseLine(
        at=row.opened_at.astimezone(CHINA),
        code=row.code,
        seal=row.name,
        matter=matter(row.matter),
        number=row.number,
        approver=None if approver is None else approver["id"],
        operator=row.actor["id"],
        copies=row.copies,
        outcome=row.outcome,
        refusal=row.refusal,
        document=row.document,
    )


def cells(position: int, line: UseLine, language: Language) -> tuple[str | int | datetime, ...]:
    """Return a line's cells under the headings; `position` from 1."""
    return (
        position,
        line.at.replace(tzinfo=None, microsecond=0),
        line.code,
        line.seal,
        line.matter,
        line.number or "",
        line.approver or "",
        line.operator,
        line.copies,
        line.outcome_text(language),
        line.document or "",
    )
