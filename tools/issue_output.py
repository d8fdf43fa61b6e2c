"""What `elicence issue` says: the faults of rows, how far it is, and what came out."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click

from licences.faults import FieldFault
from tools.bulk_results import RowResult, Summary, Tally

_QUIET: Final = 10.0
"""Seconds between two lines where there is no terminal."""
_CHUNK: Final = 1 << 20


class RowReporter:
    """Writes the faults of rows on standard error, or as JSON lines into a file, and results into another."""

    def __init__(self, faults: IO[str] | None, results: IO[str] | None) -> None:
        self._faults = faults
        self._results = results

    def __call__(self, result: RowResult) -> None:
        """Tell one row."""
        if self._results is not None:
            _write_line(self._results, result.as_json())
        for fault in result.faults:
            if self._faults is not None:
                _write_line(self._faults, {"line": result.line, "outcome": result.outcome, **fault.as_json()})
            else:
                click.echo(fault_line(result, fault), err=True)


def fault_line(result: RowResult, fault: FieldFault) -> str:
    """Return one fault as people read it."""
    mark = "提示 note" if fault.severity == "warning" else _OUTCOMES[result.outcome]
    start = "\r\033[K" if sys.stderr.isatty() else ""  # over the bar, which is drawn anew below it
    return f"{start}第 {result.line} 行 line {result.line} · {mark} · {fault.field} · {fault.code}: {fault.zh} / {fault.en}"


_OUTCOMES: Final = {
    "issued": "已签发 issued",
    "existing": "已有 existing",
    "refused": "退回 refused",
    "failed": "失败 failed",
}


def summary_lines(summary: Summary) -> Iterator[str]:
    """Yield the summary as people read it."""
    counts = {
        "issued": summary.issued,
        "existing": summary.existing,
        "refused": summary.refused,
        "failed": summary.failed,
    }
    yield " · ".join(f"{_OUTCOMES[outcome]} {count:,}" for outcome, count in counts.items())
    yield f"用时 time {summary.seconds:.1f} s · 速率 rate {summary.rate:.1f}/s"
    if summary.finished:
        yield f"补完上次未完成的 finished from an earlier run: {summary.finished:,}"
    if summary.stopped:
        yield "已按要求停止；再次运行即可继续 / stopped as asked; run again to go on"


def count_lines(path: Path) -> int:
    """Return how many lines a file has."""
    with path.open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(_CHUNK), b"")) + 1


@contextmanager
def shown_progress(path: Path, *, hidden: bool) -> Iterator[Callable[[Tally], None]]:
    """Show how far it is: a bar on a terminal, a line every ten seconds elsewhere and for a pipe, nothing if `hidden`."""
    if hidden:
        yield lambda _tally: None
    elif sys.stderr.isatty() and path.is_file():  # a pipe can be read only once: nobody counts its lines
        length = count_lines(path)
        with click.progressbar(
            length=length, label="签发 issuing", file=sys.stderr, item_show_func=_counts, show_eta=True
        ) as bar:
            yield lambda tally: bar.update((length if tally.ended else min(tally.lines, length)) - bar.pos, tally)
    else:
        yield _quiet_lines()


def _quiet_lines() -> Callable[[Tally], None]:
    told = time.monotonic()

    def tell(tally: Tally) -> None:
        nonlocal told
        if time.monotonic() - told >= _QUIET:
            told = time.monotonic()
            click.echo(f"elicence issue: {_counts(tally)}", err=True)

    return tell


def _counts(tally: Tally | None) -> str:
    if tally is None:
        return ""
    bad = tally.outcomes["refused"] + tally.outcomes["failed"]
    issued = tally.outcomes["issued"]
    rate = issued / tally.seconds if tally.seconds else 0.0
    return f"{tally.rows:,} 行 rows · {issued:,} 签发 issued · {bad:,} 有误 bad · {rate:.0f}/s"


def _write_line(stream: IO[str], value: dict[str, object]) -> None:
    stream.write(json.dumps(value, ensure_ascii=False) + "\n")
    stream.flush()  # what is told stands, also when we are killed
