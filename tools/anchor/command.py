"""`elicence anchor`: the ledger on a chain. What runs is imported when it runs."""

from typing import Final

import click

from tools.lazy_group import Entry, LazyGroup

COMMANDS: Final = {
    "accounts": Entry("tools.anchor.accounts:accounts", "Show the chain accounts; make them. 链上账户"),
    "administrator": Entry(
        "tools.anchor.administering:administrator", "Hand the contract's administration on. 移交管理"
    ),
    "check": Entry("tools.anchor.checking:check", "Compare the chain with the log, and with proofs. 核对链上存证"),
    "deploy": Entry("tools.anchor.administering:deploy", "Put the contract on the chain. 部署合约"),
    "end": Entry("tools.anchor.status:end", "No longer tell of a chain that is given up. 停用链"),
    "publisher": Entry("tools.anchor.administering:publisher", "Name who may anchor a log. 指定发布账户"),
    "run": Entry("tools.anchor.running:run", "Anchor the ledger until stopped. 持续上链存证"),
    "status": Entry("tools.anchor.status:status", "What was seen, sent and anchored. 存证状态"),
    "trial": Entry("tools.anchor.trial:trial", "The whole way on an embedded chain. 内置链试运行"),
}
"""One line a command; keep them sorted."""

STORY: Final = (
    ("Prepare 准备", ("accounts", "deploy", "publisher", "administrator")),
    ("Anchor 存证", ("run", "status", "end")),
    ("Prove 核对", ("check", "trial")),
)


@click.group(cls=LazyGroup, entries=COMMANDS, story=STORY)
def anchor() -> None:
    """The ledger on a chain: a contract that accepts a larger ledger only with the proof that nothing was rewritten.

    账本上链存证：合约只接受能证明未改写历史的新账本状态。ELICENCE_CHAIN_* name the chain; docs/anchoring.md shows the way.
    """
