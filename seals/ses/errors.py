"""What national seal structures (SES) are refused for.

SealError
├── SesUnreadable          neither a seal nor a signature value of GB/T 38540 or GM/T 0031
│   └── SesOverLimits      well formed as far as we looked, but larger than we read
└── SesRefused             what was handed in makes no seal, or no signature, of that form
"""

from dataclasses import dataclass

from seals.errors import SealError


@dataclass(eq=False)
class SesUnreadable(SealError):
    """The bytes are no national seal, or signature value, in a form that is read; `reason` is a stable word."""

    code = "seals.ses_unreadable"
    zh = "无法读取该电子印章或签章数据：{reason}"
    en = "this national seal or signature value cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class SesOverLimits(SesUnreadable):
    """Larger, or with more members, than we read."""

    code = "seals.ses_over_limits"
    zh = "电子印章或签章数据超出读取上限：{reason}"
    en = "the national seal or signature value is over our limits: {reason}"


@dataclass(eq=False)
class SesRefused(SealError):
    """A seal cannot be made, or nothing be sealed with it; `reason` is a stable word."""

    code = "seals.ses_refused"
    zh = "无法制作电子印章或签章：{reason}"
    en = "the national seal cannot be made or used: {reason}"

    reason: str
