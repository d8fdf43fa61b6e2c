"""What ceremonies after the first refuse, and what is wrong with their transcript.

CeremonyRefused
├── TranscriptInvalid      the transcript is not whole, or not signed by the roots
├── CeremonyOverdue        the yearly ceremonies were not held
├── CeremonyTooEarly       the clock stands before the last one
└── RolloverRefused        there is nothing of that name to make anew, or not in this way
"""

from dataclasses import dataclass
from datetime import datetime

from ca.errors import CeremonyRefused


@dataclass(eq=False)
class TranscriptInvalid(CeremonyRefused):
    """A transcript that was changed, does not follow on the one before, or is signed by no root."""

    code = "ca.transcript_invalid"
    zh = "密钥仪式记录无效：{reason}"
    en = "the ceremony's transcript is invalid: {reason}"

    reason: str


@dataclass(eq=False)
class CeremonyOverdue(CeremonyRefused):
    """The roots' revocation lists have ended, so that no trust list can be made."""

    code = "ca.ceremony_overdue"
    zh = "根吊销列表已过期，无法发布信任列表：须举行年度密钥仪式（elicence ca rollover renew）"
    en = "the roots' revocation lists have ended, no trust list can be made: hold the yearly ceremony (elicence ca rollover renew)"


@dataclass(eq=False)
class CeremonyTooEarly(CeremonyRefused):
    """The machine's clock stands before the ceremony that was held last."""

    code = "ca.ceremony_too_early"
    zh = "本机时钟早于上一次密钥仪式（{last}），请先校正时钟"
    en = "this machine's clock is before the last ceremony ({last}): set it right first"

    last: datetime


@dataclass(eq=False)
class RolloverRefused(CeremonyRefused):
    """A key cannot be followed by another in the way that was asked for."""

    code = "ca.rollover_refused"
    zh = "无法更替 {name}：{zh_reason}"
    en = "{name} cannot be followed by another: {reason}"

    name: str
    zh_reason: str
    reason: str
