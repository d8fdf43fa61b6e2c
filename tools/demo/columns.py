"""Text in the columns of a terminal, where Chinese characters take two."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_CLOSING: Final = frozenset({"Po", "Pe", "Pf"})
_WIDE: Final = frozenset("WF")


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(map(_width, text))


def padded(text: str, columns: int) -> str:
    """Return the text with spaces up to a width."""
    return text + " " * (columns - width_of(text))


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Break a text into lines: at spaces, and between Chinese characters, never before a closing mark."""
    line = ""
    for piece in _pieces(text):
        if line and width_of(line + piece.rstrip()) > columns:
            yield line.rstrip()
            line = ""
        line += piece if line else piece.lstrip()
    if line:
        yield line.rstrip()


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in _WIDE else 1


def _pieces(text: str) -> Iterator[str]:
    """Yield what is not to be broken: words with the spaces behind them, and wide characters with what closes them."""
    piece = ""
    for run in re.findall(r"[ -~]+? +|[ -~]+|[^ -~]", text):
        if piece and not (width_of(run) > len(run) and unicodedata.category(run[0]) in _CLOSING):
            yield piece
            piece = ""
        piece += run
    yield piece
