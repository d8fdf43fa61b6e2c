"""From a row's bytes to its text and cells: UTF-8 or GB18030, RFC 4180."""

import re
from collections.abc import Sequence
from typing import Final

_ASCII: Final = bytes(range(128))
_CELL: Final = re.compile(r'"((?:[^"]|"")*+)"|[^",]*+')


class Decoder:
    """Decodes the rows of one file.

    head: the first lines, by which the encoding is told. A few of them may be broken, and a short GB18030 text can
    be right UTF-8 by accident, so the lines vote, each with the number of its telling bytes. As long as all is ASCII the question stays open.
    """

    def __init__(self, head: Sequence[bytes]) -> None:
        self._encoding = _vote(head)

    def decode(self, data: bytes) -> str | None:
        """Return the text of a row, or None where the bytes are not in the encoding of the file."""
        if data.isascii():
            return data.decode("ascii")
        self._encoding = self._encoding or _vote([data])
        try:
            return data.decode(self._encoding or "utf-8")
        except UnicodeDecodeError:
            return None


def _vote(lines: Sequence[bytes]) -> str | None:
    weights = [(len(line.translate(None, _ASCII)), _is_utf8(line)) for line in lines]
    total, right = sum(weight for weight, _ in weights), sum(weight for weight, valid in weights if valid)
    if not total:
        return None
    return "utf-8" if 2 * right >= total else "gb18030"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def split_cells(text: str) -> list[str] | None:
    """Return the cells of a row, or None where its quotes are misplaced. Source: RFC 4180 section 2."""
    cells, at = [], 0
    while (match := _CELL.match(text, at)) is not None:
        quoted = match[1]
        cells.append(match[0] if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if at == len(text):
            return cells
        if text[at] != ",":
            return None
        at += 1
    return None
