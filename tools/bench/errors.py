"""What benchmarks refuse."""

from dataclasses import dataclass

from tools.errors import ToolError


@dataclass(eq=False)
class BenchmarkNeedsPyhanko(ToolError):
    """The reference of sealing is not installed: it is a development dependency."""

    code = "bench.needs_pyhanko"
    zh = "性能对照需要 pyHanko：请先运行 make bench 或 make setup-dev 安装开发依赖"
    en = "the reference is pyHanko, a development dependency: run `make bench`, or `make setup-dev` first"
