"""What issuing and acts refuse.

LicenceError
├── RequestFaulty         the request has faults, all of them listed
├── LicenceConflict       the number or the case is taken by other content
├── LicenceInProgress     another worker has this very licence in hand
├── LicenceUnknown        no such licence, or not for you to see
├── AttemptsExhausted     whoever took it in hand died over it
├── ActNotAllowed         not in this status
└── ActMalformed          the act lacks something, or says too much
"""

from dataclasses import dataclass

from licences.errors import LicenceError
from licences.faults import FieldFault


@dataclass(eq=False)
class RequestFaulty(LicenceError):
    """The request cannot become a licence. faults: every one of them, each with its field, code, zh and en."""

    code = "licences.faulty"
    zh = "证照内容有 {count} 处错误，请逐项更正"
    en = "the request has {count} faults; correct each of them"

    faults: tuple[FieldFault, ...]

    def details(self) -> dict[str, object]:
        """Return the typed fields, and how many faults there are."""
        return {"faults": self.faults, "count": len(self.faults)}


@dataclass(eq=False)
class LicenceConflict(LicenceError):
    """What came before under the same key has other content; nothing was changed.

    taken: `number` (type, issuer and licence number) or `business_number`. identifier: the licence that has it.
    """

    code = "licences.conflict"
    zh = "{taken_zh}已用于内容不同的证照 {identifier}。如需变更，请走变更或更正"
    en = "the {taken_en} belongs to licence {identifier} with other content; amend or correct that licence instead"

    taken: str
    identifier: str

    def details(self) -> dict[str, object]:
        """Return the typed fields, and the key in words."""
        zh, en = _KEYS[self.taken]
        return {"taken": self.taken, "identifier": self.identifier, "taken_zh": zh, "taken_en": en}


_KEYS = {"number": ("证照编号", "licence number"), "business_number": ("业务流水号", "business number")}


@dataclass(eq=False)
class LicenceInProgress(LicenceError):
    """The same licence is being issued by another worker right now."""

    code = "licences.in_progress"
    zh = "证照 {identifier} 正在签发，请稍后查询"
    en = "licence {identifier} is being issued at this moment; ask again shortly"

    identifier: str


@dataclass(eq=False)
class LicenceUnknown(LicenceError):
    """There is no such licence, or it is another department's."""

    code = "licences.unknown"
    zh = "没有找到证照 {identifier}"
    en = "no licence {identifier} was found"

    identifier: str


@dataclass(eq=False)
class AttemptsExhausted(LicenceError):
    """Every worker that took it in hand died over it; it is not tried again by itself."""

    code = "licences.attempts_exhausted"
    zh = "证照 {identifier} 多次签发未完成，已停止自动重试。请联系管理员后重新推送"
    en = "licence {identifier} was begun several times and never finished; ask the operator, then push it again"

    identifier: str


@dataclass(eq=False)
class ActNotAllowed(LicenceError):
    """The act may not follow on the licence's status. allowed: the acts that may."""

    code = "licences.act_not_allowed"
    zh = "证照当前状态为 {status}，不能执行 {act}；可执行：{allowed}"
    en = "a licence that is {status} cannot {act}; possible are: {allowed}"

    act: str
    status: str
    allowed: tuple[str, ...]

    def details(self) -> dict[str, object]:
        """Return the typed fields, the acts as one text."""
        return {"act": self.act, "status": self.status, "allowed": ", ".join(self.allowed) or "-"}


@dataclass(eq=False)
class ActMalformed(LicenceError):
    """A part of the act is missing, too much, or contradicts the licence's history."""

    code = "licences.act_malformed"
    zh = "该操作的“{member}”不合规"
    en = "the {member} of the act is not valid"

    member: str
