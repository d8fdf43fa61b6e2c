"""`elicence issue`: issue every row of a file."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from tools.bulk_results import Summary

_REFUSED: Final = 3
_FAILED: Final = 2


class _ReportFile(click.File):
    """A file to write into, opened at once, that is no other file of the same command."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Open the file; fails if it is the one to be read, or another report."""
        assert ctx is not None
        if any(_same_file(Path(value), other) for other in _files_of(ctx)):
            ctx.close()  # click does not, where a command fails before it runs: a report may be open
            self.fail("与本命令的另一文件相同 / this is another file of the same command", param, ctx)
        return super().convert(value, param, ctx)


def _files_of(ctx: click.Context) -> Iterator[Path]:
    """Yield the files that a command has so far."""
    if ctx.params.get("path") is not None:
        yield ctx.params["path"]
    for report in (ctx.params.get("errors"), ctx.params.get("results")):
        if report is not None:
            yield Path(report.name)


def _same_file(one: Path, other: Path) -> bool:
    """Tell whether two names are one file that would be overwritten; devices and pipes are not."""
    return one.is_file() and other.is_file() and one.samefile(other)


@click.command()
@click.option(
    "--input",
    "path",
    required=True,
    is_eager=True,  # known before a report is opened, which empties the file
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV or JSON Lines, one licence a row. 导入文件",
)
@click.option(
    "--type", "default_type", metavar="TYPE", help="Type of rows that name none: short name or code. 证照类型"
)
@click.option("--as", "system_id", metavar="SYSTEM", help="Registered system that issues, if several. 业务系统")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; one a core, at most 4, unless said. 进程数")
@click.option("--errors", type=_ReportFile("w", "utf-8", lazy=False), help="JSON lines of all faults. 错误清单")
@click.option("--results", type=_ReportFile("w", "utf-8", lazy=False), help="JSON lines, one a row. 逐行结果")
@click.option("--json", "as_json", is_flag=True, help="The summary as one line of JSON. 汇总以 JSON 输出")
@click.pass_context
def issue(
    ctx: click.Context,
    path: Path,
    default_type: str | None,
    system_id: str | None,
    jobs: int | None,
    errors: IO[str] | None,
    results: IO[str] | None,
    *,
    as_json: bool,
) -> None:
    """Issue the licences of a file: seal, timestamp, store and record each row once.

    批量签发证照。What an earlier run left half-made is finished first; running again issues nothing twice. A bad row is
    reported with its line, field and reason, and stops no other. Ctrl-C stops after the batches under way.

    \b
    Exit code: 0 done; 3 a row refused, or the file wrong; 2 a row failed, or a crash; 130, 143 stopped.
    """  # noqa: D301  \b is click's own mark: keep the lines of this paragraph
    from tools.acting import acting_system
    from tools.bulk import issue_file
    from tools.issue_output import RowReporter, shown_progress, summary_lines
    from tools.opening import opened_house

    with opened_house() as house, stopping() as signals:
        system = acting_system(house, system_id)
        with shown_progress(path, hidden=as_json) as progress:
            summary = issue_file(
                house,
                path,
                system,
                default_type=default_type,
                jobs=jobs,
                report=RowReporter(errors, results),
                progress=progress,
                stop=lambda: bool(signals),
            )
    if as_json:
        click.echo(json.dumps(summary.as_json()))
    else:
        for line in summary_lines(summary):
            click.echo(line)
    if summary.error is not None:
        raise summary.error
    ctx.exit(128 + signals[0] if summary.stopped and signals else exit_code(summary))


def exit_code(summary: "Summary") -> int:
    """Return 3 if a row was refused, else 2 if one failed, else 0."""
    if summary.refused:
        return _REFUSED
    return _FAILED if summary.failed else 0


@contextmanager
def stopping() -> Iterator[list[int]]:
    """Note Ctrl-C and SIGTERM in the list that is yielded; the second Ctrl-C interrupts at once."""
    noted: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        if noted and number == signal.SIGINT:
            raise KeyboardInterrupt
        noted.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
