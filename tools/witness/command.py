"""`elicence witness`: a witness of logs, on a machine of its own. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "init": Entry("tools.witness.keeping:init", "Make a witness: key and memory in a folder. 建立见证方"),
    "quorum": Entry("tools.witness.judging:quorum", "Who cosigned a checkpoint, by a policy. 核对见证签名"),
    "serve": Entry("tools.witness.serving:serve", "Serve the witness over HTTP. 启动见证服务"),
    "show": Entry("tools.witness.keeping:show", "Its key, its logs, and what it has seen. 查看见证方"),
    "unwatch": Entry("tools.witness.keeping:unwatch", "Believe a log's key no more. 停止见证账本"),
    "walk": Entry("tools.witness.walking:walk", "From a licence's proof to the province's log. 逐级核验"),
    "watch": Entry("tools.witness.keeping:watch", "Watch a log from now on. 登记被见证的账本"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Run a witness 运行见证方", ("init", "watch", "unwatch", "serve", "show")),
    ("Check 核对", ("quorum", "walk")),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def witness() -> None:
    """A witness (C2SP tlog-witness): cosigns a log's checkpoints as long as each continues the one before.

    账本见证方：只要检查点前后一致便予以会签。A witness needs no house and no database, and is best run by somebody else
    than the log.
    """
