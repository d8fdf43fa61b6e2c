"""What a forger would try on the documents of the demonstration: one byte changed, or the data of two pages swapped."""

import json
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from seals.jwt.jose import b64url_decode, b64url_encode
from seals.pdf.evidence import read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.objects import Ref, Stream

_NUMBERS: Final = (
    re.compile(rb"(?<=\n)(\d{10}) \d{5} n"),
    re.compile(rb"/Prev (\d++)(?! \d+ R)"),
    re.compile(rb"startxref\n(\d+)"),
)
"""Places in a PDF with classic cross-reference tables that say where something lies."""
_BYTE_RANGE: Final = re.compile(rb"/ByteRange\[0 (\d+) (\d+) (\d+) *\]")


def page_changed(document: bytes) -> bytes:
    """Return the document with one byte changed in what its first page draws."""
    file = PdfFile(document)
    content = file.resolve(next(file.pages()).effective["Contents"])
    assert isinstance(content, Stream)
    return _flipped(document, document.index(content.raw) + len(content.raw) // 2)


def seal_value_changed(document: bytes) -> bytes:
    """Return the document with the last digit of its signature value changed, inside /Contents."""
    seal = read_pdf(document).seal
    assert seal is not None
    value = seal.signature.hex()
    other = f"{int(value[-1], 16) ^ 1:x}"
    return document.replace(value.encode("ascii"), f"{value[:-1]}{other}".encode("ascii"))


def number_changed(document: bytes) -> bytes:
    """Return the signed JSON with another last digit in the licence's number: one byte of its payload."""
    members = json.loads(document)
    payload = b64url_decode(members["payload"])
    number = json.loads(payload)["licence"]["number"]
    place = max(index for index, character in enumerate(number) if character.isdecimal())
    start = payload.index(b'"number":"') + len(b'"number":"') + len(number[:place].encode())
    # The lowest bit of a digit gives another digit, and stands in one character of the base64url text.
    changed = b64url_encode(_flipped(payload, start))
    return document.replace(members["payload"].encode("ascii"), changed.encode("ascii"))


def data_swapped(document: bytes, other: bytes) -> bytes:
    """Return the page with the licence data of another one in the place of its own.

    Every offset, the seal's byte range too, is put right as a careful forger would: all readers open the file.
    """
    start, end, number = _data_object(document)
    theirs_start, theirs_end, _ = _data_object(other)
    body = other[theirs_start:theirs_end].partition(b" obj")[2]
    return _spliced(document, _Piece(start, end, b"%d 0 obj" % number + body))


class _Piece(NamedTuple):
    """What stands from `start` to `end` in the old file is `text` in the new one."""

    start: int
    end: int
    text: bytes


def _data_object(document: bytes) -> tuple[int, int, int]:
    """Return from where to where the object of the attached data stands, and its number."""
    file = PdfFile(document)
    for number in range(1, file.next_number):
        found = file.get(Ref(number, 0))
        if isinstance(found, Stream) and found.dictionary.get("Type") == "EmbeddedFile":
            start = file.offset(Ref(number, 0))
            stream = document.index(found.raw, start) + len(found.raw)
            return start, document.index(b"endobj", stream) + len(b"endobj"), number
    raise AssertionError("a licence carries its data")


def _spliced(document: bytes, piece: _Piece) -> bytes:
    """Put one piece in, and every number that names a place behind it right."""
    pieces = [piece]
    while True:
        # A number that grows by a digit moves what stands behind it: until nothing moves any more.
        moved = [piece, *_renumbered(document, pieces)]
        if moved == pieces:
            return b"".join(_joined(document, sorted(moved)))
        pieces = moved


def _renumbered(document: bytes, pieces: list[_Piece]) -> Iterator[_Piece]:
    def new(place: int) -> int:
        return place + sum(len(piece.text) - (piece.end - piece.start) for piece in pieces if piece.start < place)

    for pattern in _NUMBERS:
        for match in pattern.finditer(document):
            width = len(match[1]) if match[1].startswith(b"0") else 0
            yield _Piece(*match.span(1), b"%0*d" % (width, new(int(match[1]))))
    for match in _BYTE_RANGE.finditer(document):
        gap, second, rest = map(int, match.groups())
        numbers = b"%d %d %d" % (new(gap), new(second), new(second + rest) - new(second))
        yield _Piece(match.start(1), match.end() - 1, numbers.ljust(match.end() - 1 - match.start(1)))


def _joined(document: bytes, pieces: list[_Piece]) -> Iterator[bytes]:
    done = 0
    for piece in pieces:
        yield document[done : piece.start]
        yield piece.text
        done = piece.end
    yield document[done:]


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
