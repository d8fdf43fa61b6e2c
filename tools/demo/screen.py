"""How the demonstration speaks: Chinese first, then English, in a terminal of 100 columns."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import Final

import click

from tools.demo.columns import padded, width_of, wrapped
from tools.verify_output import printable

WIDTH: Final = 100
_MARGIN: Final = "   "
_GAP: Final = "  "
_VERDICTS: Final = {
    "valid": ("有效 valid", "green"),
    "invalid": ("无效 invalid", "red"),
    "indeterminate": ("存疑 unclear", "yellow"),
}
_FINDING: Final = (12, 36, 45)
"""Columns of a finding: the verdict, the file and what was done to it, what the verifier said."""


def title(zh: str, en: str) -> None:
    """Say what this is."""
    click.secho(f"\n{zh}  {en}", bold=True)


def heading(step: int, zh: str, en: str) -> None:
    """Begin a step."""
    click.echo("\n" + click.style(f"{step}  {zh}", bold=True) + f"  {en}")


def line(zh: str, en: str) -> None:
    """Say one thing within a step."""
    for part in wrapped(f"{zh}  {en}", WIDTH - len(_MARGIN)):
        click.echo(_MARGIN + part)


def wrong(text: str) -> None:
    """Show what should not be."""
    click.secho(f"{_MARGIN}✗ {printable(text)}", fg="red", bold=True)


def table(rows: Sequence[Sequence[str]]) -> None:
    """Show rows in columns as wide as they need be; the last one is broken into lines."""
    widths = [max(map(width_of, column)) for column in list(zip(*rows, strict=True))[:-1]]
    widths.append(WIDTH - len(_MARGIN) - sum(widths) - len(_GAP) * len(widths))
    for row in rows:
        for parts in _lines(row, widths):
            click.echo(_MARGIN + _GAP.join(parts).rstrip())


def findings_heading() -> None:
    """Show what the columns of findings are."""
    cells = ("结论 verdict", "文件 file", "核验结果 what the verifier said")
    head = _GAP.join(padded(cell, columns) for cell, columns in zip(cells, _FINDING, strict=True))
    click.echo(f"\n{_MARGIN}{click.style(head.rstrip(), bold=True)}\n{_MARGIN}{'─' * (sum(_FINDING) + 4)}")


def finding(verdict: str, what: str, said: str) -> None:
    """Show what the verifier said; lines of both texts stay lines."""
    word, colour = _VERDICTS[verdict]
    for number, (first, *rest) in enumerate(_lines((word, printable_lines(what), printable_lines(said)), _FINDING)):
        click.echo(_MARGIN + _GAP.join((click.style(first, fg=colour, bold=not number), *rest)).rstrip())
    click.echo()


def printable_lines(text: str) -> str:
    """Return the text without characters that could steer a terminal, its lines kept."""
    return "\n".join(map(printable, text.splitlines()))


def commands(steps: Iterable[tuple[str, str, str]]) -> None:
    """Show commands as they are to be copied, each under what it is for."""
    for zh, en, command in steps:
        click.echo(f"\n{_MARGIN}{zh} {en}")
        for text in command.splitlines():
            click.secho(f"{_MARGIN}  {text}", bold=True)
    click.echo()


@contextmanager
def bar(length: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the block lasts; yields what is told how many are done so far."""
    if not sys.stdout.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=length, label="  ", show_pos=True, fill_char="█", empty_char="░", width=48) as shown:
        yield lambda count: shown.update(count - shown.pos)


def _lines(cells: Sequence[str], widths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield the lines of a row, every cell as wide as its column."""
    columns = [
        [part for text in cell.splitlines() for part in wrapped(text, width)]
        for cell, width in zip(cells, widths, strict=True)
    ]
    for parts in zip_longest(*columns, fillvalue=""):
        yield tuple(padded(part, width) for part, width in zip(parts, widths, strict=True))
