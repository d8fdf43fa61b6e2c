"""`elicence anchor trial`: the contract at work on an embedded chain, with an invented log."""

import click

from ledger.errors import Language
from tools.ca.answering import answering, language_of, table, tell


@click.command()
@answering
def trial(lang: Language | None, *, as_json: bool) -> None:
    """Deploy the contract on an embedded chain, anchor an invented log, and try to cheat it.

    在内置链上试运行：部署、存证，并尝试分叉、回退与空根。Nothing is kept: the chain ends with the command.
    """
    from ledger.anchor.rehearsal import rehearse

    steps = rehearse()
    zh = language_of(lang) == "zh"
    heads = ("尝试", "结果", "gas") if zh else ("attempt", "outcome", "gas")
    rows = [
        (
            step.zh if zh else step.en,
            (("已接受" if zh else "accepted") if step.refusal is None else step.refusal),
            "-" if step.gas is None else f"{step.gas:,}",
        )
        for step in steps
    ]
    answer = [
        {"attempt": step.en, "accepted": step.refusal is None, "refusal": step.refusal, "gas": step.gas}
        for step in steps
    ]
    tell(answer, table(heads, rows), as_json=as_json)
