"""What benchmarks refuse."""

from dataclasses import dataclass

from tools.errors import ToolError


@dataclass(eq=False)
class BenchmarkNeedsPyhanko(ToolError):
    """The reference of sealing is not installed: it is a development dependency."""

    code = "bench.needs_pyhanko"
    zh = "性能对照需要 pyHanko：请先运行 make bench 或 make setup-dev 安装开发依赖"
    en = "the reference is pyHanko, a development dependency: run `make bench`, or `make setup-dev` first"


@dataclass(eq=False)
class BenchmarkFailed(ToolError):
    """What was to be measured did not run; nothing is reported in its place."""

    code = "bench.failed"
    zh = "性能测试中断：{reason}。请重试；若仍失败，请先运行 make test"
    en = "the measurement broke off: {reason}. Try again; if it fails again, run `make test` first"

    reason: str
