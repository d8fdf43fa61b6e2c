"""Read JSON of a known form: no unknown, repeated or missing member, every text in its one canonical spelling."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from ca.errors import JsonInvalid

TIME_FORM: Final = "%Y-%m-%dT%H:%M:%SZ"
_MAX_SIZE: Final = 16 * 1024 * 1024

_T = TypeVar("_T")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonInvalid("a member stands twice")
    return members


def _no_constant(text: str) -> object:
    raise JsonInvalid(f"{text} is not JSON")


def parse(data: bytes) -> object:
    """Parse at most 16 MiB of JSON in UTF-8; raises JsonInvalid."""
    if len(data) > _MAX_SIZE:
        raise JsonInvalid("larger than 16 MiB")
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise JsonInvalid("not JSON in UTF-8") from error


class Members:
    """A JSON object whose members are taken one by one, so that a missing or unknown one is noticed."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise JsonInvalid(f"{where} is not an object")
        self._left = dict(value)
        self._where = where

    def take(self, key: str, read: Callable[[object, str], _T]) -> _T:
        """Return the member as `read` understands it; raises JsonInvalid."""
        where = f"{self._where}.{key}"
        if key not in self._left:
            raise JsonInvalid(f"{where} is missing")
        return read(self._left.pop(key), where)

    def optional(self, key: str, read: Callable[[object, str], _T]) -> _T | None:
        """Return the member as `read` understands it, None where it is not there; raises JsonInvalid."""
        return self.take(key, read) if key in self._left else None

    def end(self) -> None:
        """Refuse members that nobody took; raises JsonInvalid."""
        if self._left:
            raise JsonInvalid(f"{self._where} has {len(self._left)} unknown members")


def anything(value: object, where: str) -> object:  # noqa: ARG001 - the form of a reader
    """Accept any JSON value."""
    return value


def text(value: object, where: str) -> str:
    """Accept a printable string that is not empty; raises JsonInvalid."""
    if not isinstance(value, str) or not value or not value.isprintable():
        raise JsonInvalid(f"{where} is not a text")
    return value


def number(value: object, where: str) -> int:
    """Accept an integer; raises JsonInvalid."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise JsonInvalid(f"{where} is not an integer")
    return value


def octets(value: object, where: str) -> bytes:
    """Accept bytes in canonical base64; raises JsonInvalid."""
    spelled = text(value, where)
    try:
        data = base64.b64decode(spelled, validate=True)
    except (binascii.Error, ValueError) as error:
        raise JsonInvalid(f"{where} is not base64") from error
    # The last character may hold spare bits: two spellings of one value would both pass.
    if base64.b64encode(data).decode() != spelled:
        raise JsonInvalid(f"{where} is not canonical base64")
    return data


def time(value: object, where: str) -> datetime:
    """Accept a time in UTC to the second; raises JsonInvalid."""
    spelled = text(value, where)
    try:
        moment = datetime.strptime(spelled, TIME_FORM).replace(tzinfo=UTC)
    except ValueError as error:
        raise JsonInvalid(f"{where} is not a time") from error
    if moment.strftime(TIME_FORM) != spelled:
        raise JsonInvalid(f"{where} is not a time")
    return moment


def day(value: object, where: str) -> date:
    """Accept a date, `YYYY-MM-DD`; raises JsonInvalid."""
    spelled = text(value, where)
    try:
        found = date.fromisoformat(spelled)
    except ValueError as error:
        raise JsonInvalid(f"{where} is not a date") from error
    if found.isoformat() != spelled:
        raise JsonInvalid(f"{where} is not a date")
    return found


def list_of(read: Callable[[object, str], _T]) -> Callable[[object, str], tuple[_T, ...]]:
    """Return a reader of a list whose items `read` understands."""

    def read_list(value: object, where: str) -> tuple[_T, ...]:
        if not isinstance(value, list):
            raise JsonInvalid(f"{where} is not a list")
        return tuple(read(item, f"{where}[{index}]") for index, item in enumerate(value))

    return read_list


def texts_by_name(value: object, where: str) -> Mapping[str, str]:
    """Accept an object of texts; raises JsonInvalid."""
    if not isinstance(value, dict):
        raise JsonInvalid(f"{where} is not an object")
    return {text(key, where): text(item, where) for key, item in value.items()}
