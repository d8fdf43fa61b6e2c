import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats import canonical
from ledger.formats.canonical import JSON, NotCanonical, dumps

# What a double and UTF-8 can hold (RFC 7493).
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_the_example_of_the_standard() -> None:
    # RFC 8785 section 3.2.2 to 3.2.4.
    value: dict[str, Any] = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\x0f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical.dumps(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_members_are_sorted_by_utf16() -> None:
    # RFC 8785 section 3.2.3: the emoji's surrogates sort before U+FB33, its code point after it.
    assert canonical.dumps({"\ufb33": 1, "\U0001f600": 2}) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@settings(max_examples=100)
@given(VALUES)
def test_a_value_comes_back(value: Any) -> None:
    data = canonical.dumps(value)
    assert canonical.loads(data) == value
    assert json.loads(data, parse_int=float) == value


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), float("nan"), float("inf"), "\ud800", {"\udc00": 1}, {1: 2}, b"bytes", object(), {1, 2}]
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonical):
        canonical.dumps(value)


def test_endless_nesting_is_refused_and_no_crash() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(NotCanonical):
        canonical.dumps(deep)
    with pytest.raises(NotCanonical):
        canonical.loads(b"[" * 50_000 + b"]" * 50_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b'{"a":1, "b":2}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'"\\u0041"',
        b'"\\/"',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\\ud800"',
        b"NaN",
        b"1" * 5000,
        b"null\n",
    ],
)
def test_bytes_in_another_form_are_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(data)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_the_short_way_gives_what_the_long_way_gives(value: JSON) -> None:
    """Whatever does not go the short way is the library's; whatever does must not be told from it."""
    try:
        expected = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(NotCanonical):
            dumps(value)
        return
    assert dumps(value) == expected


@pytest.mark.parametrize("text", ["".join(map(chr, range(0x80))), "\x7f\u2028\u2029é", "👩‍🚀\uffff\U00010000", '"\\/'])
def test_every_character_is_written_alike(text: str) -> None:
    assert dumps({"a": text}) == rfc8785.dumps({"a": text})


@pytest.mark.parametrize("value", ["\ud800", {"\udfff": 1}, ["\ud800\u0020"]])
def test_half_a_character_has_no_form(value: JSON) -> None:
    with pytest.raises(NotCanonical):
        dumps(value)


@pytest.fixture
def generous() -> Iterator[None]:
    """Python's own bound as libraries for contracts raise it: the stack ends before it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("generous")
@pytest.mark.parametrize(
    "text", [b"[" * 90_000 + b"]" * 90_000, b'{"a":' * 90_000 + b"1" + b"}" * 90_000, b"[" * 10**6]
)
def test_nesting_ends_no_process_whatever_bound_others_have_set(text: bytes) -> None:
    with pytest.raises(NotCanonical):
        canonical.loads(text)
    deep: Any = 0.5
    for _ in range(90_000):
        deep = [deep]
    try:
        with pytest.raises(NotCanonical):
            canonical.dumps(deep)
    finally:
        while isinstance(deep, list):  # taken apart by hand: the stack is not asked
            deep = deep.pop()


def test_nesting_has_one_bound_for_both_ways() -> None:
    def nested(depth: int, inner: Any) -> Any:
        return inner if not depth else [nested(depth - 1, inner)]

    for inner in (1, 0.5, '[[{\\"[' * 60):
        data = canonical.dumps(nested(canonical.MAX_DEPTH - 1, inner))
        assert canonical.loads(data) == nested(canonical.MAX_DEPTH - 1, inner)
        with pytest.raises(NotCanonical):
            canonical.dumps(nested(canonical.MAX_DEPTH, inner))
        with pytest.raises(NotCanonical):
            canonical.loads(b"[" + data + b"]")
