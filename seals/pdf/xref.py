"""Cross-reference sections: where each object of each revision lies."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

from seals.pdf.errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.filters import decode_syntax
from seals.pdf.indirect import direct_length, read_indirect
from seals.pdf.objects import PdfDict, PdfObject, Stream
from seals.pdf.reader import Reader

MAX_OBJECTS = 200_000
MAX_SECTIONS = 64
_TAIL = 2048  # bytes at the end in which readers look for startxref

_STARTXREF = re.compile(rb"startxref[\x00\t\n\f\r ]+(\d{1,10})[\x00\t\n\f\r ]+%%EOF")
_HEADING = re.compile(rb"(\d{1,10}) (\d{1,10})(?: ?\r?\n| ?\r)")
_ROWS = re.compile(rb"(?:\d{10} \d{5} [fn](?: \r| \n|\r\n))*+")
_ROW = 20
_IDENTIFIER = re.compile(rb"/ID\[\(([^()\\\r]*+)\)\(([^()\\\r]*+)\)\]>>")
_MAX_TRAILER = 1_024


class Entry(NamedTuple):
    """Where an object lies.

    `kind` "free"; "plain": `place` is its offset and `extra` its generation; "packed": `place` is the number of the
    object stream that holds it and `extra` its index therein.
    """

    kind: Literal["free", "plain", "packed"]
    place: int
    extra: int


class Run(NamedTuple):
    """Entries of `size` consecutive object numbers, as rows of equal width that are decoded when they are asked for."""

    first: int
    size: int
    rows: bytes


@dataclass(frozen=True, slots=True)
class Section:
    """One revision's cross-reference: from where to where it stands, its trailer, its entries in runs by rising number.

    widths: of the three fields of a row in a stream; empty for a table.
    """

    kind: Literal["table", "stream"]
    start: int
    end: int
    trailer: PdfDict
    runs: tuple[Run, ...]
    widths: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """How many entries there are."""
        return sum(run.size for run in self.runs)

    @property
    def next_number(self) -> int:
        """The number behind the last one."""
        return self.runs[-1].first + self.runs[-1].size if self.runs else 0

    def numbers(self) -> Iterator[int]:
        """Yield the object numbers, rising."""
        for run in self.runs:
            yield from range(run.first, run.first + run.size)

    def find(self, number: int) -> Entry | None:
        """Return an object's entry, None if this revision says nothing of it."""
        runs = self.runs
        index = 0 if len(runs) == 1 else bisect_right(runs, number, key=_first) - 1
        if index < 0:
            return None
        first, size, rows = runs[index]
        if not 0 <= number - first < size:
            return None
        width = sum(self.widths) if self.widths else _ROW
        start = (number - first) * width
        row = rows[start : start + width]
        return _stream_entry(row, self.widths) if self.widths else _table_entry(row)


def _first(run: Run) -> int:
    return run.first


def _table_entry(row: bytes) -> Entry:
    return Entry("plain" if row[17:18] == b"n" else "free", int(row[:10]), int(row[11:16]))


def _stream_entry(row: bytes, widths: tuple[int, ...]) -> Entry:
    middle, last = widths[0], widths[0] + widths[1]
    kind = int.from_bytes(row[:middle]) if middle else 1
    # ISO 32000-1 table 18: an entry of any other type is a reference to the null object.
    return Entry(
        _KINDS[kind] if kind < len(_KINDS) else "free", int.from_bytes(row[middle:last]), int.from_bytes(row[last:])
    )


_KINDS: tuple[Literal["free", "plain", "packed"], ...] = ("free", "plain", "packed")


def read_sections(data: bytes) -> tuple[Section, ...]:
    """Follow startxref and Prev; newest first.

    Raises PdfUnreadable, PdfOverLimits, PdfEncrypted, PdfUnsupported (hybrid files).
    Source: ISO 32000-1 sections 7.5.4 to 7.5.8.
    """
    place: int | None = _start(data)
    sections: list[Section] = []
    seen: set[int] = set()
    count = 0
    while place is not None:
        if place in seen:
            raise PdfUnreadable(reason="xref_loop")
        if len(seen) == MAX_SECTIONS:
            raise PdfOverLimits(reason="revisions")
        seen.add(place)
        section = _read_section(data, place)
        sections.append(section)
        count += section.count
        if count > MAX_OBJECTS:
            raise PdfOverLimits(reason="objects")
        place = _previous(section.trailer)
    return tuple(sections)


def _start(data: bytes) -> int:
    """Return what the last startxref says that is followed by an end of file."""
    end = len(data)
    while (place := data.rfind(b"startxref", max(0, len(data) - _TAIL), end)) >= 0:
        found = _STARTXREF.match(data, place)
        if found is not None:
            return int(found[1])
        end = place
    raise PdfUnreadable(reason="no_startxref")


