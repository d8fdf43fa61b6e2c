from dataclasses import replace

import pytest

from licences import blind_index
from licences.drafts import LicenceRequest
from tests.licences import samples
from tests.seals.register import wrapper

REQUEST = samples.request("real-estate-title")


def content(request: LicenceRequest) -> bytes:
    return blind_index.content_index(wrapper(), request)


@pytest.mark.parametrize("number", ["测(2026)测试市不动产权第0000001号", "测（2026）测试市 不动产权第０００0001号 "])
def test_spellings_of_one_number(number: str) -> None:
    assert blind_index.number_index(wrapper(), number) == blind_index.number_index(wrapper(), REQUEST.number)


def test_other_numbers_and_purposes_have_other_indexes() -> None:
    made = [
        blind_index.number_index(wrapper(), "1"),
        blind_index.number_index(wrapper(), "2"),
        blind_index.business_index(wrapper(), "1"),
        blind_index.business_index(wrapper(), " 1"),
        blind_index.holder_index(wrapper(), "111", "1"),
        blind_index.holder_index(wrapper(), "001", "1"),
    ]
    assert len(set(made)) == len(made)
    assert {(index[0], len(index)) for index in made} == {(1, 33)}


def test_a_code_is_found_in_either_case() -> None:
    lower, upper = (
        blind_index.holder_index(wrapper(), "111", code) for code in ("44010119900101001x", "44010119900101001X")
    )
    assert lower == upper


def test_content_is_the_same_whatever_case_it_comes_from() -> None:
    reordered = dict(reversed(list(REQUEST.fields.items())))
    same = replace(REQUEST, business_number="another", fields=reordered, decision=None)
    assert content(same) == content(REQUEST)


@pytest.mark.parametrize(
    "changed",
    [
        samples.request("real-estate-title", {"use": "商业"}),
        samples.request("real-estate-title", number="测(2026)测试市不动产权第0000002号"),
        samples.request("real-estate-title", holders=REQUEST.holders[::-1]),
        samples.request("real-estate-title", holders=(replace(REQUEST.holders[0], share="50"), REQUEST.holders[1])),
        samples.request("real-estate-title", issue_date=samples.LAST_DAY),
        samples.request("real-estate-title", valid_until=samples.LAST_DAY),
        samples.request("real-estate-title", issuer="11990100MB9T0002XE"),
    ],
)
def test_any_other_content_is_another(changed: LicenceRequest) -> None:
    assert content(changed) != content(REQUEST)
