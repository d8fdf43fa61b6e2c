"""How these commands answer: for people in their language, or as JSON for programs."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, ParamSpec, TypeVar
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

import click

from ledger.errors import Language
from tools.languages import chosen_language

P = ParamSpec("P")
T = TypeVar("T")

Answer = dict[str, Any]
"""One thing as programs read it."""

_HERE: Final = ZoneInfo("Asia/Shanghai")
_NOTHING: Final = "（无）nothing found"


def answering(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the options of its answer: `as_json` and `lang`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="The answer as JSON, in one line. 以 JSON 输出")
    lang = click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the answer. 输出语言")
    return as_json(lang(command))


def language_of(lang: Language | None) -> Language:
    """Return the language that was asked for, or else the terminal's."""
    return lang or chosen_language()


def tell(answer: object, lines: Sequence[str], *, as_json: bool) -> None:
    """Write an answer to standard output: as one line of JSON, or its lines."""
    click.echo(json.dumps(answer, ensure_ascii=False) if as_json else "\n".join(lines))


def told(moment: datetime | None) -> str:
    """Return a moment as people here read it."""
    return "-" if moment is None else moment.astimezone(_HERE).strftime("%Y-%m-%d %H:%M")


def written(moment: datetime | None) -> str | None:
    """Return a moment as programs read it."""
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, or one that says that there is nothing; Chinese characters are as wide as two others."""
    if not rows:
        return [_NOTHING]
    widths = [max(map(_width, column)) for column in zip(heads, *rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (heads, *rows)
    ]


def facts(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return lines of a name and what it is, one below the other."""
    width = max(_width(name) for name, _ in pairs)
    return [name + " " * (width - _width(name) + 2) + text for name, text in pairs]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