def _previous(trailer: PdfDict) -> int | None:
    if "Encrypt" in trailer:
        raise PdfEncrypted
    if "XRefStm" in trailer:
        raise PdfUnsupported(reason="hybrid_xref")
    previous = trailer.get("Prev")
    if previous is not None and type(previous) is not int:
        raise PdfUnreadable(reason="xref_prev")
    return previous


def _read_section(data: bytes, place: int) -> Section:
    if data[place : place + 4] == b"xref":
        return _read_table(data, place)
    return _read_stream(data, place)


def _read_table(data: bytes, place: int) -> Section:
    reader = Reader(data, place + 4)
    runs: list[Run] = []
    while data[reader.skip() : reader.position + 7] != b"trailer":
        heading = _HEADING.match(data, reader.position)
        if heading is None:
            raise PdfUnreadable(reason="xref_table")
        start, count = heading.end(), int(heading[2])
        end = start + _ROW * count
        if end > len(data) or _ROWS.fullmatch(data, start, end) is None:
            raise PdfUnreadable(reason="xref_table")
        runs.append(Run(int(heading[1]), count, data[start:end]))
        reader.position = end
    trailer, end = _read_trailer(data, reader.position + len(b"trailer"))
    return Section("table", place, end, trailer, _in_order(runs))


def _read_trailer(data: bytes, place: int) -> tuple[PdfDict, int]:
    """Read a trailer dictionary; return where it ends, too.

    Documents of one template differ here in their identifier alone, which stands last: the rest is read once.
    """
    found = _IDENTIFIER.search(data, place, place + _MAX_TRAILER)
    if found is not None:
        others = _read_once(data[place : found.start()] + b">>")
        if others is not None:
            return {**others, "ID": [found[1], found[2]]}, found.end()
    reader = Reader(data, place)
    trailer = reader.value()
    if not isinstance(trailer, dict):
        raise PdfUnreadable(reason="trailer")
    return trailer, reader.position


@lru_cache(maxsize=256)
def _read_once(text: bytes) -> "PdfDict | None":
    """Read a dictionary that could have an identifier where it ends: then nothing but an entry can stand there."""
    reader = Reader(text)
    try:
        value = reader.value()
    except PdfUnreadable:
        return None  # read again where it stands, which tells the reason
    if not isinstance(value, dict) or "ID" in value or reader.position != len(text):
        return None
    return value


def _in_order(runs: list[Run]) -> tuple[Run, ...]:
    ordered = tuple(sorted([run for run in runs if run.size], key=_first))
    if ordered and ordered[-1].first + ordered[-1].size > MAX_OBJECTS:
        raise PdfOverLimits(reason="objects")
    if any(one.first + one.size > other.first for one, other in pairwise(ordered)):
        raise PdfUnreadable(reason="xref_object_twice")
    return ordered


def _read_stream(data: bytes, place: int) -> Section:
    found = read_indirect(data, place, direct_length)
    value = found.value
    if not isinstance(value, Stream) or value.dictionary.get("Type") != "XRef":
        raise PdfUnreadable(reason="xref_missing")
    trailer = value.dictionary
    widths = tuple(_whole_numbers(trailer.get("W")))
    if len(widths) != 3 or max(widths) > 8 or not widths[1]:
        raise PdfUnreadable(reason="xref_stream")
    index = _whole_numbers(trailer.get("Index", [0, trailer.get("Size")]))
    firsts, counts = index[::2], index[1::2]
    if len(firsts) != len(counts):
        raise PdfUnreadable(reason="xref_stream")
    width = sum(widths)
    rows = _rows(value, width, sum(counts))
    starts = accumulate(counts, initial=0)
    runs = [
        Run(first, count, rows[start * width : (start + count) * width])
        for first, count, start in zip(firsts, counts, starts, strict=False)
    ]
    return Section("stream", place, found.stop, trailer, _in_order(runs), widths)


def _rows(stream: Stream, width: int, count: int) -> bytes:
    if count > MAX_OBJECTS:
        raise PdfOverLimits(reason="objects")
    try:
        rows = decode_syntax(stream, (width + 1) * count)  # one byte more a row: the predictor's
    except PdfOverLimits as fault:
        raise PdfUnreadable(reason="xref_stream") from fault
    if len(rows) != width * count:
        raise PdfUnreadable(reason="xref_stream")
    return rows


def _whole_numbers(value: PdfObject) -> list[int]:
    if not isinstance(value, list):
        raise PdfUnreadable(reason="xref_stream")
    numbers = [item for item in value if type(item) is int and item >= 0]
    if len(numbers) != len(value):
        raise PdfUnreadable(reason="xref_stream")
    return numbers
