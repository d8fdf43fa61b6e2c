"""What tracing, evidence and monitoring refuse.

LedgerError
├── OrderUnknown          no audit order of that number
├── OrderWanted           what is asked cannot be told without an order
├── OrderRefused          the order does not open this, or not to this account
├── OrderMalformed        an order must have a number, a scope and an end
├── OrderExists           the number is taken
├── PeriodEmpty           a period that ends before it begins
├── EvidenceUnreadable    the file is no evidence of ours
├── PromiseMissing        the file holds no promise
├── TraceTooLong          more than one answer holds
├── LogUnreachable        a log that is followed does not answer
├── LogForked             a log contradicts what it showed before
└── MirrorDamaged         a monitor's own state cannot be used
"""

from dataclasses import dataclass
from typing import Final

from ledger.errors import Language, LedgerError


@dataclass(eq=False)
class OrderUnknown(LedgerError):
    """There is no audit order of that number."""

    code = "ledger.order_unknown"
    zh = "没有编号为“{number}”的审计任务书"
    en = "there is no audit order {number!r}"

    number: str


@dataclass(eq=False)
class OrderWanted(LedgerError):
    """To be told which licences a unit or a case used is to have events opened: that takes an order."""

    code = "ledger.order_wanted"
    zh = "按办件、部门或组织追溯须凭审计任务书（--order）"
    en = "to trace a case, a department or an organisation takes an audit order (--order)"


@dataclass(eq=False)
class OrderRefused(LedgerError):
    """The order opens nothing here: it has ended, covers something else, or the account may not use it."""

    code = "ledger.order_refused"
    zh = "审计任务书“{number}”不能用于此次查阅：{zh_reason}"
    en = "audit order {number!r} does not open this: {reason}"

    number: str
    zh_reason: str
    reason: str


@dataclass(eq=False)
class OrderMalformed(LedgerError):
    """An order cannot be entered like that; `member` is what is wrong."""

    code = "ledger.order_malformed"
    zh = "审计任务书的{member}不合规（须有编号、范围与截止时间）"
    en = "the {member} of the audit order is not valid: an order has a number, a scope and an end"

    member: str

    def spoken(self, language: Language) -> dict[str, object]:
        """Return the member as people call it."""
        return {"member": _ORDER_MEMBERS.get(self.member, self.member) if language == "zh" else self.member}


_ORDER_MEMBERS: Final = {"number": "编号", "scope": "范围", "end": "截止时间", "actor": "登记人"}


@dataclass(eq=False)
class OrderExists(LedgerError):
    """There is an order of that number already: what it opens and until when is never changed under its number."""

    code = "ledger.order_exists"
    zh = "编号为“{number}”的审计任务书已登记；请核对编号，或以新编号登记"
    en = "there is an audit order {number!r} already: check the number, or enter a new one"

    number: str


@dataclass(eq=False)
class PeriodEmpty(LedgerError):
    """Nothing can lie in such a period, and "everything holds" would be said of nothing."""

    code = "ledger.period_empty"
    zh = "起始时间须早于截止时间"
    en = "the period ends before it begins: 'since' must be before 'until'"


@dataclass(eq=False)
class EvidenceUnreadable(LedgerError):
    """The file is not evidence of ours; nothing can be said about it."""

    code = "ledger.evidence_unreadable"
    zh = "证据文件无法读取：{reason}"
    en = "the evidence file cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class PromiseMissing(LedgerError):
    """The file holds no promise of a log."""

    code = "ledger.promise_missing"
    zh = "文件中没有账本的入账承诺"
    en = "the file holds no promise of a log"


@dataclass(eq=False)
class TraceTooLong(LedgerError):
    """More events than one answer holds: a shorter period is needed."""

    code = "ledger.trace_too_long"
    zh = "符合条件的事件超过 {limit} 条，请缩短时间范围"
    en = "more than {limit} events match; ask for a shorter period"

    limit: int


@dataclass(eq=False)
class LogUnreachable(LedgerError):
    """A log that is followed did not answer."""

    code = "ledger.log_unreachable"
    zh = "无法读取账本 {log}：{reason}"
    en = "the log at {log} cannot be read: {reason}"

    log: str
    reason: str


@dataclass(eq=False)
class LogForked(LedgerError):
    """The log contradicts what it has shown before: it was rewritten, or shows different people different histories."""

    code = "ledger.log_forked"
    zh = "账本自相矛盾（条目数 {size}）：{reason}。请保存证据并上报"
    en = "the log contradicts itself at size {size}: {reason}. Keep the evidence and report it"

    size: int
    reason: str


@dataclass(eq=False)
class MirrorDamaged(LedgerError):
    """The state of a monitor does not fit together; it must be made anew from the log."""

    code = "ledger.mirror_damaged"
    zh = "监测状态已损坏，请移走后重新跟随账本：{reason}"
    en = "the state of the monitor is damaged; put it aside and follow the log anew: {reason}"

    reason: str
