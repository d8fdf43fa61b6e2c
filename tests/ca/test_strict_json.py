from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from ca.encoding import strict_json
from ca.errors import JsonInvalid

BAD_FILES = {
    "empty": b"",
    "not UTF-8": b'"\xff"',
    "a repeated member": b'{"a": 1, "a": 1}',
    "a repeated member inside": b'[{"a": {"b": 1, "b": 2}}]',
    "not a number": b"[NaN]",
    "infinity": b"[-Infinity]",
    "deep": b"[" * 100_000,
    "a number without end": b"9" * 10_000,
    "too large": b'"' + b"a" * (16 * 1024 * 1024) + b'"',
}


@pytest.mark.parametrize("data", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_odd_json_is_refused(data: bytes) -> None:
    with pytest.raises(JsonInvalid):
        strict_json.parse(data)


BAD_VALUES: list[tuple[Callable[[object, str], object], object]] = [
    (strict_json.text, ""),
    (strict_json.text, 1),
    (strict_json.text, "a\nb"),
    (strict_json.text, "\ud800"),
    (strict_json.number, True),
    (strict_json.number, "1"),
    (strict_json.number, 1.0),
    (strict_json.octets, "AAA"),
    (strict_json.octets, "AB=="),  # spare bits set
    (strict_json.octets, "AA==\n"),
    (strict_json.octets, "A-__"),
    (strict_json.time, "2026-11-22T08:30:15+00:00"),
    (strict_json.time, "2026-11-2T08:30:15Z"),
    (strict_json.time, "2026-02-30T08:30:15Z"),
    (strict_json.day, "20261122"),
    (strict_json.day, "2026-W47-7"),
    (strict_json.day, "2026-13-01"),
    (strict_json.list_of(strict_json.text), "text"),
    (strict_json.list_of(strict_json.text), [1]),
    (strict_json.texts_by_name, []),
    (strict_json.texts_by_name, {"a": 1}),
    (strict_json.Members, []),
]


@pytest.mark.parametrize(("read", "value"), BAD_VALUES)
def test_odd_values_are_refused(read: Callable[[object, str], object], value: object) -> None:
    with pytest.raises(JsonInvalid, match="here"):
        read(value, "here")


def test_good_values() -> None:
    members = strict_json.Members(strict_json.parse(b'{"a": "AAE=", "b": "2026-11-22T08:30:15Z", "c": ["x"]}'), "file")
    assert members.take("a", strict_json.octets) == b"\x00\x01"
    assert members.take("b", strict_json.time) == datetime(2026, 11, 22, 8, 30, 15, tzinfo=UTC)
    with pytest.raises(JsonInvalid, match="file has 1 unknown"):
        members.end()
    assert members.take("c", strict_json.list_of(strict_json.text)) == ("x",)
    with pytest.raises(JsonInvalid, match=r"file\.d is missing"):
        members.take("d", strict_json.number)
    members.end()
    assert strict_json.day("2026-11-22", "here") == date(2026, 11, 22)
    assert strict_json.texts_by_name({"a": "b"}, "here") == {"a": "b"}
    assert strict_json.number(7, "here") == 7
