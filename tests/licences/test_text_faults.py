import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.text_faults import text_faults


def codes(text: str, *, lines: bool = False) -> list[str]:
    return [fault.code for fault in text_faults(text, "x", lines=lines)]


@pytest.mark.parametrize(
    "text",
    ["", "张测试", "䶮㛃𬭎堃喆", "㐀𠀀𪜀𫝀", "买买提·吐尔逊", "（全角）ABC-1", "葛󠄀城", "e\u0301"],
)
def test_real_names_pass(text: str) -> None:
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("张\ue000", ["text.private_use"]),
        ("张\U000f1234", ["text.private_use"]),
        ("张\U00100000", ["text.private_use"]),
        ("张\ud800", ["text.surrogate"]),
        ("张\x00", ["text.control"]),
        ("张\x85", ["text.control"]),
        ("张\t三", ["text.control"]),
        ("张\n三", ["text.control"]),
        ("张\u200b三", ["text.invisible"]),
        ("张\u202e三", ["text.invisible"]),
        ("\ufeff张", ["text.invisible"]),
        ("张\ufffd", ["text.replacement"]),
        ("张\uffff", ["text.invisible"]),
        ("\x00\ue000\x01", ["text.control", "text.private_use"]),
    ],
)
def test_what_no_page_can_show_is_named(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


def test_line_breaks_are_allowed_where_the_field_has_lines() -> None:
    assert codes("一\n二", lines=True) == []
    assert codes("一\r\n二", lines=True) == ["text.control"]


def test_inner_places_are_named() -> None:
    faults = text_faults({"a": ["x", "\x00"], "b": {"c": "\ue000"}, "d": 5}, "fields.f")
    assert [fault.field for fault in faults] == ["fields.f.a[1]", "fields.f.b.c"]


@given(st.text())
def test_text_that_passes_holds_only_characters_to_be_seen(text: str) -> None:
    if not codes(text):
        assert not {unicodedata.category(character) for character in text} & {"Cc", "Co", "Cs"}
