from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.objects import Name, PdfObject, Ref, read_text_string, references, serialise, text_string
from seals.pdf.reader import MAX_DEPTH, MAX_SYNTAX, Reader

READ: list[tuple[bytes, PdfObject]] = [
    (b"null", None),
    (b"true", True),
    (b" false", False),
    (b"% a comment\r\n\t42", 42),
    (b"+17", 17),
    (b"-98", -98),
    (b"34.5", Decimal("34.5")),
    (b"-.002", Decimal("-0.002")),
    (b"4.", Decimal(4)),
    (b"/Name1", Name("Name1")),
    (b"/", Name("")),
    (b"/A#42", Name("AB")),
    (b"/lime#20Green", Name("lime Green")),
    (b"(a string)", b"a string"),
    (b"(nested (brackets) here)", b"nested (brackets) here"),
    (rb"(\n\r\t\b\f\(\)\\)", b"\n\r\t\b\f()\\"),
    (rb"(\53 \053 \0533 \x)", b"+ + +3 x"),
    (b"(broken \\\nline \\\r\nhere)", b"broken line here"),
    (b"(end\r\nof\rline)", b"end\nof\nline"),
    (b"<48 65\n6C6c6f>", b"Hello"),
    (b"<7>", b"p"),
    (b"<>", b""),
    (b"12 0 R", Ref(12, 0)),
    (b"12\x000\x0c\tR", Ref(12, 0)),
    (b"[1 2 0 R 3 4 R /A(b)<63>[]]", [1, Ref(2, 0), Ref(3, 4), Name("A"), b"b", b"c", []]),
    (b"<</A 1/B<</C null>>>>", {"A": 1, "B": {"C": None}}),
    (b"<< /A % c >>\n (x) >>", {"A": b"x"}),
]
REFUSED = [
    b"",
    b"nul",
    b"tru\x00",
    b"R",
    b"1.2.3",
    b"--1",
    b"1e5",
    b"]",
    b">>",
    b"[1 2",
    b"[1 0 Rx]",
    b"<</A>>",
    b"<</A 1",
    b"<<1 2>>",
    b"<</A 1/A 1>>",
    b"<</A 1/#41 1>>",
    b"(open",
    b"(open \\",
    b"<4x>",
    b"<48",
    b"/A#4",
    b"/A#00",
    b"}",
]


@pytest.mark.parametrize(("text", "value"), READ)
def test_reads(text: bytes, value: PdfObject) -> None:
    found = Reader(text).value()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", REFUSED)
def test_refuses(text: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        Reader(text).value()


@pytest.mark.parametrize("text", [b"1" * 13, b"1." + b"0" * 60, b"/" + b"a" * 300])
def test_refuses_values_out_of_all_proportion(text: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        Reader(text).value()


@pytest.mark.parametrize("opening", [b"[", b"<</A", b"[<</A"])
def test_depth_is_limited_however_it_is_reached(opening: bytes) -> None:
    with pytest.raises(PdfOverLimits, match="depth"):
        Reader(opening * 100_000).value()


def test_depth_that_is_allowed() -> None:
    assert Reader(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH).value()
    with pytest.raises(PdfOverLimits):
        Reader(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)).value()


@pytest.mark.parametrize("filling", [b"0 ", b"0 0 ", b"%\n", b"    ", b"(()", b"<", b"\\", b"/"])
def test_a_long_object_is_refused_and_not_for_ever_read(filling: bytes) -> None:
    with pytest.raises(PdfUnreadable):
        Reader(b"[" + filling * (MAX_SYNTAX // len(filling) + 2)).value()


def test_entries_tell_where_values_stand() -> None:
    text = b" <</A  (x)/Contents <00ff> /B 1>>"
    found = Reader(text).entries()
    assert {key: text[start:end] for key, (_, start, end) in found.items()} == {
        "A": b"(x)",
        "Contents": b"<00ff>",
        "B": b"1",
    }


_names = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=12).map(Name)
_atoms = (
    st.none()
    | st.booleans()
    | st.integers(-(10**10), 10**10)
    | st.decimals(-(10**6), 10**6, places=4)
    | _names
    | st.binary(max_size=20)
    | st.builds(Ref, st.integers(0, 10**6), st.integers(0, 65_535))
)
objects: st.SearchStrategy[PdfObject] = st.recursive(
    _atoms,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@given(objects)
@example([1, 2, Name("R"), 0])
@example([Ref(1, 0), Ref(2, 0), True, None, -1])
@example({"": Name(""), "#": b"()\\"})
def test_what_is_written_is_read_again(value: PdfObject) -> None:
    text = serialise(value)
    reader = Reader(text + b"/next")
    assert reader.value() == value
    assert reader.data[reader.position :] == b"/next"
    assert serialise(Reader(text).value()) == text


@given(st.binary(max_size=60) | st.text("()<>[]{}/%\\ \n0123456789.-Rnulltruefalse#", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reader = Reader(data)
    try:
        value = reader.value()
    except PdfUnreadable:
        return
    assert reader.position <= len(data)
    assert Reader(serialise(value)).value() == value


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_text_strings(text: str) -> None:
    assert read_text_string(text_string(text)) == text


def test_text_string_of_other_writers() -> None:
    assert read_text_string(b"\xef\xbb\xbf\xe6\xb5\x8b") == "测"
    assert read_text_string(b"\xfe\xff\x6d\x4b\xd8") == "测\ufffd"


def test_references_are_found_wherever_they_stand() -> None:
    value = Reader(b"<</A 1 0 R/B[2 0 R<</C 3 0 R>>]>>").value()
    assert [ref.number for ref in references(value)] == [1, 2, 3]
