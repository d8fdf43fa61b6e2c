"""What the command line refuses, beyond what the packages below refuse themselves.

DomainError
└── ToolError           this package's root
    ├── SystemsNone     nobody may push decisions yet
    ├── SystemUnknown   no registered system of that name
    ├── SystemsSeveral  it must be said which system acts
    └── Crash           we failed, not the request: exit code 2
        ├── WorkerDied      a process ended in the middle of a batch
        ├── WorkerSilent    a process gave no answer for too long
        └── WorkerFailed    a process met an error that is nobody's request's fault
"""

from dataclasses import dataclass

from ledger.errors import DomainError


class ToolError(DomainError):
    """Root of what the command line refuses."""

    code = "tools.error"


@dataclass(eq=False)
class SystemsNone(ToolError):
    """Licences are issued in the name of a registered system, and there is none."""

    code = "tools.systems_none"
    zh = "尚未登记业务系统：请先运行 elicence systems add"
    en = "no system is registered: run `elicence systems add` first"


@dataclass(eq=False)
class SystemUnknown(ToolError):
    """No system in use has that id. known: those that are."""

    code = "tools.system_unknown"
    zh = "没有登记名为“{system}”的业务系统。已登记：{known}"
    en = "no system {system!r} is registered; registered are: {known}"

    system: str
    known: str


@dataclass(eq=False)
class SystemsSeveral(ToolError):
    """More than one system is registered, and it was not said which one acts."""

    code = "tools.systems_several"
    zh = "已登记多个业务系统，请用 --as 指明其中之一：{known}"
    en = "several systems are registered; say which one acts with --as: {known}"

    known: str


class Crash(ToolError):
    """Root of failures of our own: whether the request was right is not known."""

    code = "tools.crash"


@dataclass(eq=False)
class WorkerDied(Crash):
    """A worker process ended in the middle of a batch. exit_code: negative is the number of the signal."""

    code = "tools.worker_died"
    zh = "制证进程意外退出（{exit_code}）。已签发的证照有效；再次运行即可完成其余部分"
    en = "an issuing process died ({exit_code}). What was issued stands; run again to finish the rest"

    exit_code: int | None


@dataclass(eq=False)
class WorkerSilent(Crash):
    """A worker process took far longer than any batch takes."""

    code = "tools.worker_silent"
    zh = "制证进程 {seconds} 秒没有响应，已停止。再次运行即可完成其余部分"
    en = "an issuing process gave no answer for {seconds} s and was stopped. Run again to finish the rest"

    seconds: int


@dataclass(eq=False)
class WorkerFailed(Crash):
    """A worker process met an error of the house. reason: its kind and, where it names no data, its text."""

    code = "tools.worker_failed"
    zh = "制证进程出错（{reason}）。已签发的证照有效；再次运行即可完成其余部分"
    en = "an issuing process failed ({reason}). What was issued stands; run again to finish the rest"

    reason: str
