"""What ceremonies after the first refuse, and what is wrong with their transcript.

CeremonyRefused
├── TranscriptInvalid      the transcript is not whole, or not signed by the roots
└── RolloverRefused        there is nothing of that name to make anew, or not in this way
"""

from dataclasses import dataclass

from ca.errors import CeremonyRefused


@dataclass(eq=False)
class TranscriptInvalid(CeremonyRefused):
    """A transcript that was changed, does not follow on the one before, or is signed by no root."""

    code = "ca.transcript_invalid"
    zh = "密钥仪式记录无效：{reason}"
    en = "the ceremony's transcript is invalid: {reason}"

    reason: str


@dataclass(eq=False)
class RolloverRefused(CeremonyRefused):
    """A key cannot be followed by another in the way that was asked for."""

    code = "ca.rollover_refused"
    zh = "无法更替 {name}：{zh_reason}"
    en = "{name} cannot be followed by another: {reason}"

    name: str
    zh_reason: str
    reason: str
