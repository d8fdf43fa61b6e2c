"""`elicence demo`: the main job on invented data, and what the verifier says of documents that were spoilt."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from tools.demo.outcome import Outcome

_FEWEST: Final = 20
_WRONG: Final = 1


@click.command()
@click.option("--rows", default=1000, show_default=True, type=click.IntRange(_FEWEST), help="How many licences. 证照数")
@click.option(
    "--folder",
    default=Path("var/demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Made anew each time. 演示目录，每次重建",
)
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes. 进程数")
@click.pass_context
def demo(ctx: click.Context, rows: int, folder: Path, jobs: int) -> None:
    """Issue licences of five types from a file, verify all, spoil some, and show what the verifier says.

    签发、核验、篡改与吊销的全流程演示，数据均为虚构。Exit code: 0 if every verdict is as it should be, else 1.
    """
    from tools.demo import screen
    from tools.demo.demonstration import demonstrate

    screen.title("elicence 电子证照全流程演示", "the main job, end to end, on invented data")
    outcome = demonstrate(folder, rows, jobs)
    _show(outcome)
    ctx.exit(0 if outcome.is_right else _WRONG)


def _show(outcome: "Outcome") -> None:
    from tools.demo import screen

    click.echo()
    for finding in outcome.spoilt:
        assert finding.case is not None
        reasons = " · ".join(f"{check} {code}" for check, code in finding.failed)
        what = f"{finding.case.what['zh']}  {finding.case.what['en']}"
        said = f"{finding.report.sentence('zh')} {finding.report.sentence('en')}"
        screen.finding(finding.report.verdict, finding.name, reasons, what, said)
    for finding in outcome.wrong[:10]:
        screen.line(f"✗ 结论不符 {finding.name}", f"{finding.report.verdict}, not {finding.expected}")
    screen.heading(7, "小结", "summary")
    screen.table(list(_summary(outcome)))
    screen.heading(8, "接下来", "how to go on")
    screen.table(list(_next_steps(outcome)))
    click.echo()
