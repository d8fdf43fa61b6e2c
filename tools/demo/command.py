"""`elicence demo`: the main job on invented data, and what the verifier says of documents that were spoilt."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from tools.demo.outcome import Outcome

_FEWEST: Final = 20
_RIGHT: Final = 0
_WRONG: Final = 1
_MOST_SHOWN: Final = 10


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

    全流程演示：签发、核验、篡改、吊销；数据均为虚构。Exit code: 0 if every verdict is as it should be, else 1.
    """
    from tools.demo import demonstration, screen

    screen.title("elicence 电子证照全流程演示", "the main job, end to end, on invented data")
    ctx.exit(conclude(demonstration.demonstrate(folder, rows, jobs)))


def conclude(outcome: "Outcome") -> int:
    """Show what came out; return the exit code."""
    from tools.demo import screen

    _show_findings(outcome)
    screen.heading(7, "小结", "in short")
    screen.table(list(_summary(outcome)))
    screen.heading(8, "接下来", "where things are, and how to go on")
    screen.table(list(_files(outcome)))
    screen.commands(_next_steps(outcome))
    return _RIGHT if outcome.is_right else _WRONG


def _show_findings(outcome: "Outcome") -> None:
    from tools.demo import screen

    screen.findings_heading()
    for verified, files, what in (
        (outcome.pages, "licences/*.pdf", "版式文件 the sealed pages"),
        (outcome.data, "licences/*.json", "数据文件 the signed data"),
    ):
        for verdict, count in verified.verdicts.items():
            example = next(one.report for one in verified.findings if one.report.verdict == verdict)
            screen.finding(
                verdict, f"{files}  × {count:,}\n{what}", f"{example.sentence('zh')}\n{example.sentence('en')}"
            )
    for finding in outcome.spoilt:
        assert finding.case is not None
        what = f"{finding.name}\n{finding.case.what['zh']}\n{finding.case.what['en']}"
        failed = "\n".join(f"{check} {code}" for check, code in finding.failed)
        said = f"{finding.report.sentence('zh')}\n{finding.report.sentence('en')}\n{failed}"
        screen.finding(finding.report.verdict, what, said)
    for finding in outcome.wrong[:_MOST_SHOWN]:
        screen.wrong(f"结论不符 wrong verdict: {finding.name} {finding.report.verdict}, {finding.report.reason}")


def _summary(outcome: "Outcome") -> "Iterator[tuple[str, str, str]]":
    issuing, pages, data = outcome.issuing, outcome.pages, outcome.data
    caught = sum(finding.is_right for finding in outcome.spoilt)
    yield "签发", "issued", f"{issuing.summary.issued:,}   {issuing.summary.rate:,.0f}/s"
    yield "有误的行", "rows refused", f"{len(issuing.refused):,}"
    yield "版式文件有效", "pages valid", f"{pages.verdicts['valid']:,} / {len(pages.findings):,}   {pages.rate:,.0f}/s"
    yield "数据文件有效", "data valid", f"{data.verdicts['valid']:,} / {len(data.findings):,}   {data.rate:,.0f}/s"
    yield "识破", "spoilt and caught", f"{caught} / {len(outcome.spoilt)}"
    yield "用时", "time", f"{outcome.seconds:.0f} s"


def _files(outcome: "Outcome") -> "Iterator[tuple[str, str]]":
    folder = outcome.folder
    root = _shown(folder.root)
    yield f"{root}/licences/", "每份证照三个文件 <serial>.pdf, .json, .tlog-proof"
    yield f"{root}/tampered/", "被改动的文件 the changed documents"
    yield f"{root}/revoked/", "被吊销的证照 the revoked licence, genuine and no longer in force"
    yield f"{root}/trust.json", "信任列表 the trust list: keys and certificates to verify by, off line"
    yield f"{root}/status.jwt", "状态清单 the signed status list, good for a day"
    yield f"{root}/report.json", "全部结果 every verdict and rate"
    if folder.preview.exists():
        yield f"{root}/preview.png", "五种证照的样子 what the five types look like"


def _next_steps(outcome: "Outcome") -> "Iterator[tuple[str, str, str]]":
    root, serial = _shown(outcome.folder.root), outcome.issuing.licences[0].serial
    # `make serve` takes this one by itself, unless there is a house of one's own.
    is_default = root == "var/demo" and not Path("var/keys/trust.json").exists()
    home = "" if is_default else f"ELICENCE_HOME={root}/service "
    yield "打开网页核验", "verify on a page, scan a QR code", f"{home}make serve"
    yield (
        "离线核验一份",
        "verify one off line",
        f".venv/bin/elicence verify {root}/licences/{serial}.pdf \\\n    --trust {root}/trust.json --status {root}/status.jwt",
    )


def _shown(path: Path) -> str:
    """Return a path as short as it can be said from here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
