"""What reading a seal beside a file refuses.

SealError
├── DetachedUnreadable      no seal value in the one form that we write, or one of others that plainly fails
│   └── DetachedOverLimits  larger than we read
└── DetachedUnsupported     a signature in a form that we do not judge
"""

from dataclasses import dataclass

from seals.errors import SealError


@dataclass(eq=False)
class DetachedUnreadable(SealError):
    """The bytes are no detached seal that can be read; `reason` is a stable word."""

    code = "seals.detached_unreadable"
    zh = "无法读取该签章文件（.p7s）：{reason}"
    en = "this seal file (.p7s) cannot be read: {reason}"

    reason: str


@dataclass(eq=False)
class DetachedOverLimits(DetachedUnreadable):
    """Larger than a seal can be."""

    code = "seals.detached_over_limits"
    zh = "签章文件（.p7s）超出读取上限：{reason}"
    en = "the seal file (.p7s) is over our limits: {reason}"


@dataclass(eq=False)
class DetachedUnsupported(SealError):
    """A signature that is over this file, or may be, in a form that we do not judge."""

    code = "seals.detached_unsupported"
    zh = "暂不支持该签章文件（.p7s）的形式：{reason}"
    en = "seal files (.p7s) of this form are not supported: {reason}"

    reason: str
