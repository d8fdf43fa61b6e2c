"""Indirect objects as they lie in the file, streams included."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from seals.pdf.errors import PdfUnreadable
from seals.pdf.objects import PdfDict, PdfObject, Ref, Stream
from seals.pdf.reader import Reader

_OBJECT = re.compile(rb"(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?![^\x00\t\n\f\r ()<>\[\]{}/%])")

_MAX_SMALL = 1_024  # bytes of an object whose value is kept; nobody may change a value that was read
_AFTER_WORD = frozenset({b"\n", b"\r", b" "})


class Indirect(NamedTuple):
    """An indirect object: its number, its value, where the value (a stream's dictionary) stands, where all of it stops."""

    ref: Ref
    value: PdfObject
    start: int
    end: int
    stop: int


def read_indirect(data: bytes, place: int, length: Callable[[PdfObject], int | None]) -> Indirect:
    """Read the indirect object that starts at `place`; raises PdfUnreadable.

    `length` tells what a stream's Length says, which may be a reference. Source: ISO 32000-1 section 7.3.10.
    """
    head = _OBJECT.match(data, place)
    if head is None:
        raise PdfUnreadable(reason="object_missing")
    small = _small(data, head.end())
    if small is not None:
        start, end, stop = (head.end() + offset for offset in small[1:])
        return Indirect(Ref(int(head[1]), int(head[2])), small[0], start, end, stop)
    reader = Reader(data, head.end())
    start = reader.skip()
    value = reader.value()
    end = reader.position
    word = reader.word()
    if word == b"stream" and isinstance(value, dict):
        value, reader.position = _stream(data, reader.position, value, length(value.get("Length")))
        word = reader.word()
    if word != b"endobj":
        raise PdfUnreadable(reason="object_not_closed")
    return Indirect(Ref(int(head[1]), int(head[2])), value, start, end, reader.position)


def _small(data: bytes, start: int) -> tuple[PdfDict, int, int, int] | None:
    """Return a dictionary object without a stream, and from where to where it stands, all counted from `start`.

    Documents of one template have the same catalog and pages, object numbers included: each text is read once.
    """
    end = data.find(b"endobj", start, start + _MAX_SMALL) + len(b"endobj")
    if end < start or data[end : end + 1] not in _AFTER_WORD:
        return None
    return _read_once(data[start:end])


@lru_cache(maxsize=1024)
def _read_once(text: bytes) -> tuple[PdfDict, int, int, int] | None:
    """Read what must be the same wherever it stands: one dictionary and the word behind it, to the end of the text."""
    reader = Reader(text)
    try:
        start = reader.skip()
        value = reader.value()
        end = reader.position
        word = reader.word()
    except PdfUnreadable:
        return None  # read again where it stands, which tells the reason
    if not isinstance(value, dict) or word != b"endobj" or reader.position != len(text):
        return None
    return value, start, end, reader.position


def _stream(data: bytes, position: int, dictionary: PdfDict, length: int | None) -> tuple[Stream, int]:
    start = position + (2 if data[position : position + 2] == b"\r\n" else 1)
    if data[start - 1 : start] != b"\n" or length is None or length < 0 or "F" in dictionary:
        raise PdfUnreadable(reason="stream")
    end = start + length
    reader = Reader(data, end)
    if reader.word() != b"endstream":
        raise PdfUnreadable(reason="stream_length")
    return Stream(dictionary, data[start:end]), reader.position


def direct_length(value: PdfObject) -> int | None:
    """Take a length that must stand in the dictionary itself."""
    return value if type(value) is int else None


def read_entries(data: bytes, place: int) -> dict[str, tuple[PdfObject, int, int]]:
    """Read the dictionary that is the indirect object at `place`: each value, and from where to where it stands."""
    head = _OBJECT.match(data, place)
    if head is None:
        raise PdfUnreadable(reason="object_missing")
    return Reader(data, head.end()).entries()
