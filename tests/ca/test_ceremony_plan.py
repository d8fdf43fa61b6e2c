from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.ceremonies import plan_yaml
from ca.ceremonies.plan import CeremonyPlan, load_plan
from ca.errors import PlanFault, PlanInvalid
from tests.ca.house import PLAN

TEXT = PLAN.read_text()


def faults(text: str) -> tuple[PlanFault, ...]:
    with pytest.raises(PlanInvalid) as caught:
        load_plan(text)
    for fault in caught.value.faults:
        assert fault.zh
        assert fault.en
        assert fault.en.isascii()
    return caught.value.faults


def test_the_demonstration_city() -> None:
    plan = load_plan(TEXT)
    assert [seal.id for seal in plan.seals] == ["real-estate", "housing", "market", "tobacco"]
    types = {licence_type for seal in plan.seals for licence_type in seal.licence_types}
    assert types == {
        "real-estate-title",
        "construction-permit",
        "business-licence",
        "tobacco-retail-permit",
        "food-business-permit",
    }
    estate = plan.seals[0]
    assert (estate.kind, estate.diameter_mm, estate.bottom_text) == (6, 42, "不动产登记专用章")
    assert plan.log.origin == "elicence.test/log"
    assert all("测试" in seal.organisation and "测试" in seal.seal_name for seal in plan.seals)


def test_a_plan_survives_the_json_that_a_ceremony_keeps() -> None:
    plan = load_plan(TEXT)
    assert CeremonyPlan.model_validate_json(plan.model_dump_json()) == plan


def test_what_may_be_left_out() -> None:
    head, _, rest = TEXT.partition("national:\n")
    log, _, seals = rest[rest.index("log:") :].partition("trust:\n")
    plan = load_plan(head + log + seals[seals.index("seals:") :])
    assert (plan.status.years, plan.receipt.years, plan.trust.days, plan.ocsp.years) == (10, 10, 366, 2)
    assert plan.national is None
    assert plan.keys.place("seals") == "folder"
    assert plan.keys.limit("seals") is None


def test_a_plan_of_an_earlier_release_has_a_maker_of_seals_all_the_same() -> None:
    maker = TEXT[TEXT.index("  # Signs the departments'") : TEXT.index("ocsp:\n")]
    national = load_plan(TEXT.replace(maker, "")).national
    assert national is not None
    assert (national.seal_maker.name, national.seal_maker.years) == ("电子印章制作 M1", 10)
    assert load_plan(TEXT.replace("ocsp:\n", "ocsp:\n", 1)).keys.limit("seal_maker") is None


def test_kinds_of_keys_may_lie_on_a_token_and_be_limited() -> None:
    keys = "keys:\n  store: token\n  seals: folder\n  limits: {timestamp: 100000000}\n"
    plan = load_plan(TEXT[: TEXT.index("keys:\n")] + keys + TEXT[TEXT.index("seals:\n  - id") :])
    assert (plan.keys.place("seals"), plan.keys.place("authorities")) == ("folder", "token")
    assert (plan.keys.limit("timestamp"), plan.keys.limit("seals")) == (100_000_000, None)


def test_what_stands_on_a_seal_may_be_said_or_left_to_its_kind() -> None:
    plan = load_plan(
        TEXT.replace("kind: 6\n", "kind: 5\n    ring_text: 测试人甲\n").replace("    diameter_mm: 42\n", "")
    )
    assert (plan.seals[0].kind, plan.seals[0].ring_text, plan.seals[0].diameter_mm) == (5, "测试人甲", None)
    assert plan.seals[1].ring_text is None


def line_of(text: str) -> int:
    return TEXT[: TEXT.index(text)].count("\n") + 1


CHANGES = {
    "base_url": ("http://127.0.0.1:8000", "http://127.0.0.1:8000/"),
    "root.years": ("years: 20", "years: 41"),
    "root.algorithm": ("algorithm: ES256", "algorithm: RS1"),
    "authorities.seals.name": ("测试市电子印章签发 CA1", '"测试\\x1b市"'),
    "authorities.persons.name": ("测试市人员证书签发 CA1", "测" * 53),
    "national.root.years": ("国密根证书 G1\n    years: 20", "国密根证书 G1\n    years: 41"),
    "ocsp.years": ("ocsp:\n  years: 2", "ocsp:\n  years: 6"),
    "keys.store": ("store: folder", "store: drawer"),
    "tsa.policy": ("2.999.3161.1", "9.999"),
    "status.years": ("years: 5", "years: five"),
    "log.origin": ("elicence.test/log", "https://elicence.test/log"),
    "trust.days": ("days: 366", "days: 0"),
    "seals[0].id": ("id: real-estate", "id: Real_Estate"),
    "seals[0].code": ("99010000000001", "9901000000000"),
    "seals[0].uscc": ("11990100MB9T00011N", "11990100MB9T00011M"),
    "seals[0].organisation": ("organisation: 测试市自然资源和规划局", "organisation: " + "测" * 47),
    "seals[0].seal_name": ("测试市自然资源和规划局不动产登记专用章", "测" * 65),
    "seals[0].kind": ("kind: 6", "kind: 7"),
    "seals[0].diameter_mm": ("diameter_mm: 42", "diameter_mm: 4.2"),
    "seals[0].licence_types[0]": ("[real-estate-title]", "[real estate]"),
}


