"""A strict reader of PDF syntax: what two readers could understand differently is refused."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache

from seals.pdf_errors import PdfOverLimits, PdfUnreadable
from seals.pdf_objects import Name, PdfDict, PdfObject, Ref, Stream

MAX_DEPTH = 64
MAX_NODES = 200_000  # values in one indirect object
_MAX_INTEGER = 12  # digits: beyond any offset of a file that we read
_MAX_NUMBER = 40  # characters
_MAX_NAME = 256  # bytes; ISO 32000-1 annex C: 127

_SPACE = rb"[\x00\t\n\f\r ]"
_REGULAR = rb"[^\x00\t\n\f\r ()<>\[\]{}/%]"
# Possessive, so that no input makes the scan go back over itself.
_BLANK = rb"(?:" + _SPACE + rb"++|%[^\r\n]*+)*+"
_SKIP = re.compile(_BLANK)
_TOKEN = re.compile(
    _BLANK + rb"(?:(?P<name>/" + _REGULAR + rb"*+)"
    rb"|(?P<ref>\d{1,10}" + _SPACE + rb"++\d{1,5}" + _SPACE + rb"++R(?!" + _REGULAR + rb"))"
    rb"|(?P<dictionary><<)|(?P<close>>>)|(?P<array>\[)|(?P<end>\])"
    rb"|(?P<number>[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?!" + _REGULAR + rb"))"
    rb"|(?P<plain>\([^()\\\r]*+\))"
    rb"|(?P<string>\()"
    rb"|<(?P<hex>[0-9A-Fa-f\x00\t\n\f\r ]*+)>"
    rb"|(?P<word>" + _REGULAR + rb"++))"
)
_OBJECT = re.compile(rb"(\d{1,10})[\x00\t\n\f\r ]+(\d{1,5})[\x00\t\n\f\r ]+obj(?![^\x00\t\n\f\r ()<>\[\]{}/%])")
_NAME_ESCAPE = re.compile(r"#([0-9A-Fa-f]{2})|#")
_STRING_PART = re.compile(rb"[^()\\\r]++|\\(?:([0-7]{1,3})|(\r\n|[^0-7]))|\r\n?|[()]", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
_WHITE_IN_HEX = b"\x00\t\n\f\r "


class Reader:
    """Reads values from `data` at `position`; every fault is a PdfUnreadable.

    Source: ISO 32000-1 sections 7.2 and 7.3.
    """

    __slots__ = ("_nodes", "data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position
        self._nodes = 0

    def skip(self) -> int:
        """Step over white space and comments; return where that ends."""
        match = _SKIP.match(self.data, self.position)
        if match is not None:  # the pattern matches the empty string too
            self.position = match.end()
        return self.position

    def value(self) -> PdfObject:
        """Read one value."""
        kind, token = self._token()
        return self._value(kind, token, 0)

    def entries(self) -> Iterator[tuple[str, PdfObject, int, int]]:
        """Read a dictionary and yield its keys and values, each with where the key ends and where the value ends."""
        if self._token()[0] != "dictionary":
            raise PdfUnreadable(reason="not_a_dictionary")
        return self._entries(0)

    def word(self) -> bytes:
        """Read a key word such as `obj`."""
        kind, token = self._token()
        if kind != "word":
            raise PdfUnreadable(reason="syntax")
        return token

    def _token(self) -> tuple[str, bytes]:
        match = _TOKEN.match(self.data, self.position)
        if match is None or match.lastgroup is None:
            raise PdfUnreadable(reason="syntax")
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise PdfOverLimits(reason="object_size")
        self.position = match.end()
        return match.lastgroup, match[match.lastgroup]

    def _value(self, kind: str, token: bytes, depth: int) -> PdfObject:
        atom = _ATOMS.get(kind)
        if atom is not None:
            return atom(token)
        if kind == "dictionary":
            return {key: value for key, value, _, _ in self._entries(depth)}
        if kind == "array":
            return self._array(depth)
        if kind == "string":
            return self._string()
        raise PdfUnreadable(reason="syntax")

    def _entries(self, depth: int) -> Iterator[tuple[str, PdfObject, int, int]]:
        if depth >= MAX_DEPTH:
            raise PdfOverLimits(reason="object_depth")
        seen: set[str] = set()
        while True:
            kind, token = self._token()
            if kind == "close":
                return
            if kind != "name":
                raise PdfUnreadable(reason="syntax")
            key = _name(token)
            # Readers differ in which of two equal keys counts: one file, two documents.
            if key in seen:
                raise PdfUnreadable(reason="duplicate_key")
            seen.add(key)
            after_key = self.position
            kind, token = self._token()
            yield key, self._value(kind, token, depth + 1), after_key, self.position

    def _array(self, depth: int) -> list[PdfObject]:
        if depth >= MAX_DEPTH:
            raise PdfOverLimits(reason="object_depth")
        items: list[PdfObject] = []
        while True:
            kind, token = self._token()
            if kind == "end":
                return items
            items.append(self._value(kind, token, depth + 1))

    def _string(self) -> bytes:
        parts: list[bytes] = []
        depth = 1
        while depth:
            match = _STRING_PART.match(self.data, self.position)
            if match is None:
                raise PdfUnreadable(reason="string_not_closed")
            self.position = match.end()
            part = match[0]
            depth += (part == b"(") - (part == b")")
            if match[1] is not None:
                part = bytes([int(match[1], 8) & 0xFF])
            elif match[2] is not None:
                part = _ESCAPES.get(match[2], match[2])
            elif part[:1] == b"\r":
                part = b"\n"
            parts.append(part)
        return b"".join(parts[:-1])


@lru_cache(maxsize=2048)  # the same few names again and again
def _name(token: bytes) -> Name:
    if len(token) > _MAX_NAME:
        raise PdfOverLimits(reason="name")
    text = token[1:].decode("latin-1")
    return Name(_NAME_ESCAPE.sub(_unescape, text) if "#" in text else text)


def _unescape(match: re.Match[str]) -> str:
    if match[1] is None or match[1] == "00":
        raise PdfUnreadable(reason="name_escape")
    return chr(int(match[1], 16))


def _number(token: bytes) -> int | Decimal:
    if len(token) > (_MAX_NUMBER if b"." in token else _MAX_INTEGER):
        raise PdfOverLimits(reason="number")
    return Decimal(token.decode("ascii")) if b"." in token else int(token)


def _hexadecimal(token: bytes) -> bytes:
    digits = token.translate(None, _WHITE_IN_HEX)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _word(token: bytes) -> bool | None:
    if token not in _WORDS:
        raise PdfUnreadable(reason="syntax")
    return _WORDS[token]


def _reference(token: bytes) -> Ref:
    number, generation, _ = token.split()
    return Ref(int(number), int(generation))


def _plain(token: bytes) -> bytes:
    return token[1:-1]


_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_ATOMS: dict[str, Callable[[bytes], PdfObject]] = {
    "name": _name,
    "number": _number,
    "plain": _plain,
    "word": _word,
    "hex": _hexadecimal,
    "ref": _reference,
}


def read_indirect(data: bytes, place: int, length: Callable[[PdfObject], int | None]) -> tuple[int, int, PdfObject]:
    """Read the indirect object that starts at `place`: number, generation, value.

    `length` tells what a stream's Length says, which may be a reference. Source: ISO 32000-1 section 7.3.10.
    """
    head = _OBJECT.match(data, place)
    if head is None:
        raise PdfUnreadable(reason="object_missing")
    reader = Reader(data, head.end())
    value = reader.value()
    word = reader.word()
    if word == b"stream" and isinstance(value, dict):
        value, end = _stream(data, reader.position, value, length(value.get("Length")))
        reader.position = end
        word = reader.word()
    if word != b"endobj":
        raise PdfUnreadable(reason="object_not_closed")
    return int(head[1]), int(head[2]), value


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
    found: dict[str, tuple[PdfObject, int, int]] = {}
    for key, value, after_key, end in Reader(data, head.end()).entries():
        found[key] = (value, Reader(data, after_key).skip(), end)
    return found
