from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.actor import Uscc
from licences.drafts import Decision, Holder, LicenceRequest
from licences.faults import FieldFault, errors
from licences.fields import check, content_faults
from licences.holder_faults import share_of
from tests.licences import samples

Found = set[tuple[str, str]]


def found(asked: LicenceRequest, **options: Any) -> Found:
    slug = next(slug for slug in samples.SLUGS if samples.kind(slug).code == asked.type_code)
    return {(fault.field, fault.code) for fault in check(samples.kind(slug), asked, **options)}


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_the_samples_are_sound(slug: str) -> None:
    assert check(samples.kind(slug), samples.request(slug)) == []
    assert check(samples.kind(slug), samples.request(slug), today=samples.DAY) == []


SCHEMA_CASES: list[tuple[str, dict[str, Any], Found]] = [
    ("real-estate-title", {"location": None}, {("fields.location", "schema.required")}),
    ("real-estate-title", {"location": 5}, {("fields.location", "schema.type")}),
    ("real-estate-title", {"location": "测"}, {("fields.location", "schema.min_length")}),
    ("real-estate-title", {"location": "测" * 301}, {("fields.location", "schema.max_length")}),
    ("real-estate-title", {"location": "测" * 300}, set()),
    ("real-estate-title", {"unit_number": "990101001001GB00001X00010001"}, {("fields.unit_number", "schema.pattern")}),
    (
        "real-estate-title",
        {"unit_number": "990101001001GB00001F00010001\n"},
        {("fields.unit_number", "text.control")},
    ),
    ("real-estate-title", {"right_type": "所有权"}, {("fields.right_type", "schema.enum")}),
    ("real-estate-title", {"land_area": "15,200"}, {("fields.land_area", "schema.pattern")}),
    ("real-estate-title", {"land_area": 15200.5}, {("fields.land_area", "schema.type")}),
    (
        "real-estate-title",
        {"land_area": None, "building_area": None, "land_area_kind": None},
        {("fields", "schema.any_of")},
    ),
    ("real-estate-title", {"building_area": None}, set()),
    ("real-estate-title", {"right_term_to": None}, {("fields.right_term_to", "schema.required")}),
    ("real-estate-title", {"right_term_from": "2020-02-30"}, {("fields.right_term_from", "schema.date")}),
    ("real-estate-title", {"right_term_from": "20200101"}, {("fields.right_term_from", "schema.date")}),
    ("real-estate-title", {"right_term_from": "2020-W01-1"}, {("fields.right_term_from", "schema.date")}),
    ("real-estate-title", {"right_term_from": "2090-01-01"}, {("fields.right_term_to", "dates.order")}),
    ("real-estate-title", {"plans": samples.PLANS * 5}, {("fields.plans", "schema.max_items")}),
    (
        "real-estate-title",
        {"plans": [{"title": "图", "outlines": [{"points": [[0, 0], [1, 1]]}]}]},
        {("fields.plans[0].outlines[0].points", "schema.min_items")},
    ),
    (
        "real-estate-title",
        {"plans": [{"title": "图", "outlines": [{"points": [[0, 0], [1, True], [1.0, 2]]}]}]},
        {
            ("fields.plans[0].outlines[0].points[1][1]", "schema.type"),
            ("fields.plans[0].outlines[0].points[2][0]", "schema.type"),
        },
    ),
    ("real-estate-title", {"surprise": "x"}, {("fields.surprise", "schema.unknown")}),
    ("real-estate-title", {"张 三 990101": "x"}, {("fields.?", "schema.unknown")}),
    ("construction-permit", {"contract_days": True}, {("fields.contract_days", "schema.type")}),
    ("construction-permit", {"contract_days": 720.0}, {("fields.contract_days", "schema.type")}),
    ("construction-permit", {"contract_days": 0}, {("fields.contract_days", "schema.minimum")}),
    ("construction-permit", {"contract_days": 40000}, {("fields.contract_days", "schema.maximum")}),
    ("construction-permit", {"contract_days": None}, set()),
    (
        "construction-permit",
        {"contract_days": None, "contract_from": None, "contract_to": None},
        {("fields", "schema.any_of")},
    ),
    ("construction-permit", {"construction_units": None}, {("fields", "schema.any_of")}),
    (
        "construction-permit",
        {"construction_units": [{"name": "测试一建有限公司", "uscc": "91990101MA9T00018H"}]},
        {("fields.construction_units[0].uscc", "code.uscc_check")},
    ),
    (
        "construction-permit",
        {"construction_lead": {"name": "孙测试", "id": "990101199001010018"}},
        {("fields.construction_lead.id", "code.citizen_id_check")},
    ),
    ("construction-permit", {"construction_lead": {"name": "孙测试", "id": "E12345678", "id_type": "414"}}, set()),
    ("business-licence", {"capital": None}, {("fields.capital", "schema.required")}),
    (
        "business-licence",
        {"kind": "个体工商户"},
        {("fields.capital", "schema.not_allowed"), ("fields.composition", "schema.required")},
    ),
    ("business-licence", {"kind": "个体工商户", "capital": None, "composition": "个人经营"}, set()),
    ("business-licence", {"kind": "合伙企业", "delegate": "王测试"}, set()),
    ("business-licence", {"delegate": "王测试"}, {("fields.delegate", "schema.not_allowed")}),
    ("business-licence", {"kind": "分支机构"}, {("fields.capital", "schema.not_allowed")}),
    ("business-licence", {"kind": "分支机构", "capital": None}, set()),
    ("business-licence", {"kind": "社团"}, {("fields.kind", "schema.enum")}),
    ("business-licence", {"scope": "测" * 3000}, set()),
    ("business-licence", {"scope": "测" * 3001}, {("fields.scope", "schema.max_length")}),
    ("tobacco-retail-permit", {"scope": []}, {("fields.scope", "schema.min_items")}),
    ("tobacco-retail-permit", {"scope": ["卷烟零售", "卷烟零售"]}, {("fields.scope", "schema.unique")}),
    ("tobacco-retail-permit", {"scope": "卷烟零售"}, {("fields.scope", "schema.type")}),
    ("tobacco-retail-permit", {"id_number": "990101199001010018"}, {("fields.id_number", "code.citizen_id_check")}),
    ("tobacco-retail-permit", {"enterprise_name": "另一家测试店"}, {("fields.enterprise_name", "holders.name")}),
    ("food-business-permit", {"hotline": "12315转1"}, {("fields.hotline", "schema.pattern")}),
]


