from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.catalogue import Catalogue
from licences.codes import uscc_check_character
from licences.drafts import JSON, Decision
from licences.faults import errors
from licences.request_reader import read_request
from tests.licences import samples

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize("slug", samples.SLUGS)
def test_a_sound_envelope_becomes_the_request(slug: str) -> None:
    request, faults = read_request(samples.envelope(slug), CATALOGUE)
    assert faults == []
    assert request == samples.request(slug)


def test_a_type_may_be_given_by_its_code() -> None:
    request, _ = read_request(samples.envelope("business-licence", type="11100000MB0143028R001"), CATALOGUE)
    assert request == samples.request("business-licence")


def test_optional_members_are_read() -> None:
    decision = {"number": "测市监许〔2026〕1号", "officer": "o1", "case": "C1", "item": "I1"}
    envelope = samples.envelope("business-licence", valid_from="2026-12-01", valid_until=None, decision=decision)
    request, faults = read_request(envelope, CATALOGUE)
    assert faults == []
    assert request is not None
    assert (request.valid_from, request.valid_until) == (date(2026, 12, 1), None)
    assert request.decision == Decision("测市监许〔2026〕1号", "o1", "C1", "I1")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": "nothing"}, {("type", "types.unknown")}),
        ({"type": ...}, {("type", "schema.required")}),
        ({"surprise": 1}, {("surprise", "schema.unknown")}),
        ({"issue_date": "2026-11-31"}, {("issue_date", "schema.date")}),
        ({"issue_date": "20261122"}, {("issue_date", "schema.date")}),
        ({"issue_date": None}, {("issue_date", "schema.type")}),
        ({"holders": {}}, {("holders", "schema.type")}),
        ({"holders": [{"name": "张测试"}]}, {("holders[0].code", "schema.required"), ("holders[0].code_type", "schema.required")}),
        ({"decision": {"number": "1"}}, {(f"decision.{name}", "schema.required") for name in ("officer", "case", "item")}),
        ({"number": 1, "fields": {"kind": 5}}, {("number", "schema.type"), ("fields.kind", "schema.enum"), *(
            (f"fields.{name}", "schema.required") for name in ("entity_type", "head", "place", "established", "scope")
        )}),
    ],
)  # fmt: skip
def test_a_broken_envelope_is_described(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    request, faults = read_request(samples.envelope("business-licence", **changes), CATALOGUE)
    assert request is None
    assert {(fault.field, fault.code) for fault in faults} == expected


def test_a_warning_does_not_stop_a_request() -> None:
    body = "91990101MA9T00010"
    code = body + uscc_check_character(body)
    holders = [{"name": "测试公司", "code": code, "code_type": "001"}]
    request, faults = read_request(samples.envelope("business-licence", number=code, holders=holders), CATALOGUE)
    assert request is not None
    assert {fault.severity for fault in faults} == {"warning"}


def test_stock_is_taken_in_with_warnings() -> None:
    envelope = samples.envelope("construction-permit", number="[2018]施[朝]建字0072号")
    assert read_request(envelope, CATALOGUE)[0] is None
    assert read_request(envelope, CATALOGUE, stock=True)[0] is not None


def test_the_future_is_refused_when_today_is_known() -> None:
    envelope = samples.envelope("business-licence", issue_date="2026-11-23")
    assert read_request(envelope, CATALOGUE)[0] is not None
    assert read_request(envelope, CATALOGUE, today=samples.DAY)[0] is None


def test_deep_nesting_is_refused_without_descending() -> None:
    deep: JSON = "x"
    for _ in range(100_000):
        deep = [deep]
    envelope = samples.envelope("business-licence")
    envelope["fields"]["scope"] = deep
    _, faults = read_request(envelope, CATALOGUE)
    assert [fault.code for fault in faults] == ["schema.depth"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(st.sampled_from(samples.SLUGS), st.data())
def test_any_json_is_answered(slug: str, data: st.DataObject) -> None:
    envelope = samples.envelope(slug)
    for key in data.draw(st.sets(st.sampled_from(sorted(envelope)), min_size=1, max_size=3)):
        envelope[key] = data.draw(json_values)
    for value in (envelope, data.draw(json_values)):
        request, faults = read_request(value, CATALOGUE)
        assert (request is None) == bool(errors(faults))
