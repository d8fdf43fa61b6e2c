from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.codes import (
    CodeFault,
    citizen_id_check_digit,
    citizen_id_faults,
    code_faults,
    food_check_digit,
    is_uscc,
    organisation_check_character,
    upgrade_citizen_id,
    uscc_check_character,
    uscc_faults,
)
from licences.type_errors import CodePartInvalid

USCC_LETTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"

# Five codes of real public bodies (they stand in identifiers seen in public), then the synthetic ones.
SOUND_USCCS: Final = (
    "11100000000013338W",
    "11100000MB03271699",
    "11100000MB0143028R",
    "11220000013544541J",
    "11330105002500287C",
    "91990101MA9T00018G",
    "92990101MA9T000268",
    "11990100MB9T00011N",
    "11990100MB9T0002XE",
    "11990100MB9T001850",
)


def codes(faults: list[CodeFault]) -> list[str]:
    return [fault.code for fault in faults]


@pytest.mark.parametrize("code", SOUND_USCCS)
def test_a_sound_uscc_passes_both_checks(code: str) -> None:
    assert uscc_faults(code) == []
    assert organisation_check_character(code[8:16]) == code[16]


@pytest.mark.parametrize("first", "ANY")
def test_departments_a_n_and_y_are_allowed(first: str) -> None:
    body = first + "1990100MB9T00011"
    assert uscc_faults(body + uscc_check_character(body)) == []


@pytest.mark.parametrize(
    "code",
    [
        "",
        "9199010",
        "91990101MA9T00018G ",
        "91990101ma9t00018g",
        "91990101IA9T00018G",
        "９１990101MA9T00018G",
        "1" * 19,
    ],
)
def test_a_malformed_uscc_is_one_fault(code: str) -> None:
    assert codes(uscc_faults(code)) == ["code.uscc_format"]
    assert not is_uscc(code)


def test_the_inner_check_only_warns() -> None:
    body = "91990101MA9T00010"  # the organisation code should end in 8
    code = body + uscc_check_character(body)
    (fault,) = uscc_faults(code)
    assert (fault.code, fault.severity) == ("code.uscc_inner_check", "warning")
    assert is_uscc(code)


@given(st.sampled_from(SOUND_USCCS), st.integers(2, 17), st.sampled_from(USCC_LETTERS))
def test_any_changed_character_of_a_uscc_is_found(code: str, position: int, letter: str) -> None:
    changed = code[:position] + letter + code[position + 1 :]
    assert (changed == code) == is_uscc(changed)


@pytest.mark.parametrize(
    "code",
    [
        "990101199001010019",
        "990101198506150020",
        "990101201806010032",
        "990101196504040013",
        "810000199408230021",  # 港澳台 residents have 81, 82, 83 in front, which python-stdnum refuses
    ],
)
def test_a_sound_citizen_id_passes(code: str) -> None:
    assert citizen_id_faults(code) == []


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("990101199001010018", "code.citizen_id_check"),
        ("99010119900101001x", "code.citizen_id_format"),
        ("99010119900101001", "code.citizen_id_format"),
        ("９９0101199001010019", "code.citizen_id_format"),
        ("990101199002300019", "code.citizen_id_date"),
        ("990101000001010019", "code.citizen_id_date"),
        ("990101650404001", "code.citizen_id_old"),
        ("", "code.citizen_id_format"),
    ],
)
def test_a_wrong_citizen_id_is_named(code: str, fault: str) -> None:
    assert codes(citizen_id_faults(code)) == [fault]


@given(st.integers(0, 16), st.sampled_from("0123456789"))
def test_any_changed_digit_of_a_citizen_id_is_found(position: int, digit: str) -> None:
    code = "990101199001010019"
    changed = code[:position] + digit + code[position + 1 :]
    assert (changed == code) == (citizen_id_faults(changed) == [])


def test_an_old_id_is_upgraded() -> None:
    assert upgrade_citizen_id("990101650404001") == "990101196504040013"
    with pytest.raises(CodePartInvalid):
        upgrade_citizen_id("990101196504040013")


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_a_citizen_id_check_digit_satisfies_the_standard(body: str) -> None:
    # ISO 7064 MOD 11-2, straight from its definition.
    digits = [int(digit) for digit in body]
    check = citizen_id_check_digit(body)
    value = 10 if check == "X" else int(check)
    assert (sum(digit * 2 ** (17 - place) for place, digit in enumerate(digits)) + value) % 11 == 1


@pytest.mark.parametrize("number", ["19901010000015", "29901010000018", "39901010000019"])
def test_food_numbers(number: str) -> None:
    assert food_check_digit(number[:-1]) == number[-1]


@pytest.mark.parametrize(
    ("code_type", "code", "faults"),
    [
        ("001", "91990101MA9T00018G", []),
        ("111", "990101199001010019", []),
        ("414", "E12345678", []),
        ("114", "军字第（测试）001-号", []),
        ("414", "E1234'; --", ["code.characters"]),
    ],
)
def test_a_code_is_judged_by_its_type(code_type: str, code: str, faults: list[str]) -> None:
    assert codes(code_faults(code_type, code)) == faults


@given(st.text(max_size=30), st.sampled_from(["001", "111", "414", "999"]))
def test_any_text_gets_an_answer_that_does_not_repeat_it(text: str, code_type: str) -> None:
    for fault in code_faults(code_type, text):
        assert len(text) < 4 or (text not in fault.zh and text not in fault.en)
