from datetime import UTC, datetime

import pytest
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.encoding import der
from ca.errors import CertificateInvalid, DerInvalid

quick = settings(max_examples=200, deadline=None)


@quick
@given(st.integers(-(2**500), 2**500))
def test_integers_agree_with_asn1crypto(number: int) -> None:
    assert der.integer(number) == core.Integer(number).dump()
    assert der.parse_integer(der.read(der.integer(number))) == number


@quick
@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**70), max_size=4))
def test_object_identifiers_agree_with_asn1crypto(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    assert der.oid(dotted) == core.ObjectIdentifier(dotted).dump()
    assert der.parse_oid(der.read(der.oid(dotted))) == dotted


def test_the_example_arc_has_a_second_number_above_39() -> None:
    assert der.parse_oid(der.read(der.oid("2.999.3161.1"))) == "2.999.3161.1"


@pytest.mark.parametrize(
    "dotted",
    [
        *("", "1", "2.-1", "-1.2", "1.2.-840", "3.1", "0.40", "1.40", "01.2", "1.02", "1.2.03", "1.2.", ".1.2"),
        *("1..2", "1.a", "1.2 ", "1.2\n", "\u0661.2", "1.+2", "1.1_0", f"2.{'9' * 300}"),
    ],
)
def test_what_is_no_object_identifier_is_refused(dotted: str) -> None:
    with pytest.raises(DerInvalid):
        der.oid(dotted)


@quick
@given(st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_a_time_survives_to_the_millisecond(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    kept = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert der.parse_time(der.read(der.generalized_time(moment))) == kept


@quick
@given(st.binary(max_size=300), st.integers(0, 30))
def test_what_is_encoded_is_read_back(value: bytes, number: int) -> None:
    encoded = der.tlv(der.context(number), value)
    element = der.read(encoded)
    assert (element.tag, element.value, element.raw) == (0xA0 | number, value, encoded)


def test_every_input_of_three_octets_is_read_or_refused() -> None:
    read = 0
    for number in range(0x10000):
        for octet in (0x00, 0x01, 0x7F, 0xFF):
            data = number.to_bytes(2, "big") + bytes((octet,))
            try:
                element = der.read(data)
            except DerInvalid:
                continue
            read += 1
            assert data[1] == 1
            assert element.value == bytes((octet,))
    # 31 of every 32 identifier octets have a low tag number
    assert read == 4 * 248


BAD_ELEMENTS = {
    "empty": "",
    "no length": "30",
    "cut contents": "3002 02",
    "cut length": "3082 01",
    "bytes after the end": "0500 00",
    "indefinite length": "3080 0500 0000",
    "length of five octets": "3085 0000000001 00",
    "long form for a short length": "0481 01 00",
    "length with a leading zero": "0482 0080" + "00" * 128,
    "high tag number": "1f22 00",
}


@pytest.mark.parametrize("encoded", BAD_ELEMENTS.values(), ids=BAD_ELEMENTS.keys())
def test_other_encodings_are_refused(encoded: str) -> None:
    with pytest.raises(DerInvalid):
        der.read(bytes.fromhex(encoded))


BAD_VALUES = {
    "integer, empty": (der.parse_integer, "0200"),
    "integer, leading zero": (der.parse_integer, "0202 0001"),
    "integer, leading ff": (der.parse_integer, "0202 ffff"),
    "integer, huge": (der.parse_integer, "0241" + "01" * 65),
    "integer, other tag": (der.parse_integer, "0401 01"),
    "boolean, false": (der.parse_true, "0101 00"),
    "boolean, 01": (der.parse_true, "0101 01"),
    "null with contents": (der.parse_null, "0501 00"),
    "bits, none": (der.parse_bits, "0300"),
    "bits, not whole octets": (der.parse_bits, "0302 0180"),
    "named bits, trailing zeros": (der.parse_named_bits, "0302 0080"),
    "named bits, set beyond the end": (der.parse_named_bits, "0302 07c0"),
    "named bits, no octet but unused": (der.parse_named_bits, "0301 01"),
    "named bits, eight unused": (der.parse_named_bits, "0302 0800"),
    "oid, empty": (der.parse_oid, "0600"),
    "oid, cut": (der.parse_oid, "0602 2a86"),
    "oid, padded arc": (der.parse_oid, "0603 2a8001"),
    "oid, huge": (der.parse_oid, "0641" + "2a" * 65),
    "time, other tag": (der.parse_time, "0c0d" + b"261122083015Z".hex()),
    "time, no seconds": (der.parse_time, "170b" + b"2611220830Z".hex()),
    "time, offset": (der.parse_time, "1711" + b"261122083015+0800".hex()),
    "time, utc with fraction": (der.parse_time, "170f" + b"261122083015.5Z".hex()),
    "time, month 13": (der.parse_time, "170d" + b"261322083015Z".hex()),
    "time, other digits": (der.parse_time, "170d" + b"26112208301\xb2Z".hex()),
    "time, fraction ends in zero": (der.parse_time, "1812" + b"20261122083015.50Z".hex()),
    "time, empty fraction": (der.parse_time, "1810" + b"20261122083015.Z".hex()),
    "time, fraction too fine": (der.parse_time, "1817" + b"20261122083015.1234567Z".hex()),
    "text, not utf-8": (der.parse_text, "0c01 ff"),
    "text, other tag": (der.parse_text, "0401 41"),
    "set, unsorted": (der.set_of, "3106 020102 020101"),
    "set, repeated": (der.set_of, "3106 020101 020101"),
    "children of a primitive": (der.children, "0402 0500"),
}


@pytest.mark.parametrize(("parse", "encoded"), BAD_VALUES.values(), ids=BAD_VALUES.keys())
def test_values_in_another_form_are_refused(parse: object, encoded: str) -> None:
    element = der.read(bytes.fromhex(encoded))
    assert callable(parse)
    with pytest.raises(DerInvalid):
        parse(element)


def test_named_bits() -> None:
    assert der.parse_named_bits(der.read(bytes.fromhex("0301 00"))) == frozenset()
    assert der.parse_named_bits(der.read(bytes.fromhex("0302 06c0"))) == {0, 1}
    assert der.parse_named_bits(der.read(bytes.fromhex("0303 070080"))) == {8}


def test_two_digit_years_turn_at_1950() -> None:
    assert der.parse_time(der.read(der.tlv(der.UTC_TIME, b"491231235959Z"))).year == 2049
    assert der.parse_time(der.read(der.tlv(der.UTC_TIME, b"500101000000Z"))).year == 1950


def test_fields_say_what_is_missing_and_what_is_too_much() -> None:
    fields = der.Fields(der.read(der.sequence(der.integer(1), der.integer(2))))
    assert fields.optional(der.BOOLEAN) is None
    assert der.parse_integer(fields.take(der.INTEGER)) == 1
    with pytest.raises(DerInvalid):
        fields.end()
    with pytest.raises(DerInvalid):
        fields.take(der.BOOLEAN)
    with pytest.raises(DerInvalid):
        fields.take()


def test_complaints_become_the_callers() -> None:
    with pytest.raises(CertificateInvalid, match="why"), der.complaining_as(CertificateInvalid):
        raise DerInvalid("why")


@quick
@given(st.sets(st.integers(0, 60)))
def test_named_bits_agree_with_the_reader(numbers: set[int]) -> None:
    assert der.parse_named_bits(der.read(der.named_bits(numbers))) == numbers


def test_named_bits_as_x690_spells_them() -> None:
    assert der.named_bits({0, 1}) == bytes.fromhex("030206c0")
    assert der.named_bits({5, 6}) == bytes.fromhex("03020106")
    assert der.named_bits({8}) == bytes.fromhex("0303070080")
    assert der.named_bits(()) == bytes.fromhex("030100")


@quick
@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(9999, 12, 31)))  # noqa: DTZ001
def test_a_time_of_a_certificate_turns_in_2050(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC)
    element = der.read(der.time(moment))
    assert element.tag == (der.UTC_TIME if moment.year < 2050 else der.GENERALIZED_TIME)
    assert der.parse_time(element) == moment.replace(microsecond=0)


@quick
@given(st.binary(max_size=300), st.text(max_size=40))
def test_strings_are_read_back(value: bytes, text: str) -> None:
    assert der.parse_octets(der.read(der.octets(value))) == value
    assert der.parse_bits(der.read(der.bits(value))) == value
    assert der.parse_text(der.read(der.text(text))) == text
    assert der.text(text) == core.UTF8String(text).dump()


def test_a_character_that_the_string_cannot_hold_is_refused() -> None:
    assert der.text("CN", der.PRINTABLE_STRING) == b"\x13\x02CN"
    with pytest.raises(DerInvalid):
        der.text("中", der.PRINTABLE_STRING)
