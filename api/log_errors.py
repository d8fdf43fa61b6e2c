"""What the log's doors refuse."""

from dataclasses import dataclass

from api.systems import DoorError


@dataclass(eq=False)
class LogBusy(DoorError):
    """The log takes no more for the moment. seconds: until one should try again."""

    code = "log.busy"
    zh = "账本暂时繁忙，请在 {seconds} 秒后重试"
    en = "the log takes no more entries for the moment: try again in {seconds} s"

    seconds: int


@dataclass(eq=False)
class PromiseUnusable(DoorError):
    """What was sent is no promise of this log. reason: what is wrong with it."""

    code = "log.promise_unusable"
    zh = "这不是本账本出具的承诺：{reason}"
    en = "that is no promise of this log: {reason}"

    reason: str
