from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.identifiers import ROOT, compose, parse
from licences.type_errors import IdentifierMalformed

# Identifiers seen in public documents.
PUBLIC: Final = (
    "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
    "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F",
)
TYPE_CODE: Final = "11100000MB0143028R001"
ISSUER: Final = "11990100MB9T00038E"


@pytest.mark.parametrize("text", PUBLIC)
def test_public_identifiers_are_right(text: str) -> None:
    identifier = parse(text)
    assert identifier.check_matches
    assert identifier.text == text


@pytest.mark.parametrize("text", [text for text in PUBLIC if ".340100." not in text])
def test_composing_gives_the_public_identifiers(text: str) -> None:
    parsed = parse(text)
    assert compose(parsed.type_code, parsed.issuer, parsed.serial, parsed.version) == text


def test_the_parts_are_told_apart() -> None:
    identifier = parse(PUBLIC[1])
    assert (identifier.type_code, identifier.issuer, identifier.serial, identifier.version, identifier.check) == (
        "11100000MB03271699022",
        "340100",
        "000000016",
        1,
        "9",
    )


@pytest.mark.parametrize("text", PUBLIC)
def test_a_wrong_check_character_is_flagged_and_never_repaired(text: str) -> None:
    for check in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        identifier = parse(text[:-1] + check)
        assert identifier.check_matches == (check == text[-1])
        assert (identifier.check, identifier.expected_check) == (check, text[-1])
        assert identifier.text == text[:-1] + check


@given(st.from_regex(r"[0-9A-Z]{1,32}", fullmatch=True), st.integers(1, 999))
def test_composed_identifiers_parse_back(serial: str, version: int) -> None:
    identifier = parse(compose(TYPE_CODE, ISSUER, serial, version))
    assert identifier.check_matches
    assert (identifier.type_code, identifier.issuer, identifier.serial, identifier.version) == (
        TYPE_CODE,
        ISSUER,
        serial,
        version,
    )


@given(st.data())
def test_any_changed_character_changes_the_check(data: st.DataObject) -> None:
    text = compose(TYPE_CODE, ISSUER, "91990101MA9T00018G", 1)
    places = [place for place in range(len(ROOT), len(text) - 1) if text[place] != "."]
    place = data.draw(st.sampled_from(places))
    letters = "0123456789" if text[place].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    letter = data.draw(st.sampled_from(letters))
    changed = text[:place] + letter + text[place + 1 :]
    assert parse(changed).check_matches == (changed == text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "root"),
        ("1.2.156.3005.3.11100000MB0143028R001.340100.1.001.1", "root"),
        (f"{ROOT}11100000MB0143028R001.340100.1.001", "number of parts"),
        (f"{ROOT}11100000MB0143028R001.340100.1.001.1.1", "number of parts"),
        (f"{ROOT}11100000MB0143028R01.340100.1.001.1", "type code"),
        (f"{ROOT}11100000MB0143028R00A.340100.1.001.1", "type code"),
        (f"{ROOT}11100000MB0143028R001..1.001.1", "issuer"),
        (f"{ROOT}11100000MB0143028R001.340100.1a.001.1", "serial"),
        (f"{ROOT}11100000MB0143028R001.340100..001.1", "serial"),
        (f"{ROOT}11100000MB0143028R001.340100.1.1.1", "version"),
        (f"{ROOT}11100000MB0143028R001.340100.1.001.11", "check character"),
        (f"{ROOT}11100000MB0143028R001.340100.1.001.\n", "check character"),
        (f"{ROOT}11100000MB0143028R001.340100.１.001.1", "serial"),
    ],
)
def test_malformed_texts_are_refused(text: str, part: str) -> None:
    with pytest.raises(IdentifierMalformed) as refused:
        parse(text)
    assert refused.value.part == part


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for candidate in (text, ROOT + text):
        try:
            parsed = parse(candidate)
        except IdentifierMalformed:
            continue
        assert parsed.text == candidate


@pytest.mark.parametrize(
    ("type_code", "issuer", "serial", "version", "part"),
    [
        ("11100000MB0143028R01", ISSUER, "1", 1, "type code"),
        (TYPE_CODE, "340100", "1", 1, "issuer"),
        (TYPE_CODE, "11990100MB9T00038F", "1", 1, "issuer"),
        (TYPE_CODE, ISSUER, "", 1, "serial"),
        (TYPE_CODE, ISSUER, "1-1", 1, "serial"),
        (TYPE_CODE, ISSUER, "1" * 33, 1, "serial"),
        (TYPE_CODE, ISSUER, "1", 0, "version"),
        (TYPE_CODE, ISSUER, "1", 1000, "version"),
    ],
)
def test_nothing_malformed_is_composed(type_code: str, issuer: str, serial: str, version: int, part: str) -> None:
    with pytest.raises(IdentifierMalformed) as refused:
        compose(type_code, issuer, serial, version)
    assert refused.value.part == part
