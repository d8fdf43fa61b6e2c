"""Cross-reference sections: where each object of each revision lies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from seals.pdf_errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf_filters import decode
from seals.pdf_objects import PdfDict, PdfObject, Stream
from seals.pdf_reader import Reader, direct_length, read_indirect

MAX_OBJECTS = 200_000
MAX_SECTIONS = 64
_MAX_XREF_STREAM = 16 << 20
_TAIL = 2048  # bytes at the end in which readers look for startxref

_STARTXREF = re.compile(rb"startxref[\x00\t\n\f\r ]+(\d{1,10})[\x00\t\n\f\r ]+%%EOF")
_HEADING = re.compile(rb"(\d{1,10}) (\d{1,10})(?: ?\r?\n| ?\r)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([fn])(?: \r| \n|\r\n)")


class Entry(NamedTuple):
    """Where an object lies.

    `kind` "free"; "plain": `place` is its offset and `extra` its generation; "packed": `place` is the number of the
    object stream that holds it and `extra` its index therein.
    """

    kind: Literal["free", "plain", "packed"]
    place: int
    extra: int


@dataclass(frozen=True, slots=True)
class Section:
    """One revision's cross-reference: at which offset it starts, its trailer and its entries by object number."""

    kind: Literal["table", "stream"]
    start: int
    trailer: PdfDict
    entries: Mapping[int, Entry]


def read_sections(data: bytes) -> tuple[Section, ...]:
    """Follow startxref and Prev; newest first.

    Raises PdfUnreadable, PdfOverLimits, PdfEncrypted, PdfUnsupported (hybrid files).
    Source: ISO 32000-1 sections 7.5.4 to 7.5.8.
    """
    found = list(_STARTXREF.finditer(data, max(0, len(data) - _TAIL)))
    if not found:
        raise PdfUnreadable(reason="no_startxref")
    sections: list[Section] = []
    seen: set[int] = set()
    place: int | None = int(found[-1][1])
    while place is not None:
        if place in seen:
            raise PdfUnreadable(reason="xref_loop")
        if len(seen) == MAX_SECTIONS:
            raise PdfOverLimits(reason="revisions")
        seen.add(place)
        section = _read_section(data, place)
        sections.append(section)
        place = _previous(section.trailer)
    if sum(len(section.entries) for section in sections) > MAX_OBJECTS:
        raise PdfOverLimits(reason="objects")
    return tuple(sections)


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
    entries: dict[int, Entry] = {}
    while data[reader.skip() : reader.position + 7] != b"trailer":
        heading = _HEADING.match(data, reader.position)
        if heading is None:
            raise PdfUnreadable(reason="xref_table")
        first, count = int(heading[1]), int(heading[2])
        start, end = heading.end(), heading.end() + 20 * count
        if first + count > MAX_OBJECTS:
            raise PdfOverLimits(reason="objects")
        rows = _ENTRY.findall(data, start, end)
        if len(rows) != count:  # twenty bytes each, so that none is missing means that nothing lies between them
            raise PdfUnreadable(reason="xref_table")
        for number, (offset, generation, state) in enumerate(rows, first):
            if number in entries:
                raise PdfUnreadable(reason="xref_table")
            entries[number] = Entry("plain" if state == b"n" else "free", int(offset), int(generation))
        reader.position = end
    reader.position += len(b"trailer")
    trailer = reader.value()
    if not isinstance(trailer, dict):
        raise PdfUnreadable(reason="trailer")
    return Section("table", place, trailer, entries)


def _read_stream(data: bytes, place: int) -> Section:
    number, _, value = read_indirect(data, place, direct_length)
    if not isinstance(value, Stream) or value.dictionary.get("Type") != "XRef":
        raise PdfUnreadable(reason="xref_missing")
    trailer = value.dictionary
    widths = _whole_numbers(trailer.get("W"))
    if len(widths) != 3 or max(widths) > 8 or not widths[1]:
        raise PdfUnreadable(reason="xref_stream")
    index = _whole_numbers(trailer.get("Index", [0, trailer.get("Size")]))
    rows = decode(value, _MAX_XREF_STREAM)
    if sum(index[1::2]) > MAX_OBJECTS or max(index, default=0) > MAX_OBJECTS:
        raise PdfOverLimits(reason="objects")
    if len(index) % 2 or len(rows) != sum(widths) * sum(index[1::2]):
        raise PdfUnreadable(reason="xref_stream")
    numbers = [n for first, count in zip(index[::2], index[1::2], strict=True) for n in range(first, first + count)]
    if len(set(numbers)) != len(numbers) or number not in numbers:
        raise PdfUnreadable(reason="xref_stream")
    return Section("stream", place, trailer, dict(zip(numbers, _rows(rows, widths), strict=True)))


def _rows(rows: bytes, widths: list[int]) -> list[Entry]:
    first, second, third = widths
    entries: list[Entry] = []
    kinds: tuple[Literal["free", "plain", "packed"], ...] = ("free", "plain", "packed")
    for start in range(0, len(rows), first + second + third):
        middle, last = start + first, start + first + second
        kind = int.from_bytes(rows[start:middle]) if first else 1
        if kind >= len(kinds):
            raise PdfUnsupported(reason="xref_entry")
        entries.append(Entry(kinds[kind], int.from_bytes(rows[middle:last]), int.from_bytes(rows[last : last + third])))
    return entries


def _whole_numbers(value: PdfObject) -> list[int]:
    if not isinstance(value, list):
        raise PdfUnreadable(reason="xref_stream")
    numbers = [item for item in value if type(item) is int and item >= 0]
    if len(numbers) != len(value):
        raise PdfUnreadable(reason="xref_stream")
    return numbers
