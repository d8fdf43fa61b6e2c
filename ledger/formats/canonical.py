"""Canonical JSON (RFC 8785): one value, one sequence of bytes."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import rfc8785

from ledger.errors import LedgerError

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"


_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_INTEGERS: Final = 2**53
_PLAIN: Final = frozenset({str, bool, type(None)})
MAX_DEPTH: Final = 100
"""So deep may values be nested. A bound of our own: some libraries raise Python's, and then the stack ends first."""
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")


@dataclass(eq=False)
class NotCanonical(LedgerError):
    """The value has no canonical form, or the bytes are not in it."""

    code = "ledger.not_canonical"
    zh = "不是规范的 JSON（RFC 8785）"
    en = "that is not canonical JSON (RFC 8785)"


def dumps(value: JSON) -> bytes:
    """Return the canonical form; raises NotCanonical for what JSON or a double cannot hold.

    Source: RFC 8785 section 3.2.
    """
    plain: Any = value
    try:
        if _is_simple(plain):
            return _ENCODER.encode(plain).encode()
        _bound(plain)
        return rfc8785.dumps(plain)
    except (ValueError, RecursionError) as error:
        raise NotCanonical from error


def _is_simple(value: Any, left: int = MAX_DEPTH) -> bool:
    """Tell whether Python's own encoder gives the canonical form: no floats, and names that sort alike in every code.

    It escapes what RFC 8785 section 3.2.2.2 wants escaped, in the same way, and is twenty times as fast. Every event
    comes through here, so members that hold nothing further are not called for.
    """
    if not left:
        raise NotCanonical
    kind = type(value)
    if kind is dict:
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                return False
            if (type(member) not in _PLAIN or left == 1) and not _is_simple(member, left - 1):
                return False
        return True
    if kind is list:
        return all(_is_simple(member, left - 1) for member in value)
    return kind in _PLAIN or (kind is int and -_INTEGERS < value < _INTEGERS)


def _bound(value: Any) -> None:
    """Raise NotCanonical for what is nested too deep."""
    row, depth = [value], 0
    while row:
        if depth == MAX_DEPTH:
            raise NotCanonical
        depth += 1
        row = [
            member
            for item in row
            if isinstance(item, dict | list | tuple)
            for member in (item.values() if isinstance(item, dict) else item)
        ]


def bound_text(data: bytes) -> None:
    """Raise NotCanonical for a text that is nested too deep, before anything recurses into it."""
    if data.count(b"[") + data.count(b"{") < MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth >= MAX_DEPTH:
            raise NotCanonical


def loads(data: bytes) -> Any:
    """Return the value of bytes that are in canonical form; raises NotCanonical for any others.

    Two texts of one value would let a document be changed under its digest, and two members of one name would let two
    readers see different values: both fall out because the value must give the same bytes again.
    """
    bound_text(data)
    try:
        value = json.loads(data.decode(), parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise NotCanonical from error
    if dumps(value) != data:
        raise NotCanonical
    return value


def _integer(text: str) -> int | float:
    """Read a number without a fraction as what it is in JSON, a double: beyond 2^53 not every integer exists."""
    number = float(text)
    return int(text) if abs(number) < 2**53 else number
