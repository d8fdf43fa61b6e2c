"""What makes a clock unfit to date anything.

CAError
├── ClockSuspect           no time is stamped until the clock is right again
└── TimeSourceSilent       another clock gives no usable answer
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ca.errors import CAError
from ledger.errors import Language

ClockFault = Literal["jumped", "behind_records", "disagrees", "unconfirmed", "not_the_present"]

_FAULTS: Final = MappingProxyType(
    {
        "jumped": (
            "系统时钟发生了 {seconds:.1f} 秒的跳变；请校准时钟后重启服务，或配置 NTP 服务器",
            "the system clock jumped by {seconds:.1f} s: set it right and restart the service, or configure an NTP server",
        ),
        "behind_records": (
            "系统时钟比数据库中已记录的时间落后 {seconds:.1f} 秒，请校准时钟；若无误，请执行 elicence ca clock --accept",
            "the system clock is {seconds:.1f} s behind a recorded time: set it right, or: elicence ca clock --accept",
        ),
        "disagrees": (
            "系统时钟与 {source} 相差 {seconds:.1f} 秒，请校准时钟",
            "the system clock differs from {source} by {seconds:.1f} s: set it right",
        ),
        "not_the_present": (
            "要标注的时间与当前时间相差 {seconds:.1f} 秒",
            "the time to be stamped is {seconds:.1f} s away from the present",
        ),
        "unconfirmed": (
            "{source} 没有回应，无法确认系统时钟",
            "{source} does not answer, so the system clock is not confirmed",
        ),
    }
)


@dataclass(eq=False)
class ClockSuspect(CAError):
    """The clock may be wrong, so nothing is dated by it; seconds: by how much, source: whom it was compared with."""

    code = "ca.clock_suspect"
    zh = "系统时钟不可信，暂停签发时间戳"
    en = "the system clock is not to be trusted: no time is stamped"

    fault: ClockFault
    seconds: float = 0.0
    source: str = ""

    def message(self, language: Language = "en") -> str:
        """Return what is refused, and why."""
        heading = self.zh if language == "zh" else self.en
        if self.fault not in _FAULTS:
            return heading
        detail = _FAULTS[self.fault][0 if language == "zh" else 1]
        return f"{heading}{'：' if language == 'zh' else ': '}{detail.format(seconds=self.seconds, source=self.source)}"


@dataclass(eq=False)
class TimeSourceSilent(CAError):
    """A time server or database gives no answer, or none that counts."""

    code = "ca.time_source_silent"
    zh = "时间源 {source} 没有可用的回应：{reason}"
    en = "the time source {source} gives no usable answer: {reason}"

    source: str
    reason: str