@pytest.mark.parametrize(("slug", "changes", "expected"), SCHEMA_CASES)
def test_content_is_judged(slug: str, changes: dict[str, Any], expected: Found) -> None:
    assert found(samples.request(slug, changes)) == expected


P, Q = samples.PERSON, samples.SECOND_PERSON


def shares(*texts: str | None) -> tuple[Holder, ...]:
    codes = (P.code, Q.code, "990101201806010032")
    return tuple(Holder(f"人{position}测试", codes[position], "111", share=text) for position, text in enumerate(texts))


ESTATE_CASES: list[tuple[str, tuple[Holder, ...], Found]] = [
    ("单独所有", (P,), set()),
    ("单独所有", (P, Q), {("holders", "holders.count")}),
    ("单独所有", (), {("holders", "holders.count")}),
    ("共同共有", (P,), {("holders", "holders.count")}),
    ("共同共有", shares("50", "50"), {("holders[0].share", "holders.share"), ("holders[1].share", "holders.share")}),
    ("按份共有", shares("50", "50"), set()),
    ("按份共有", shares("33.33", "33.33", "33.34"), set()),
    ("按份共有", shares("1/3", "1/3", "1/3"), set()),
    ("按份共有", shares("33.33", "33.33", "33.33"), {("holders", "holders.shares")}),
    ("按份共有", shares("60", "50"), {("holders", "holders.shares")}),
    ("按份共有", shares("60", None), {("holders[1].share", "holders.share")}),
    ("按份共有", shares("60", "40%"), {("holders[1].share", "holders.share")}),
    ("按份共有", shares("100", "0"), {("holders[1].share", "holders.share")}),
    ("按份共有", shares("1/2", "1/0"), {("holders[1].share", "holders.share")}),
    ("共同共有", (P, P), {("holders[1]", "holders.repeated")}),
    ("共同共有", (P, replace(Q, code="990101198506150021")), {("holders[1].code", "code.citizen_id_check")}),
    ("共同共有", (P, replace(Q, code="990101650404001")), {("holders[1].code", "code.citizen_id_old")}),
    ("共同共有", (P, replace(Q, code="")), {("holders[1].code", "schema.required")}),
    ("共同共有", (P, replace(Q, name=" ")), {("holders[1].name", "schema.required")}),
    ("共同共有", (P, replace(Q, name="李\u200b测试")), {("holders[1].name", "text.invisible")}),
    ("共同共有", (P, replace(Q, name="李\ue123测试")), {("holders[1].name", "text.private_use")}),
    ("共同共有", (P, replace(Q, role="tenant")), {("holders[1].role", "holders.role")}),
    ("共同共有", (P, Holder("外国测试人", "E12345678", "414")), set()),
    ("共同共有", (P, Holder("某测试", "X1", "777")), {("holders[1].code_type", "holders.code_type")}),
]


@pytest.mark.parametrize(("ownership", "holders", "expected"), ESTATE_CASES)
def test_holders_are_judged(ownership: str, holders: tuple[Holder, ...], expected: Found) -> None:
    asked = samples.request("real-estate-title", {"co_ownership": ownership}, holders=holders)
    assert found(asked) == expected


