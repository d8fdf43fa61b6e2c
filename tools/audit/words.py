"""What the audit commands call things, in both languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from ledger.errors import Language

Words: TypeAlias = Mapping[str, str]

KINDS: Final[Words] = MappingProxyType(
    {
        "issued": "颁发",
        "delivered": "送达",
        "amended": "变更",
        "renewed": "延续",
        "replaced": "更换",
        "suspended": "暂停",
        "resumed": "恢复",
        "withdrawn": "撤回",
        "annulled": "撤销",
        "revoked": "吊销",
        "cancelled": "注销",
        "voided": "作废",
        "expired": "到期",
        "reinstated": "恢复效力",
        "extended": "延期",
        "erased": "依法删除",
        "downloaded": "下载",
        "shown": "出示",
        "shared": "分享",
        "share-ended": "终止分享",
        "consented": "授权",
        "consent-ended": "终止授权",
        "retrieved": "调取",
        "verified": "核验",
        "accepted": "采信",
        "refused": "拒绝",
        "copied": "复制",
        "printed": "打印",
        "objected": "异议",
        "complained": "投诉",
        "answered": "答复",
        "recalled": "追回",
        "applied": "申请",
        "approved": "批准",
        "rejected": "驳回",
        "made": "制作",
        "imported": "导入",
        "granted": "授权用印",
        "used": "用印",
        "stopped": "停用",
        "audit-opened": "审计查阅",
    }
)
SUBJECTS: Final[Words] = MappingProxyType(
    {"licence": "证照", "seal": "印章", "certificate": "证书", "administration": "管理事项"}
)
SCOPES: Final[Words] = MappingProxyType(
    {"licence": "证照", "seal": "印章", "case": "办件", "department": "部门", "organisation": "组织"}
)
_COMPLETE: Final[Mapping[Language, Words]] = MappingProxyType(
    {
        "zh": {
            "proved": "完整：已扫描账本全部 {size:,} 条，属于本链的恰为 {entries:,} 条",
            "claimed": "完整性仅为声明：截至 {size:,} 条共 {entries:,} 条（未扫描账本）",
            "partial": "部分：仅列出所选事件，未核对完整性",
            "broken": "不完整：见缺口",
        },
        "en": {
            "proved": "complete: all {size:,} entries of the log were read, exactly {entries:,} are of this chain",
            "claimed": "completeness is claimed: {entries:,} entries up to {size:,} (the log was not scanned)",
            "partial": "a part: only the events that were chosen, completeness was not looked at",
            "broken": "not complete: see the gaps",
        },
    }
)
GAPS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ROW_MISSING": ("序号 {seq} 的记录缺失", "number {seq} is missing"),
        "ENTRY_MISSING": ("序号 {seq} 在账本中不存在", "number {seq} does not stand in the log"),
        "ENTRY_ELSEWHERE": ("序号 {seq} 在账本中位于第 {index} 条", "number {seq} stands in the log at entry {index}"),
        "ENTRY_TWICE": ("序号 {seq} 在账本中出现多次", "number {seq} stands in the log more than once"),
        "ENTRY_HIDDEN": (
            "序号 {seq} 在账本第 {index} 条，但数据库记录已被删除",
            "number {seq} stands in the log at entry {index}, and its record was taken away",
        ),
    }
)
CODES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "PENDING": ("待写入账本", "waits for its place in the log"),
        "PROMISE_BROKEN": ("逾期未写入账本，承诺未兑现", "not in the log after its deadline: a broken promise"),
        "NOT_PUBLISHED": ("已排序，尚未发布", "placed, not published yet"),
        "ERASED": ("内容已依法删除", "its content was erased"),
        "TAG_DIFFERS": ("标签与主体密钥不符", "its tag is not of this subject's key"),
        "BODY_DIFFERS": ("内容与承诺值不符，已被改动", "its content is not what was committed to"),
        "COMMITMENT_DIFFERS": ("承诺值与记录不符", "its commitment does not fit the record"),
        "ROW_DIFFERS": ("数据库字段与事件内容不符", "the record's columns tell something else than the event"),
        "ENTRY_DIFFERS": ("账本该位置是另一条目", "the log has another entry there"),
        "TREE_DIFFERS": ("账本分片与检查点不符", "the log's tiles do not give its root"),
        "LINK_DIFFERS": ("与前一事件的链接不符", "its link does not lead to the event before it"),
        "PREDECESSOR_MISSING": ("前一事件缺失", "the event before it is missing"),
        "PREDECESSOR_NOT_ASKED": ("未选取前一事件", "the event before it was not chosen"),
        "CLAIMED": (
            "完整性为账本签名声明，未经镜像扫描",
            "completeness is the log's signed word, no mirror was scanned",
        ),
        "CLAIM_DIFFERS": ("签名声明的数量与文件不符", "the signed count is not what the file holds"),
        "CLAIM_UNSIGNED": ("数量声明未经账本签名", "the log has not signed a count"),
        "PARTIAL": ("仅为部分事件", "only a part of a chain"),
        "WITHHELD": ("内容未提供", "the content was withheld"),
        "NO_TRUST": ("未提供信任列表", "no trust list was given"),
        "LOG_NOT_TRUSTED": ("信任列表中没有该账本", "the trust list does not know this log"),
        "UNSIGNED": ("没有账本的签名", "the log has not signed it"),
        "SIGNATURE_INVALID": ("签名无效", "the signature does not verify"),
        "CONTENTS_CHANGED": ("内容在签名后被改动", "the contents were changed after they were signed"),
        "UNREADABLE": ("无法读取", "it cannot be read"),
        "ANOTHER_LOG": ("属于另一账本", "it is of another log"),
        "PROOF_INVALID": ("包含证明不成立", "the inclusion proof does not hold"),
        "INDEX_TWICE": ("两个事件声称同一位置", "two events claim one place"),
        "LINK_SALT_MISSING": ("缺少链接盐值", "the salt of the link is missing"),
        "ORDER_DIFFERS": ("顺序错误", "out of order"),
        "GAP": ("存在缺口", "there is a gap"),
        "KEY_UNNAMED": (
            "证照的链不以颁发事件开始，标签密钥无从核对",
            "the licence's chain does not begin with its issuing, which names the key",
        ),
        "NOT_ERASED": ("称已删除，却附有可打开的内容", "it is said to be erased, and something opens it"),
        "MIRROR_DIFFERS": ("镜像中的账本与本文件不一致", "the log in the mirror is another than the file's"),
        "MIRROR_UNREADABLE": ("镜像无法读取，未能扫描", "the mirror cannot be read, so nothing was scanned"),
        "KEY_DIFFERS": ("标签密钥与颁发事件不符", "the key is not the one that the issuing names"),
        "CHECKPOINT_UNREADABLE": ("检查点无法读取", "the checkpoint cannot be read"),
        "ENTRY_HIDDEN": ("账本中有文件未列出的事件", "the log has an event that the file leaves out"),
        "ENTRY_MISSING": ("账本中没有该事件", "the log has no such event"),
        "ENTRY_ELSEWHERE": ("该事件位于账本其他位置", "the event stands elsewhere in the log"),
        "ENTRY_TWICE": ("该事件在账本中重复", "the event stands in the log twice"),
        "ADMITTED": ("账本已签名承认未兑现承诺", "the log has broken its promise, and signs that it has"),
    }
)
CHECKS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "evidence.format": ("文件格式", "the file is evidence"),
        "evidence.signature": ("账本对文件的签名", "the log's signature over the file"),
        "log.checkpoint": ("账本检查点", "the log's checkpoint"),
        "events.commitments": ("事件内容与承诺值", "events fit their commitments"),
        "events.inclusion": ("事件在账本中", "events stand in the log"),
        "chain.links": ("前后链接", "each event follows the one before"),
        "chain.key": ("标签密钥与颁发事件", "the chain's key is the issuing's"),
        "chain.completeness": ("完整性", "nothing is missing"),
        "promises.kept": ("入账承诺", "promises were kept"),
        "promise.broken": ("承诺被违反", "a promise was broken"),
    }
)
ABOUT: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "kind": ("证据类别", "kind"),
        "origin": ("账本", "log"),
        "asked": ("追溯对象", "asked about"),
        "order": ("审计任务书", "audit order"),
        "made_at": ("生成时间", "made at"),
        "size": ("账本大小", "size of the log"),
        "chains": ("事件链", "chains"),
        "events": ("事件", "events"),
        "event": ("事件编号", "event"),
        "deadline": ("承诺期限", "deadline"),
        "admitted_at": ("承认时间", "admitted at"),
    }
)
EVIDENCE: Final[Words] = MappingProxyType({"chains": "事件链", "promise": "未兑现的承诺"})


def kind_word(kind: str, language: Language) -> str:
    """Return what an event kind is called."""
    return KINDS.get(kind, kind) if language == "zh" else kind


def code_words(code: str | None, language: Language) -> str:
    """Return what a code means."""
    if code is None:
        return ""
    return CODES.get(code, (code, code))[0 if language == "zh" else 1]


def check_words(check: str, language: Language) -> str:
    """Return what a check looks at."""
    return CHECKS[check][0 if language == "zh" else 1]


def about_words(name: str, language: Language) -> str:
    """Return what a member is called of what a file says it is evidence of."""
    return ABOUT[name][0 if language == "zh" else 1]


def gap_words(code: str, seq: int, index: int | None, language: Language) -> str:
    """Return what is missing."""
    return GAPS[code][0 if language == "zh" else 1].format(seq=seq, index=index)


def complete_words(state: str, entries: int, size: int, language: Language) -> str:
    """Return what may be said of completeness."""
    return _COMPLETE[language][state].format(entries=entries, size=size)
