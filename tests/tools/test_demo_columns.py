"""Text in columns: nothing is lost, nothing runs over, Chinese counts double."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.demo.columns import padded, width_of, wrapped

TEXTS = st.text("ab ，。（证照 《x", max_size=60)


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("证照", 4), ("𬭎䶮", 4), ("e\u0301", 1), ("（测试）", 8)]
)
def test_widths(text: str, width: int) -> None:
    assert width_of(text) == width
    assert width_of(padded(text, 10)) == 10


@pytest.mark.parametrize(
    ("text", "columns", "lines"),
    [
        ("证照有效", 4, ["证照", "有效"]),
        ("证照有效", 5, ["证照", "有效"]),
        ("证照。有效", 4, ["证", "照。", "有效"]),
        ("one two three", 7, ["one two", "three"]),
        ("有效 valid", 8, ["有效", "valid"]),
        ("overlong", 3, ["overlong"]),
        ("", 5, []),
    ],
)
def test_wrapping(text: str, columns: int, lines: list[str]) -> None:
    assert list(wrapped(text, columns)) == lines


@given(TEXTS, st.integers(8, 30))
def test_nothing_is_lost(text: str, columns: int) -> None:
    lines = list(wrapped(text, columns))
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(lines)


@given(
    st.text("ab 证照有效", max_size=60).filter(lambda text: all(len(word) < 4 for word in text.split())),
    st.integers(8, 30),
)
def test_no_line_is_too_long(text: str, columns: int) -> None:
    assert all(width_of(line) <= columns for line in wrapped(text, columns))