@pytest.mark.parametrize(
    ("slug", "changes", "expected"),
    [
        ("real-estate-title", {"valid_until": samples.LAST_DAY}, {("valid_until", "dates.no_term")}),
        ("food-business-permit", {"valid_until": None}, {("valid_until", "dates.term_missing")}),
        ("food-business-permit", {"valid_until": date(2031, 11, 22)}, set()),
        ("food-business-permit", {"valid_until": date(2031, 11, 23)}, {("valid_until", "dates.too_long")}),
        ("food-business-permit", {"valid_until": date(2026, 11, 21)}, {("valid_until", "dates.order")}),
        (
            "food-business-permit",
            {"valid_from": date(2027, 1, 1), "valid_until": date(2026, 12, 31)},
            {("valid_until", "dates.order")},
        ),
        (
            "tobacco-retail-permit",
            {"issue_date": date(2024, 2, 29), "valid_from": date(2024, 2, 29), "valid_until": date(2029, 3, 1)},
            set(),
        ),
        ("business-licence", {"valid_until": date(2099, 1, 1)}, set()),
        ("business-licence", {"issue_date": date(1900, 1, 1)}, {("issue_date", "dates.early")}),
        ("business-licence", {"issue_date": date(2026, 11, 23)}, {("issue_date", "dates.future")}),
        ("business-licence", {"issuer": Uscc("11990100MB9T00038F")}, {("issuer", "code.uscc_check")}),
        ("business-licence", {"business_number": ""}, {("business_number", "schema.required")}),
        ("business-licence", {"business_number": "1" * 101}, {("business_number", "schema.max_length")}),
        (
            "business-licence",
            {"decision": Decision("测市监许〔2026〕1号", "官员测试", "", "x\t")},
            {("decision.case", "schema.required"), ("decision.item", "text.control")},
        ),
        (
            "business-licence",
            {"holders": (P,)},
            {("holders[0].code_type", "holders.code_type"), ("number", "number.holder")},
        ),
    ],
)
def test_metadata_are_judged(slug: str, changes: dict[str, Any], expected: Found) -> None:
    assert found(samples.request(slug, **changes), today=samples.DAY) == expected


def test_another_types_request_is_refused() -> None:
    asked = samples.request("food-business-permit")
    faults = check(samples.kind("food-business-permit"), replace(asked, type_code="11100000MB0143028R001"))
    assert [fault.code for fault in faults] == ["type.mismatch"]


def test_all_faults_come_at_once() -> None:
    asked = samples.request(
        "tobacco-retail-permit",
        {"premises": None, "nature": "公司", "id_number": 5},
        number="1",
        issuer=Uscc("x"),
        holders=(),
        valid_until=date(2020, 1, 1),
        business_number="",
    )
    assert found(asked) == {
        ("issuer", "code.uscc_format"),
        ("number", "number.pattern"),
        ("holders", "holders.count"),
        ("valid_until", "dates.order"),
        ("business_number", "schema.required"),
        ("fields.premises", "schema.required"),
        ("fields.nature", "schema.enum"),
        ("fields.id_number", "schema.type"),
    }


def test_stock_is_only_warned_about() -> None:
    asked = samples.request(
        "construction-permit",
        number="[2018]施[朝]建字0072号",
        holders=(Holder("测试公司", "", "001"),),
        issue_date=date(1900, 1, 1),
    )
    strict = check(samples.kind("construction-permit"), asked)
    stock = check(samples.kind("construction-permit"), asked, stock=True)
    assert len(strict) == len(stock)
    assert {fault.code for fault in errors(strict)} == {"number.pattern", "schema.required", "dates.early"}
    assert errors(stock) == [fault for fault in strict if fault.code == "schema.required"]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("50", "1/2"),
        ("100", "1"),
        ("0.5", "1/200"),
        ("1/3", "1/3"),
        ("0", None),
        ("101", None),
        ("3/2", None),
        ("", None),
    ],
)
def test_shares_are_read(text: str, share: str | None) -> None:
    assert (str(share_of(text)) if share_of(text) is not None else None) == share


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(samples.SLUGS), st.data())
def test_any_json_as_content_gets_faults_and_nothing_else(slug: str, data: st.DataObject) -> None:
    content = samples.fields(slug)
    key = data.draw(st.sampled_from(sorted(content)))
    content[key] = data.draw(json_values)
    for fault in content_faults(samples.kind(slug), content):
        assert fault.field.startswith("fields")
        assert fault.zh
        assert fault.en
    assert errors(content_faults(samples.kind(slug), data.draw(json_values)))


SECRET = "不可外泄的内容990101199001010018"


@given(st.sampled_from(samples.SLUGS), st.data())
def test_no_message_repeats_a_value(slug: str, data: st.DataObject) -> None:
    content: dict[str, Any] = samples.fields(slug)
    for key in data.draw(st.sets(st.sampled_from(sorted(content)), min_size=1)):
        content[key] = data.draw(st.sampled_from([SECRET, [SECRET], {SECRET: SECRET}, SECRET * 300]))
    content[SECRET] = SECRET
    asked = samples.request(
        slug, number=SECRET, holders=(Holder(SECRET + "\x00", SECRET, "001"),), business_number=SECRET * 9
    )
    faults: list[FieldFault] = check(samples.kind(slug), replace(asked, fields=content))
    assert faults
    for fault in faults:
        assert SECRET not in fault.zh + fault.en + fault.field
