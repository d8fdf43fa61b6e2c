from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.numbers import construction_number, food_number, number_faults, title_number, tobacco_number
from licences.type_errors import CodePartInvalid
from tests.licences import samples


def faults(slug: str, number: str, **content: object) -> list[str]:
    asked = samples.request(slug, content, number=number)
    return [fault.code for fault in number_faults(samples.kind(slug), asked)]


def test_numbers_are_composed() -> None:
    assert title_number(province="测", year=2026, place="测试市", sequence=1) == "测(2026)测试市不动产权第0000001号"
    day = date(2026, 11, 22)
    assert construction_number(division="990101", day=day, sequence=1, work_class=1) == "990101202611220101"
    assert tobacco_number(division="990101", nature=1, sequence=1) == "990101100001"
    assert [food_number(form=form, division="990101", sequence=1) for form in (1, 2, 3)] == [
        "JY19901010000015",
        "JY29901010000018",
        "JY39901010000019",
    ]


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_the_example_of_every_type_is_sound(slug: str) -> None:
    example = samples.kind(slug).number.example
    assert [code for code in faults(slug, example) if code not in {"number.holder", "number.disagrees"}] == []


@pytest.mark.parametrize(
    "compose",
    [
        lambda: title_number(province="测", year=2026, place="测试市", sequence=10**7),
        lambda: construction_number(division="99010", day=date(2026, 1, 1), sequence=1, work_class=1),
        lambda: construction_number(division="990101", day=date(2026, 1, 1), sequence=100, work_class=1),
        lambda: construction_number(division="990101", day=date(2026, 1, 1), sequence=1, work_class=20),
        lambda: tobacco_number(division="990101", nature=3, sequence=1),
        lambda: food_number(form=4, division="990101", sequence=1),
        lambda: food_number(form=1, division="990101", sequence=0),
    ],
)
def test_nothing_malformed_is_composed(compose: Callable[[], str]) -> None:
    with pytest.raises(CodePartInvalid):
        compose()


@pytest.mark.parametrize(
    ("slug", "number", "content", "expected"),
    [
        ("real-estate-title", "测（2026）测试市不动产权第0000001号", {}, []),  # full-width brackets are as good
        ("real-estate-title", "测(2026)测试市不动产权第000001号", {}, ["number.pattern"]),
        ("real-estate-title", "测(2026)测试市不动产权第0000001号\n", {}, ["number.pattern"]),
        ("real-estate-title", "测(２０２６)测试市不动产权第0000001号", {}, ["number.pattern"]),
        ("construction-permit", "990101202611220102", {}, []),
        ("construction-permit", "990101202613220101", {}, ["number.date"]),
        ("construction-permit", "990101202611220120", {}, ["number.pattern"]),
        ("construction-permit", "[2018]施[朝]建字0072号", {}, ["number.pattern"]),
        ("business-licence", "91990101MA9T00018H", {}, ["code.uscc_check", "number.holder"]),
        ("business-licence", "92990101MA9T000268", {}, ["number.holder"]),
        ("tobacco-retail-permit", "990101200001", {}, ["number.disagrees"]),
        ("tobacco-retail-permit", "990101200001", {"nature": "企业"}, []),
        ("tobacco-retail-permit", "990101300001", {}, ["number.pattern"]),
        ("food-business-permit", "JY29901010000019", {}, ["number.check"]),
        ("food-business-permit", "JY19901010000015", {}, ["number.disagrees"]),
        ("food-business-permit", "JY19901010000015", {"business_form": "食品销售经营者"}, []),
        ("food-business-permit", "SC19901010000015", {}, ["number.pattern"]),
        ("food-business-permit", "", {}, ["number.pattern"]),
    ],
)
def test_numbers_are_judged(slug: str, number: str, content: dict[str, object], expected: list[str]) -> None:
    assert faults(slug, number, **content) == expected


@given(st.integers(1, 3), st.integers(1, 999_999), st.integers(2, 15), st.sampled_from("0123456789"))
def test_any_changed_digit_of_a_food_number_is_found(form: int, sequence: int, place: int, digit: str) -> None:
    number = food_number(form=form, division="990101", sequence=sequence)
    changed = number[:place] + digit + number[place + 1 :]
    found = set(faults("food-business-permit", changed)) & {"number.check"}
    assert bool(found) == (changed != number)


@given(st.text(max_size=40), st.sampled_from(samples.SLUGS))
def test_any_text_gets_an_answer(number: str, slug: str) -> None:
    asked = replace(samples.request(slug), number=number)
    for fault in number_faults(samples.kind(slug), asked):
        assert fault.field == "number"
