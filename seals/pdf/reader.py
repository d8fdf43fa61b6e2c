"""A strict reader of PDF syntax: what two readers could understand differently is refused."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache

from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.objects import Name, PdfDict, PdfObject, Ref

MAX_DEPTH = 64
MAX_SYNTAX = 1 << 20  # bytes of one object's syntax, its stream's data apart
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
# Most entries are a key with a reference, a number or a name: one look at both is half the work.
_ENTRY = re.compile(
    _BLANK
    + rb"(/"
    + _REGULAR
    + rb"*+)"
    + _BLANK
    + rb"(?:(\d{1,10})[\t\n\f\r ]++(\d{1,5})[\t\n\f\r ]++R(?!"
    + _REGULAR
    + rb")"
    rb"|(\d{1,12})(?![\d.])(?=[/>\]])|(/" + _REGULAR + rb"*+))"
)
_NAME_ESCAPE = re.compile(r"#([0-9A-Fa-f]{2})|#")
_STRING_PART = re.compile(rb"[^()\\\r]++|\\(?:([0-7]{1,3})|(\r\n|[^0-7]))|\r\n?|[()]", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}
_WHITE_IN_HEX = b"\x00\t\n\f\r "


class Reader:
    """Reads values from `data` at `position`; every fault is a PdfUnreadable.

    Source: ISO 32000-1 sections 7.2 and 7.3.
    """

    __slots__ = ("_limit", "data", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data = data
        self.position = position
        self._limit = position + MAX_SYNTAX

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

    def entries(self) -> dict[str, tuple[PdfObject, int, int]]:
        """Read a dictionary and tell for each value from where to where it stands."""
        if self._token()[0] != "dictionary":
            raise PdfUnreadable(reason="not_a_dictionary")
        found: dict[str, tuple[PdfObject, int, int]] = {}
        while (key := self._key(found)) is not None:
            start = self.skip()
            value = self.value()
            found[key] = (value, start, self.position)
        return found

    def word(self) -> bytes:
        """Read a key word such as `obj`."""
        kind, token = self._token()
        if kind != "word":
            raise PdfUnreadable(reason="syntax")
        return token

    def _token(self) -> tuple[str, bytes]:
        match = _TOKEN.match(self.data, self.position)
        if match is None:
            raise PdfUnreadable(reason="syntax")
        self.position = end = match.end()
        if end > self._limit:
            raise PdfOverLimits(reason="object_size")
        return match.lastgroup or "", match[match.lastindex or 0]

    def _key(self, seen: Mapping[str, object]) -> Name | None:
        kind, token = self._token()
        if kind == "close":
            return None
        if kind != "name":
            raise PdfUnreadable(reason="syntax")
        key = _name(token)
        # Readers differ in which of two equal keys counts: one file, two documents.
        if key in seen:
            raise PdfUnreadable(reason="duplicate_key")
        return key

    def _value(self, kind: str, token: bytes, depth: int) -> PdfObject:
        atom = _ATOMS.get(kind)
        if atom is not None:
            return atom(token)
        if kind == "string":
            return self._string()
        if depth >= MAX_DEPTH:
            raise PdfOverLimits(reason="object_depth")
        if kind == "dictionary":
            return self._dictionary(depth + 1)
        if kind == "array":
            return self._array(depth + 1)
        raise PdfUnreadable(reason="syntax")

    def _dictionary(self, depth: int) -> PdfDict:
        found: PdfDict = {}
        while True:
            while (entry := _ENTRY.match(self.data, self.position)) is not None:
                self.position = end = entry.end()
                if end > self._limit:
                    raise PdfOverLimits(reason="object_size")
                token, number, generation, integer, name = entry.groups()
                key = _name(token)
                if key in found:
                    raise PdfUnreadable(reason="duplicate_key")
                if number is not None:
                    found[key] = Ref(int(number), int(generation))
                else:
                    found[key] = _name(name) if integer is None else int(integer)
            next_key = self._key(found)
            if next_key is None:
                return found
            kind, token = self._token()
            atom = _ATOMS.get(kind)
            found[next_key] = self._value(kind, token, depth) if atom is None else atom(token)

    def _array(self, depth: int) -> list[PdfObject]:
        items: list[PdfObject] = []
        while True:
            kind, token = self._token()
            if kind == "end":
                return items
            items.append(self._value(kind, token, depth))

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
        raise PdfUnreadable(reason="name")
    text = token[1:].decode("latin-1")
    return Name(_NAME_ESCAPE.sub(_unescape, text) if "#" in text else text)


def _unescape(match: re.Match[str]) -> str:
    if match[1] is None or match[1] == "00":
        raise PdfUnreadable(reason="name_escape")
    return chr(int(match[1], 16))


def _number(token: bytes) -> int | Decimal:
    if len(token) > (_MAX_NUMBER if b"." in token else _MAX_INTEGER):
        raise PdfUnreadable(reason="number")
    return Decimal(token.decode("ascii")) if b"." in token else int(token)


def _hexadecimal(token: bytes) -> bytes:
    digits = token.translate(None, _WHITE_IN_HEX)
    return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode("ascii"))


def _word(token: bytes) -> bool | None:
    if token not in _WORDS:
        raise PdfUnreadable(reason="syntax")
    return _WORDS[token]


def _reference(token: bytes) -> Ref:
    number, generation, _ = token.replace(b"\x00", b" ").split()  # white space in a PDF, but not for Python
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
