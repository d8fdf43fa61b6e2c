"""`elicence audit`: who used what, proved. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "accepted": Entry("tools.audit.accepted:accepted", "Who relied on a licence since a day: recall. 已采信清单"),
    "case": Entry("tools.audit.tracing:case", "What happened in a case. 按办件追溯"),
    "department": Entry("tools.audit.tracing:department", "What a department did, or its licences. 按部门追溯"),
    "licence": Entry("tools.audit.tracing:licence", "The whole chain of a licence. 按证照追溯"),
    "monitor": Entry("tools.audit.monitoring:monitor", "Follow a log; alarm on a fork or a gap. 监测账本"),
    "order": Entry("tools.audit.orders:order", "Audit orders: enter, list, end. 审计任务书"),
    "organisation": Entry("tools.audit.tracing:organisation", "What a company holds and did. 按组织追溯"),
    "promise": Entry("tools.audit.promising:promise", "What became of a promise, as evidence. 核查入账承诺"),
    "seal": Entry("tools.audit.tracing:seal", "The whole chain of a seal. 按印章追溯"),
    "verify": Entry("tools.audit.verifying:verify", "Check an evidence file off line. 离线核验证据"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Be allowed to 授权", ("order",)),
    ("Trace 追溯", ("licence", "seal", "case", "department", "organisation", "accepted")),
    ("Prove to others 举证", ("promise", "verify")),
    ("Watch 监测", ("monitor",)),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def audit() -> None:
    """Trace what was used, by whom and why; prove it, and prove that nothing is missing.

    审计追溯：逐条核验使用记录，证明没有遗漏，并导出第三方可离线核验的证据。

    \b
    Without an order (--order) places, times and proofs are told, and no event is opened. Every look is an event itself.
    未指定审计任务书时只显示时间、位置与证明，不打开任何事件；每次查阅本身也会被记录。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
