"""Indirect objects as they lie in the file, streams included."""

import re
from collections.abc import Callable
from typing import NamedTuple

from seals.pdf_errors import PdfUnreadable
from seals.pdf_objects import PdfDict, PdfObject, Ref, Stream
from seals.pdf_reader import Reader

_OBJECT = re.compile(rb"(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?![^\x00\t\n\f\r ()<>\[\]{}/%])")


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
