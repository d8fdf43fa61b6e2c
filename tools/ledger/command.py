"""`elicence ledger`: the log, looked at, proved and checked. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "fsck": Entry("tools.ledger.fsck:fsck", "Derive everything again and compare it. 全面核对账本"),
    "head": Entry("tools.ledger.head:head", "The published checkpoint, and what waits. 检查点与待写事件"),
    "prove": Entry("tools.ledger.prove:prove", "Write an inclusion or consistency proof. 导出证明"),
    "tidy": Entry("tools.ledger.tidy:tidy", "Delete partial tiles that full ones followed. 清理旧分片"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Look 查看", ("head", "prove")),
    ("Keep 维护", ("fsck", "tidy")),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def ledger() -> None:
    """The verifiable log: its head, proofs out of its tiles, and the check of all of it.

    存证账本：检查点、证明与全面核对。

    \b
    Without --at it is the log of this house; with it, any log that is served below an address or lies in a folder.
    默认为本机构的账本；--at 可指定任何地址或文件夹中的账本。
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