@pytest.mark.parametrize(("field", "change"), CHANGES.items(), ids=CHANGES.keys())
def test_a_fault_is_told_with_its_line_and_field(field: str, change: tuple[str, str]) -> None:
    old, new = change
    assert old in TEXT
    found = faults(TEXT.replace(old, new, 1))
    assert [(fault.line, fault.field) for fault in found] == [(line_of(old) + old.count("\n"), field)]


def test_all_faults_are_told_at_once() -> None:
    text = TEXT
    for old, new in CHANGES.values():
        text = text.replace(old, new, 1)
    assert {fault.field for fault in faults(text)} == set(CHANGES)
    with pytest.raises(PlanInvalid) as caught:
        load_plan(text)
    message = caught.value.message("zh")
    assert f"共 {len(CHANGES)} 处" in message
    line = line_of("years: 20")
    assert f"第 {line} 行 root.years：不得大于 40" in message
    assert f"line {line}, root.years: must be at most 40" in caught.value.message("en")


def test_values_are_not_repeated() -> None:
    with pytest.raises(PlanInvalid) as caught:
        load_plan(TEXT.replace("years: 20", "years: my-passphrase", 1))
    assert "my-passphrase" not in caught.value.message("en") + caught.value.message("zh") + repr(caught.value)


def test_missing_and_unknown_members() -> None:
    found = {fault.field: fault for fault in faults(TEXT.replace("origin:", "orgin:"))}
    assert set(found) == {"log.origin", "log.orgin"}
    assert found["log.orgin"].line == line_of("origin:")
    assert found["log.origin"].line == line_of("log:")


RELATIONS = {
    "seals[1].code": TEXT.replace("99010000000002", "99010000000001"),
    "seals[2].id": TEXT.replace("id: market", "id: housing"),
    "authorities.seals.years": TEXT.replace("years: 15", "years: 21", 1),
    "national.authorities.systems.years": TEXT.replace(
        "国密签发 CA1\n      years: 15\n  tsa", "国密签发 CA1\n      years: 21\n  tsa"
    ),
    "national.tsa.years": TEXT.replace("国密时间戳服务 T1\n    years: 15", "国密时间戳服务 T1\n    years: 21"),
    "trust.years": TEXT.replace("years: 20", "years: 16", 1).replace("L1\n  years: 10", "L1\n  years: 17"),
    "trust.days": TEXT.replace("days: 366", "days: 733"),
    "tsa.years": TEXT.replace("时间戳服务 T1\n  years: 15", "时间戳服务 T1\n  years: 21"),
    "seals[3].years": TEXT.replace("[tobacco-retail-permit]\n    years: 10", "[tobacco-retail-permit]\n    years: 16"),
    "seals[0].kind": TEXT.replace("kind: 6", "kind: 5"),
    "receipt.years": TEXT.replace("V1\n  years: 10", "V1\n  years: 16"),
    "national.seal_maker.years": TEXT.replace("M1\n    years: 10", "M1\n    years: 16"),
    "seals[0].id": TEXT.replace("id: real-estate", "id: maker"),
    "seals[2].id ": TEXT.replace("id: market", "id: maker-2"),
}


@pytest.mark.parametrize(("field", "text"), RELATIONS.items(), ids=RELATIONS.keys())
def test_members_must_fit_each_other(field: str, text: str) -> None:
    assert text != TEXT
    assert [fault.field for fault in faults(text)] == [field.strip()]


BAD_FILES = {
    "empty": "",
    "only a comment": "# nothing",
    "a word": "hello",
    "a list": "- a",
    "not YAML": "a: [",
    "a tab": "a:\n\t- b",
    "control characters": "a: \x00",
    "two documents": "a: 1\n---\nb: 2",
    "an alias": "a: &x [1]\nb: *x",
    "deep": "[" * 50 + "]" * 50,
    "too large": "#" * 300_000,
    "repeated": "a: 1\na: 2",
    "a list as a key": "? [a]\n: b",
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_files_that_are_no_plan(text: str) -> None:
    assert faults(text)


def test_a_repeated_member_is_told() -> None:
    assert [(one.line, one.field) for one in faults("root:\n  name: a\n  name: b\n")] == [(3, "root.name")]


def test_scalars_are_taken_as_written() -> None:
    assert plan_yaml.load("a: 0010\nb: no\nc: ~").value == {"a": "0010", "b": "no", "c": "~"}


@pytest.mark.parametrize("member", ["seals: x", "seals: [x, {id: [1]}]", "root: [1]", "seals: []", "seals: [{}]"])
def test_members_of_other_types(member: str) -> None:
    assert faults(member)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_mutated_plans_are_read_or_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TEXT)))
    length = data.draw(st.integers(0, 5))
    inserted = data.draw(st.text(alphabet=st.sampled_from("ab1:-[]{}&*!|>%@`\"'#\n\t ,\\测\x85"), max_size=6))
    with suppress(PlanInvalid):
        assert load_plan(TEXT[:position] + inserted + TEXT[position + length :]).seals
