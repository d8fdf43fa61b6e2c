"""What a check of the whole ledger can find, and how it is told."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ledger.errors import Language

What = Literal[
    "check.stopped",
    "checkpoint.missing",
    "checkpoint.unsigned",
    "checkpoint.root",
    "tile.missing",
    "tile.differs",
    "tile.unknown",
    "tag.repeated",
    "head.missing",
    "head.behind",
    "head.differs",
    "entry.missing",
    "entry.differs",
    "event.tag",
    "event.link",
    "event.body",
    "event.key",
    "promise.broken",
    "document.missing",
    "document.damaged",
    "document.differs",
    "document.unlogged",
]

MOST: Final = 10_000
"""So many contradictions are listed; after that somebody has to look with other means."""

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "check.stopped": ("矛盾过多，未继续核对其余部分", "too many contradictions: the rest was not looked at"),
    "checkpoint.missing": ("没有已发布的检查点", "no checkpoint is published"),
    "checkpoint.unsigned": ("检查点不是本账本签署的", "the checkpoint is not signed by this log"),
    "checkpoint.root": ("条目推导出的根与检查点不符", "the entries do not give the root of the checkpoint"),
    "tile.missing": ("分片缺失：{where}", "a tile is missing: {where}"),
    "tile.differs": ("分片与条目不符：{where}", "a tile is not what the entries make: {where}"),
    "tile.unknown": ("账本中不应有的对象：{where}", "no log has such an object: {where}"),
    "tag.repeated": ("标签重复出现，条目 {where}", "a tag was given twice, entry {where}"),
    "head.missing": ("数据库中没有账本头", "the database has no head of the log"),
    "head.behind": ("数据库落后于已发布的检查点：{where}", "the database is behind the published checkpoint: {where}"),
    "head.differs": (
        "数据库的账本头与条目不符：{where}",
        "the head in the database is not what the entries make: {where}",
    ),
    "entry.missing": ("数据库缺少条目：{where}", "the database lacks entries: {where}"),
    "entry.differs": ("数据库与账本的条目不同：{where}", "database and log differ in entry {where}"),
    "event.tag": ("事件标签不正确：{where}", "the tag of an event is wrong: {where}"),
    "event.link": ("事件与前一事件的链接不正确：{where}", "an event is not linked to the one before it: {where}"),
    "event.body": ("事件内容与条目承诺不符：{where}", "an event is not what its entry commits to: {where}"),
    "event.key": ("主体密钥无法打开：{where}", "the key of a subject does not open: {where}"),
    "promise.broken": ("承诺逾期未兑现：{where}", "a promise was not kept in time: {where}"),
    "document.missing": ("文件缺失：{where}", "a document is missing: {where}"),
    "document.damaged": ("文件已损坏：{where}", "a document is damaged: {where}"),
    "document.differs": ("文件与登记摘要不符：{where}", "a document is not the one in the register: {where}"),
    "document.unlogged": ("文件摘要未写入账本：{where}", "no event of the log names the digest of a document: {where}"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction. where: a path, an index, or the id of an event, a subject or a document."""

    what: What
    where: str = ""

    def message(self, language: Language) -> str:
        """Say it in one sentence."""
        zh, en = _TEXTS[self.what]
        return (zh if language == "zh" else en).format(where=self.where)

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {"what": self.what, "where": self.where, "zh": self.message("zh"), "en": self.message("en")}


@dataclass(slots=True)
class Report:
    """What was looked at, how many of each, and everything that was found."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        """Add to what was looked at."""
        self.counts[what] = self.counts.get(what, 0) + number

    def find(self, what: What, where: object = "") -> None:
        """Add a contradiction."""
        self.findings.append(Finding(what, str(where)))

    def take(self, other: "Report") -> None:
        """Add what another part of the check has looked at and found."""
        for what, number in other.counts.items():
            self.count(what, number)
        self.findings += other.findings

    @property
    def is_full(self) -> bool:
        """Whether so much was found that nobody would read more."""
        return len(self.findings) >= MOST

    @property
    def clean(self) -> bool:
        """Whether nothing contradicts anything."""
        return not self.findings
