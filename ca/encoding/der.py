"""Strict DER, as far as certificates, revocation lists and timestamp tokens need it.

The reader accepts one encoding of a value and no other: definite minimal lengths, minimal integers, sorted sets, no
default spelled out. Whatever it accepts, re-encoded, gives the same bytes; that is what lets a verifier notice every
changed byte. It looks at a structure only as deep as its caller asks, so nesting costs nothing.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Final

from ca.errors import DerInvalid

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
ENUMERATED: Final = 0x0A
UTF8_STRING: Final = 0x0C
PRINTABLE_STRING: Final = 0x13
TELETEX_STRING: Final = 0x14
IA5_STRING: Final = 0x16
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
VISIBLE_STRING: Final = 0x1A
BMP_STRING: Final = 0x1E
SEQUENCE: Final = 0x30
SET: Final = 0x31

TRUE: Final = b"\x01\x01\xff"  # a default FALSE is left out in DER, so no other boolean is ever written
_MAX_OID: Final = 64
_MAX_DOTTED: Final = 256
# X.660: below the arcs 0 and 1 there are forty each
_DOTTED: Final = re.compile(r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]*))(\.(0|[1-9][0-9]*))*")
_MAX_INTEGER: Final = 64


def context(number: int, *, constructed: bool = True) -> int:
    """Return the identifier octet of a context-specific tag, 0 to 30."""
    return 0x80 | (0x20 if constructed else 0) | number


@dataclass(frozen=True, slots=True)
class Element:
    """One tag-length-value: its identifier octet, its whole encoding and its contents."""

    tag: int
    raw: bytes
    value: bytes


def _element(data: bytes, start: int) -> Element:
    if len(data) - start < 2:
        raise DerInvalid("the data end inside an element")
    tag, first = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:
        raise DerInvalid("a tag number above 30")
    body = start + 2
    length = first
    if first >= 0x80:
        octets = first & 0x7F
        if not 1 <= octets <= 4 or len(data) - body < octets:
            raise DerInvalid("an indefinite, oversized or cut length")
        length = int.from_bytes(data[body : body + octets], "big")
        body += octets
        # X.690 section 10.1: the shortest form, or two encodings of one value would both pass
        if length < 0x80 or length >> 8 * (octets - 1) == 0:
            raise DerInvalid("a length that is not in its shortest form")
    end = body + length
    if end > len(data):
        raise DerInvalid("the data end inside an element")
    return Element(tag, data[start:end], data[body:end])


def read(data: bytes, tag: int | None = None) -> Element:
    """Read exactly one element, of that tag if one is given; raises DerInvalid."""
    element = _element(data, 0)
    if len(element.raw) != len(data):
        raise DerInvalid("bytes after the end")
    return element if tag is None else expect(element, tag)


def expect(element: Element, tag: int) -> Element:
    """Return the element if it has the tag; raises DerInvalid."""
    if element.tag != tag:
        raise DerInvalid(f"tag {element.tag:#04x} where {tag:#04x} belongs")
    return element


def children(element: Element) -> tuple[Element, ...]:
    """Return the elements inside a constructed one; raises DerInvalid."""
    if not element.tag & 0x20:
        raise DerInvalid("a primitive element where a constructed one belongs")
    found = []
    at = 0
    while at < len(element.value):
        child = _element(element.value, at)
        found.append(child)
        at += len(child.raw)
    return tuple(found)


def set_of(element: Element) -> tuple[Element, ...]:
    """Return the members of a SET OF (whatever its tag), which must be sorted and distinct; raises DerInvalid."""
    members = children(element)
    # X.690 section 11.6
    if any(one.raw >= other.raw for one, other in pairwise(members)):
        raise DerInvalid("a set that is not sorted")
    return members


class Fields:
    """The members of a SEQUENCE, read in their order."""

    def __init__(self, element: Element, tag: int = SEQUENCE) -> None:
        self._members = children(expect(element, tag))
        self._at = 0

    def take(self, tag: int | None = None) -> Element:
        """Return the next member, of that tag if one is given; raises DerInvalid."""
        if self._at == len(self._members):
            raise DerInvalid("a member is missing")
        element = self._members[self._at]
        self._at += 1
        return element if tag is None else expect(element, tag)

    def optional(self, *tags: int) -> Element | None:
        """Return the next member if it is there with one of these tags."""
        if self._at < len(self._members) and self._members[self._at].tag in tags:
            self._at += 1
            return self._members[self._at - 1]
        return None

    def end(self) -> None:
        """Refuse members that nobody asked for; raises DerInvalid."""
        if self._at != len(self._members):
            raise DerInvalid("an unexpected member")


def parse_integer(element: Element, tag: int = INTEGER) -> int:
    """Return an INTEGER (or ENUMERATED) of at most 64 octets; raises DerInvalid."""
    value = expect(element, tag).value
    if not 1 <= len(value) <= _MAX_INTEGER:
        raise DerInvalid("an integer of unreasonable size")
    if len(value) > 1 and ((value[0] == 0 and value[1] < 0x80) or (value[0] == 0xFF and value[1] >= 0x80)):
        raise DerInvalid("an integer that is not in its shortest form")
    return int.from_bytes(value, "big", signed=True)


def parse_true(element: Element) -> bool:
    """Return the BOOLEAN of a field with DEFAULT FALSE, which DER therefore spells only when true; raises DerInvalid."""
    if expect(element, BOOLEAN).value != b"\xff":
        raise DerInvalid("a boolean other than TRUE where FALSE is the default")
    return True


def parse_octets(element: Element) -> bytes:
    """Return the contents of an OCTET STRING; raises DerInvalid."""
    return expect(element, OCTET_STRING).value


def parse_bits(element: Element) -> bytes:
    """Return the contents of a BIT STRING of whole octets; raises DerInvalid."""
    value = expect(element, BIT_STRING).value
    if value[:1] != b"\x00":
        raise DerInvalid("a bit string that does not end on an octet")
    return value[1:]


def parse_named_bits(element: Element) -> frozenset[int]:
    """Return the numbers of the set bits of a named-bit BIT STRING; raises DerInvalid."""
    value = expect(element, BIT_STRING).value
    if not 1 <= len(value) <= 9 or value[0] > 7 or (len(value) == 1 and value[0]):
        raise DerInvalid("a malformed bit string")
    bits = frozenset(
        8 * octet + bit for octet, byte in enumerate(value[1:]) for bit in range(8) if byte & (0x80 >> bit)
    )
    # X.690 section 11.2: trailing zero bits are left out, so the last bit that counts is set
    if (max(bits) + 1 if bits else 0) != 8 * (len(value) - 1) - value[0]:
        raise DerInvalid("a bit string with trailing zero bits")
    return bits


def parse_null(element: Element) -> None:
    """Accept a NULL; raises DerInvalid."""
    if expect(element, NULL).value:
        raise DerInvalid("a NULL with contents")


@lru_cache(maxsize=1024)
def _dotted(value: bytes) -> str:
    if not 1 <= len(value) <= _MAX_OID or value[-1] & 0x80:
        raise DerInvalid("a malformed object identifier")
    arcs: list[int] = []
    arc = 0
    fresh = True
    for octet in value:
        if fresh and octet == 0x80:
            raise DerInvalid("an object identifier that is not in its shortest form")
        arc = arc << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def parse_oid(element: Element) -> str:
    """Return an OBJECT IDENTIFIER in dotted form; raises DerInvalid."""
    return _dotted(expect(element, OBJECT_IDENTIFIER).value)


def parse_time(element: Element) -> datetime:
    """Return a UTCTime or GeneralizedTime in its DER form (seconds given, Z, no trailing zeros); raises DerInvalid."""
    text = element.value.decode("latin-1")
    if element.tag == UTC_TIME:
        # RFC 5280 section 4.1.2.5.1: two-digit years turn at 1950
        text = ("19" if text[:2] >= "50" else "20") + text
    elif element.tag != GENERALIZED_TIME:
        raise DerInvalid(f"tag {element.tag:#04x} where a time belongs")
    whole, dot, fraction = text[:-1].partition(".")
    digits_only = whole.isascii() and whole.isdigit() and len(whole) == 14 and text.endswith("Z")
    fraction_ok = not dot or (
        element.tag == GENERALIZED_TIME
        and fraction.isascii()
        and fraction.isdigit()
        and len(fraction) <= 6
        and not fraction.endswith("0")
    )
    if not (digits_only and fraction_ok):
        raise DerInvalid("a time that is not in its DER form")
    day = int(whole[:4]), int(whole[4:6]), int(whole[6:8])
    clock = int(whole[8:10]), int(whole[10:12]), int(whole[12:14])
    try:
        return datetime(*day, *clock, int(fraction.ljust(6, "0")), tzinfo=UTC)
    except ValueError as error:
        raise DerInvalid("a time that does not exist") from error


_TEXT: Final[dict[int, str]] = {
    UTF8_STRING: "utf-8",
    PRINTABLE_STRING: "ascii",
    IA5_STRING: "ascii",
    VISIBLE_STRING: "ascii",
    TELETEX_STRING: "latin-1",
    BMP_STRING: "utf-16-be",
}


def parse_text(element: Element) -> str:
    """Return a character string of the usual kinds; raises DerInvalid."""
    try:
        return element.value.decode(_TEXT[element.tag])
    except (KeyError, UnicodeDecodeError) as error:
        raise DerInvalid("a character string that cannot be read") from error


def tlv(tag: int, *contents: bytes) -> bytes:
    """Encode an element from its contents."""
    value = b"".join(contents)
    length = len(value)
    if length < 0x80:
        return bytes((tag, length)) + value
    octets = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + length.to_bytes(octets, "big") + value


def sequence(*members: bytes) -> bytes:
    """Encode a SEQUENCE of encoded members."""
    return tlv(SEQUENCE, *members)


def sorted_set(members: Iterable[bytes], tag: int = SET) -> bytes:
    """Encode a SET OF encoded members, sorted as DER demands."""
    return tlv(tag, *sorted(members))


def integer(number: int, tag: int = INTEGER) -> bytes:
    """Encode an INTEGER (or ENUMERATED)."""
    return tlv(tag, number.to_bytes((number + (number < 0)).bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER; raises DerInvalid on what is none: a negative arc would have no last octet."""
    if _DOTTED.fullmatch(dotted) is None or len(dotted) > _MAX_DOTTED:
        raise DerInvalid("a malformed object identifier")
    first, second, *others = map(int, dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        octets.extend(reversed(groups))
    return tlv(OBJECT_IDENTIFIER, bytes(octets))


def octets(value: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return tlv(OCTET_STRING, value)


def bits(value: bytes) -> bytes:
    """Encode a BIT STRING of whole octets."""
    return tlv(BIT_STRING, b"\x00", value)


def named_bits(numbers: Iterable[int]) -> bytes:
    """Encode a named-bit BIT STRING from the numbers of its set bits, without trailing zeros (X.690 section 11.2)."""
    set_bits = frozenset(numbers)
    length = max(set_bits, default=-1) + 1
    unused = -length % 8
    value = sum(1 << length - 1 - number for number in set_bits) << unused
    return tlv(BIT_STRING, bytes((unused,)), value.to_bytes((length + unused) // 8, "big"))


def text(value: str, tag: int = UTF8_STRING) -> bytes:
    """Encode a character string, by default as UTF8String; raises DerInvalid on what the kind cannot hold."""
    try:
        return tlv(tag, value.encode(_TEXT[tag]))
    except UnicodeEncodeError as error:
        raise DerInvalid("a character that this kind of string cannot hold") from error


def generalized_time(moment: datetime) -> bytes:
    """Encode a time in UTC to the millisecond, its fraction without trailing zeros (X.690 section 11.7)."""
    moment = moment.astimezone(UTC)
    text = moment.strftime("%Y%m%d%H%M%S").zfill(14)
    fraction = f"{moment.microsecond // 1000:03d}".rstrip("0")
    return tlv(GENERALIZED_TIME, f"{text}.{fraction}Z".encode() if fraction else f"{text}Z".encode())


def time(moment: datetime) -> bytes:
    """Encode a time to the second as certificates and lists do: UTCTime through 2049, then GeneralizedTime.

    Source: RFC 5280 section 4.1.2.5
    """
    moment = moment.astimezone(UTC).replace(microsecond=0)
    if 1950 <= moment.year < 2050:
        return tlv(UTC_TIME, moment.strftime("%y%m%d%H%M%SZ").encode())
    return generalized_time(moment)


@contextmanager
def complaining_as(error: type[DerInvalid]) -> Iterator[None]:
    """Raise what goes wrong inside as the caller's kind of DerInvalid."""
    try:
        yield
    except DerInvalid as fault:
        raise error(fault.reason) from fault
