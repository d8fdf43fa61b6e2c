"""The words of the pages, in Chinese and English. Codes never change; words may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.errors import Language
from seals.local_time import CHINA


@dataclass(frozen=True, slots=True)
class Texts:
    """Every label a page shows, in one language."""

    tagline: str
    language: str
    footer: str
    first_title: str
    first_lead: str
    drop: str
    choose: str
    limit: str
    verify: str
    busy: str
    privacy: str
    by_identifier: str
    identifier: str
    digest: str
    compare: str
    unconfirmed: str
    checks: str
    another: str
    families: dict[str, str]
    outcomes: dict[str, str]
    facts: dict[str, str]


ZH: Final = Texts(
    tagline="电子证照与电子印章服务",
    language="语言",
    footer="核验结果只表示所列时间点的情况。上传的文件不留存，只记录其摘要。",
    first_title="核验一份电子证照",
    first_lead="把收到的证照文件放进来：看结论，看要比对的内容，再看每一项检查。",
    drop="把 PDF 或 JSON 证照拖到这里",
    choose="选择文件",
    limit="最大 {limit} MB",
    verify="核验",
    busy="正在核验…",
    privacy="文件只用于本次核验，不保存。",
    by_identifier="没有文件？按证照标识和文件摘要核验",
    identifier="证照标识",
    digest="文件摘要（SHA-256）",
    compare="请与纸面或屏幕上的内容比对",
    unconfirmed="文件自称的内容（核验未通过，不可作为依据）",
    checks="每一项检查",
    another="再核验一份",
    families={
        "integrity": "文件完整性",
        "coverage": "印章覆盖范围",
        "content": "内容一致",
        "trust": "印章可信",
        "time": "时间",
        "status": "证照状态",
        "ledger": "存证账本",
    },
    outcomes={
        "passed": "通过",
        "failed": "不通过",
        "warning": "提示",
        "not_run": "未能检查",
        "not_applicable": "不适用",
    },
    facts={
        "id": "核验编号",
        "checked_at": "核验时间",
        "as_of": "所问时间点",
        "document": "文件摘要",
        "policy": "核验策略",
        "event": "存证事件",
    },
)

EN: Final = Texts(
    tagline="electronic licences and e-seals",
    language="Language",
    footer="The result holds for the moment shown. Uploaded files are not kept; only their digest is recorded.",
    first_title="Verify an electronic licence",
    first_lead="Drop the licence you were given: see the verdict, what to compare, then every check.",
    drop="Drop a PDF or JSON licence here",
    choose="Choose a file",
    limit="at most {limit} MB",
    verify="Verify",
    busy="Verifying…",
    privacy="The file is used for this check alone and is not stored.",
    by_identifier="No file? Verify by identifier and document digest",
    identifier="Licence identifier",
    digest="Document digest (SHA-256)",
    compare="Compare this with the paper or the screen before you",
    unconfirmed="What the file says of itself (it did not pass: do not rely on it)",
    checks="Every check",
    another="Verify another",
    families={
        "integrity": "Integrity of the file",
        "coverage": "What the seal covers",
        "content": "Contents agree",
        "trust": "Trust in the seal",
        "time": "Time",
        "status": "Status of the licence",
        "ledger": "Ledger",
    },
    outcomes={
        "passed": "passed",
        "failed": "failed",
        "warning": "note",
        "not_run": "could not be checked",
        "not_applicable": "does not apply",
    },
    facts={
        "id": "Verification",
        "checked_at": "Checked at",
        "as_of": "As of",
        "document": "Document digest",
        "policy": "Policy",
        "event": "Ledger event",
    },
)


def texts(language: Language) -> Texts:
    """Return the words of one language."""
    return ZH if language == "zh" else EN


def preferred_language(query: str | None, accept_language: str | None) -> Language:
    """Choose the language: the query's if it names one, else the browser's first of ours, else Chinese."""
    if query in {"zh", "en"}:
        return "en" if query == "en" else "zh"
    for part in (accept_language or "").lower().split(","):
        tag = part.split(";")[0].strip()
        if tag.startswith("zh"):
            return "zh"
        if tag.startswith("en"):
            return "en"
    return "zh"


def local_time(moment: datetime) -> str:
    """Write a moment as people here read it."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S UTC+8")
