"""Statuses of a licence, the acts that change them, and what may follow what, as data.

Source: 行政许可法 articles 8, 50, 69, 70; 建筑法 article 9 (自行废止 is an expiry with its cause).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from ledger.event_kinds import EventKind


class Status(StrEnum):
    """有效, 暂扣/停业/中止, 失效, 撤回, 撤销, 吊销, 注销, 作废, 已变更, 转出."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    ANNULLED = "annulled"
    REVOKED = "revoked"
    CANCELLED = "cancelled"
    VOID = "void"
    REPLACED = "replaced"
    MOVED = "moved"


class Act(StrEnum):
    """What an authority does to a licence."""

    SUSPEND = "suspend"
    RESUME = "resume"
    EXPIRE = "expire"
    EXTEND = "extend"
    WITHDRAW = "withdraw"
    ANNUL = "annul"
    REVOKE = "revoke"
    CANCEL = "cancel"
    VOID = "void"
    REPLACE = "replace"
    MOVE = "move"
    REINSTATE = "reinstate"


_NO_KINDS: Final[Mapping[str, str]] = MappingProxyType({})

Reach = Literal["decision", "issue"]
"""From when an act counts unless its decision says otherwise."""

SUSPENSIONS: Final = MappingProxyType({"seizure": "暂扣", "own-wish": "停业", "discontinued": "中止"})
CANCELLATIONS: Final = MappingProxyType(
    {
        "expiry": "届满",
        "death-or-end": "死亡/终止",
        "annulment": "撤销",
        "withdrawal": "撤回",
        "revocation": "吊销",
        "request": "申请",
        "force-majeure": "不可抗力",
    }
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One act: the status it gives, those it may be done in, its event, and how far it reaches back by default.

    kinds: what must be said with it (which suspension, which cause), with its Chinese; empty means nothing may be.
    may_end: whether it can end by itself at a time given.
    """

    act: Act
    gives: Status
    allowed_in: frozenset[Status]
    event: EventKind
    reach: Reach
    kinds: Mapping[str, str]
    may_end: bool


def _rule(
    act: Act,
    gives: Status,
    allowed_in: tuple[Status, ...],
    event: EventKind,
    reach: Reach = "decision",
    kinds: Mapping[str, str] = _NO_KINDS,
    *,
    may_end: bool = False,
) -> tuple[Act, Rule]:
    return act, Rule(act, gives, frozenset(allowed_in), event, reach, kinds, may_end)


_S = Status
_ENDED: Final = (_S.WITHDRAWN, _S.ANNULLED, _S.REVOKED)

RULES: Final = MappingProxyType(
    dict(
        (
            _rule(Act.SUSPEND, _S.SUSPENDED, (_S.ACTIVE,), EventKind.SUSPENDED, kinds=SUSPENSIONS, may_end=True),
            _rule(Act.RESUME, _S.ACTIVE, (_S.SUSPENDED,), EventKind.RESUMED),
            _rule(Act.EXPIRE, _S.EXPIRED, (_S.ACTIVE, _S.SUSPENDED), EventKind.EXPIRED),
            _rule(Act.EXTEND, _S.ACTIVE, (_S.EXPIRED,), EventKind.EXTENDED),
            _rule(Act.WITHDRAW, _S.WITHDRAWN, (_S.ACTIVE,), EventKind.WITHDRAWN),
            _rule(Act.ANNUL, _S.ANNULLED, (_S.ACTIVE,), EventKind.ANNULLED, "issue"),
            _rule(Act.REVOKE, _S.REVOKED, (_S.ACTIVE, _S.SUSPENDED), EventKind.REVOKED),
            _rule(
                Act.CANCEL,
                _S.CANCELLED,
                (_S.ACTIVE, _S.SUSPENDED, _S.EXPIRED, *_ENDED),
                EventKind.CANCELLED,
                kinds=CANCELLATIONS,
            ),
            _rule(Act.VOID, _S.VOID, (_S.ACTIVE,), EventKind.VOIDED, "issue"),
            _rule(Act.REPLACE, _S.REPLACED, (_S.ACTIVE,), EventKind.REPLACED),
            _rule(Act.MOVE, _S.MOVED, (_S.ACTIVE,), EventKind.REPLACED),
            _rule(Act.REINSTATE, _S.ACTIVE, (_S.ANNULLED, _S.REVOKED, _S.CANCELLED), EventKind.REINSTATED),
        )
    )
)
"""DOMAIN §4.3: suspended → 有效, 吊销, 注销, 失效; expired → 有效, 注销; withdrawn → 注销; annulled and revoked → 注销, 有效 by
reinstatement; cancelled → 有效 by reinstatement; void, replaced and moved → none."""


def acts_in(status: Status) -> tuple[Act, ...]:
    """Return the acts that may be done in a status."""
    return tuple(act for act, rule in RULES.items() if status in rule.allowed_in)
