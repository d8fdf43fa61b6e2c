"""From the bytes of an import file to its rows, still bytes: line ends, quoted line breaks, limits.

In UTF-8 and in GB18030 alike no part of a longer character is a quote, a comma or a line feed, so rows are cut before
they are decoded, and a row in a wrong encoding spoils no other.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from licences.row_errors import RowQuoteUnclosed

MAX_ROW: Final = 4 << 20
"""The longest row in bytes. A longer one is skipped; no more than this is ever held."""

_ENDS_OPEN: Final = re.compile(
    rb"""(?: (?: "(?:[^"]|"")*+" | [^",]*+ ) , )*+   # whole cells
         "(?:[^"]|"")*+ """,  # and one that the line does not close
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row, without its line end. line: where it begins, from 1. data: None when it is longer than MAX_ROW."""

    line: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class _Line:
    data: bytes | None
    odd: bool
    """It holds an odd number of quotes, so it opens a cell it does not close, or closes one."""


def json_rows(stream: BinaryIO) -> Iterator[RawRow]:
    """Yield the lines that are not blank."""
    for number, line in enumerate(_lines(stream), 1):
        if line.data is None or line.data.strip():
            yield RawRow(number, line.data)


def csv_rows(stream: BinaryIO) -> Iterator[RawRow]:
    """Yield the rows that are not blank, line breaks inside quoted cells included. Raises RowQuoteUnclosed."""
    lines = enumerate(_lines(stream), 1)
    for number, first in lines:
        parts, size, opened = [first.data], len(first.data or b""), _ends_open(first)
        while opened:
            more = next(lines, None)
            if more is None:
                raise RowQuoteUnclosed(number)
            line = more[1]
            size += 1 + len(line.data or b"")
            if size > MAX_ROW:
                parts.clear()
            parts.append(line.data if size <= MAX_ROW else None)
            opened = not line.odd
        whole = [part for part in parts if part is not None]
        data = b"\n".join(whole) if len(whole) == len(parts) else None
        if data is None or data.strip():
            yield RawRow(number, data)


def _ends_open(line: _Line) -> bool:
    """Tell whether the row goes on in the next line; a stray quote inside a bare cell does not make it so."""
    return line.odd and (line.data is None or _ENDS_OPEN.fullmatch(line.data) is not None)


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    while piece := stream.readline(MAX_ROW):
        quotes, data = piece.count(b'"'), piece
        too_long = False
        while not piece.endswith(b"\n") and (piece := stream.readline(MAX_ROW)):
            quotes, too_long = quotes + piece.count(b'"'), too_long or bool(piece.strip(b"\r\n"))
        yield _Line(None if too_long else data.removesuffix(b"\n").removesuffix(b"\r"), quotes % 2 == 1)
