"""How the demonstration speaks: Chinese first, then English, in a terminal of 100 columns."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import click

from tools.verify_output import printable

WIDTH: Final = 100
_COLOURS: Final = {"valid": "green", "invalid": "red", "indeterminate": "yellow"}
_WORDS: Final = {"valid": "有效 valid", "invalid": "无效 invalid", "indeterminate": "存疑 undecided"}


def width_of(text: str) -> int:
    """Return how many columns a text takes: Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def padded(text: str, columns: int) -> str:
    """Return the text with spaces up to a width."""
    return text + " " * (columns - width_of(text))


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Break a text into lines: at spaces, and anywhere between Chinese characters."""
    line = ""
    for word in _words(text):
        if line and width_of(line + word.rstrip()) > columns:
            yield line.rstrip()
            line = ""
        line += word
    if line.strip():
        yield line.rstrip()


def title(zh: str, en: str) -> None:
    """Say what this is."""
    click.echo()
    click.secho(f"{zh}  {en}", bold=True)


def heading(step: int, zh: str, en: str) -> None:
    """Begin a step."""
    click.echo()
    click.echo(click.style(f"{step}  {zh}", bold=True) + f"  {en}")


def line(zh: str, en: str = "") -> None:
    """Say one thing within a step."""
    for part in wrapped(f"{zh}  {en}".rstrip(), WIDTH - 3):
        click.echo(f"   {part}")


def table(rows: Sequence[Sequence[str]]) -> None:
    """Show rows in columns as wide as they need be; the last is broken into lines."""
    widths = [max(map(width_of, column)) for column in list(zip(*rows, strict=True))[:-1]]
    indent = 3 + sum(widths) + 2 * len(widths)
    for row in rows:
        head = "".join(padded(cell, columns) + "  " for cell, columns in zip(row[:-1], widths, strict=True))
        first, *rest = wrapped(row[-1], WIDTH - indent)
        click.echo(f"   {head}{first}")
        for part in rest:
            click.echo(" " * indent + part)


def finding(verdict: str, file: str, reasons: str, *lines: str) -> None:
    """Show what the verifier said of a file: the verdict, why, and in words."""
    head = click.style(padded(_WORDS[verdict], 14), fg=_COLOURS[verdict], bold=True)
    click.echo(f"   {head}  {click.style(padded(printable(file), 36), bold=True)}  {printable(reasons)}")
    for text in lines:
        for part in wrapped(printable(text), WIDTH - 19):
            click.echo(" " * 19 + part)


@contextmanager
def bar(length: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar while the block lasts; yields what is told how many are done so far."""
    with click.progressbar(length=length, label="  ", show_pos=True, fill_char="█", empty_char="░", width=48) as shown:
        yield lambda count: shown.update(count - shown.pos)


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            # A closing mark stays with the character before it.
            if word and unicodedata.category(character) not in {"Po", "Pe", "Pf"}:
                yield word
                word = ""
            word += character
        elif character == " ":
            yield word + character
            word = ""
        else:
            if word and unicodedata.east_asian_width(word[-1]) in "WF":
                yield word
                word = ""
            word += character
    yield word
