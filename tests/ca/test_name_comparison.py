"""Names that are the same though spelled differently (RFC 5280 section 7.1)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der, oids
from ca.reading.name_comparison import prepare
from ca.reading.names import canonical, encode, same

CN, UNIT, DC, MAIL = oids.COMMON_NAME, oids.ORGANIZATION_NAME, oids.DOMAIN_COMPONENT, oids.EMAIL_ADDRESS
UTF8, PRINTABLE, IA5, TELETEX, BMP = (
    der.UTF8_STRING,
    der.PRINTABLE_STRING,
    der.IA5_STRING,
    der.TELETEX_STRING,
    der.BMP_STRING,
)


def attribute(kind: str, text: str, tag: int = UTF8) -> bytes:
    return der.sequence(der.oid(kind), der.text(text, tag))


def level(*attributes: bytes) -> bytes:
    return der.sorted_set(attributes)


def name(text: str, tag: int = UTF8, kind: str = CN) -> bytes:
    return der.sequence(level(attribute(kind, text, tag)))


SAME = {
    "case": (name("Test CA"), name("TEST ca")),
    "case outside ASCII": (name("Ärzte"), name("äRZTE")),
    "sharp s and its capitals": (name("straße"), name("STRASSE")),
    "the kind of string": (name("Test", UTF8), name("Test", PRINTABLE)),
    "spaces inside": (name("Test  CA"), name("Test CA")),
    "spaces at the ends": (name("  Test CA "), name("Test CA")),
    "a tab for a space": (name("Test\tCA"), name("Test CA")),
    "the ideographic space": (name("测试\u3000市"), name("测试 市")),
    "full width": (name("ＣＡ１"), name("ca1")),
    "composed and decomposed": (name("e\u0301"), name("\u00e9")),
    "what nobody sees": (name("Te\u00adst\u200b"), name("Test")),
    "variation selectors": (name("葛\ufe00"), name("葛")),
    "order within a level": (
        der.sequence(level(attribute(CN, "a"), attribute(UNIT, "BB"))),
        der.sequence(level(attribute(UNIT, "bb"), attribute(CN, "A"))),
    ),
    "domain components": (name("Example", IA5, DC), name("EXAMPLE", IA5, DC)),
    "mail addresses": (name("A@example.test", IA5, MAIL), name("a@EXAMPLE.test", IA5, MAIL)),
}
DIFFERENT = {
    "words": (name("Test CA"), name("Test CB")),
    "a space and none": (name("Test CA"), name("TestCA")),
    "the type": (name("Test"), name("Test", kind=UNIT)),
    "order of levels": (encode((CN, "a"), (UNIT, "b")), encode((UNIT, "b"), (CN, "a"))),
    "a level more": (encode((CN, "a")), encode((CN, "a"), (UNIT, "b"))),
    "one level or two": (
        der.sequence(level(attribute(CN, "a"), attribute(UNIT, "b"))),
        encode((CN, "a"), (UNIT, "b")),
    ),
    "simplified and traditional": (name("测试"), name("測試")),
    "strings that are not prepared": (name("test", TELETEX), name("TEST", TELETEX)),
    "a teletex and a UTF-8 string": (name("test", TELETEX), name("test")),
    "a BMP and a UTF-8 string": (name("test", BMP), name("test")),
    "no name": (name("test"), der.sequence()),
    "what cannot be read": (name("test"), b"\x30\x01\x00"),
    "an unsorted level": (
        der.sequence(level(attribute(CN, "a"), attribute(UNIT, "b"))),
        der.sequence(der.tlv(der.SET, attribute(UNIT, "b"), attribute(CN, "a"))),
    ),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME.keys())
def test_the_same_name(one: bytes, other: bytes) -> None:
    assert one != other
    assert same(one, other)
    assert same(other, one)
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT.keys())
def test_different_names(one: bytes, other: bytes) -> None:
    assert not same(one, other)
    assert not same(other, one)


def test_what_cannot_be_read_is_the_same_as_its_own_bytes() -> None:
    assert same(b"garbage", b"garbage")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_a_prepared_text_is_prepared(text: str) -> None:
    assert prepare(prepare(text)) == prepare(text)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(max_codepoint=0x7E), max_size=20))
def test_ascii_names_are_compared_without_case(text: str) -> None:
    assert same(name(text), name(text.swapcase()))
    assert same(name(text), name(f" {text} "))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40))
def test_garbage_is_never_another_name(data: bytes) -> None:
    assert not same(name("test"), data)
