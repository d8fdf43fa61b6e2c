"""PDF objects, and one way to write each.

Numbers keep their decimals, strings their bytes, so that what is written again says what was read.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias


class Name(str):
    """A PDF name without its slash; each character is one byte (ISO 8859-1)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"/{self!s}"


class Ref(NamedTuple):
    """A reference to an indirect object."""

    number: int
    generation: int


class Stream(NamedTuple):
    """A stream: its dictionary and its bytes as they lie in the file, still filtered."""

    dictionary: "PdfDict"
    raw: bytes


PdfObject: TypeAlias = "bool | int | Decimal | Name | bytes | Ref | list[PdfObject] | PdfDict | Stream | None"
PdfDict: TypeAlias = "dict[str, PdfObject]"

_IRREGULAR = re.compile(r"[^!-~]|[#()<>\[\]{}/%]")
_PRINTABLE = re.compile(rb"[ -'*-\[\]-~]*")


def serialise(value: PdfObject) -> bytes:
    """Write a value, compact and always in the same way; a stream's Length is the caller's to keep."""
    return _WRITERS[type(value)](value)


def _write_dictionary(value: PdfDict) -> bytes:
    return b"<<%b>>" % join([part for key, item in value.items() for part in (_write_name(key), serialise(item))])


def _write_array(value: list[PdfObject]) -> bytes:
    return b"[%b]" % join([serialise(item) for item in value])


@lru_cache(maxsize=2048)  # the same few names again and again
def _write_name(value: str) -> bytes:
    return b"/" + _IRREGULAR.sub(_escape, value).encode("ascii")


def _write_string(value: bytes) -> bytes:
    return b"(%b)" % value if _PRINTABLE.fullmatch(value) else b"<%b>" % value.hex().encode("ascii")


def _write_number(value: Decimal) -> bytes:
    text = format(value, "f")
    # A number without a point would be read again as an integer.
    return (text if "." in text else text + ".0").encode("ascii")


def _write_stream(value: Stream) -> bytes:
    return b"%b\nstream\n%b\nendstream" % (serialise(value.dictionary), value.raw)


_WRITERS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"null",
    bool: lambda value: b"true" if value else b"false",
    int: lambda value: b"%d" % value,
    Decimal: _write_number,
    Name: _write_name,
    bytes: _write_string,
    Ref: lambda value: b"%d %d R" % value,
    Stream: _write_stream,
    dict: _write_dictionary,
    list: _write_array,
}


def join(parts: Sequence[bytes]) -> bytes:
    """Set tokens side by side, with a space where they would run together."""
    pieces: list[bytes] = []
    for part in parts:
        if pieces and part[0] not in b"/<([" and pieces[-1][-1] not in b">)]":
            pieces.append(b" ")
        pieces.append(part)
    return b"".join(pieces)


def _escape(match: re.Match[str]) -> str:
    return f"#{ord(match[0]):02X}"


def alike(one: PdfObject, other: PdfObject) -> bool:
    """Say whether two values are the same of the same kind: Python's `==` holds true to be 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | Stream) and isinstance(other, list | Stream):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


def text_string(text: str) -> bytes:
    """Encode a text string: ASCII as it is, all else UTF-16BE with its mark. Source: ISO 32000-1 section 7.9.2.2."""
    return text.encode("ascii") if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")


def read_text_string(value: bytes) -> str:
    """Decode a text string; bytes that say nothing become U+FFFD."""
    if value.startswith(b"\xfe\xff"):
        return value[2:].decode("utf-16-be", "replace")
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", "replace")
    return value.decode("latin-1")  # PDFDocEncoding agrees with it for all that can be typed


def references(value: PdfObject) -> Iterator[Ref]:
    """Yield every reference inside a value."""
    match value:
        case Ref():
            yield value
        case Stream():
            yield from references(value.dictionary)
        case dict():
            for item in value.values():
                yield from references(item)
        case list():
            for item in value:
                yield from references(item)
