"""What extending a sealed document refuses.

SealError
├── ExtensionRefused   the document or the material does not allow it; the reason says what is missing
└── ExtensionFailed    the process that does the work ended, or took too long
"""

from dataclasses import dataclass

from seals.errors import SealError


@dataclass(eq=False)
class ExtensionRefused(SealError):
    """Nothing was added: the seal does not hold, or its validation data are not complete."""

    code = "seals.extension_refused"
    zh = "不能为该文件补充长期验证数据：{reason}"
    en = "validation data cannot be added to this document: {reason}"

    reason: str


@dataclass(eq=False)
class ExtensionFailed(SealError):
    """The working process was ended by its limits, or ended itself; another document may fare better."""

    code = "seals.extension_failed"
    zh = "补充长期验证数据未完成：{reason}"
    en = "adding validation data did not come to its end: {reason}"

    reason: str
