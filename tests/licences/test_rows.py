from datetime import date
from pathlib import Path

import pytest

from licences.codes import uscc_check_character
from licences.drafts import Decision, Holder
from licences.rows import read_rows
from licences.type_errors import TypeUnknown
from tests.licences.row_files import (
    BUSINESS,
    CATALOGUE,
    CONSTRUCTION,
    TITLE,
    csv_text,
    faults_of,
    json_lines,
    one,
    read,
    request_of,
)


@pytest.fixture
def csv_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


@pytest.fixture
def json_file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_a_row_becomes_a_request(csv_file: Path) -> None:
    decision = {
        "decision_number": "测市监〔2026〕1号",
        "decision_officer": "07",
        "decision_case": "C1",
        "decision_item": "I1",
    }
    request = request_of(csv_file, BUSINESS | decision)
    assert request.type_code == CATALOGUE.type("business-licence").code
    assert request.holders == (Holder(BUSINESS["holder_1_name"], BUSINESS["holder_1_code"], "001"),)
    assert (request.issue_date, request.valid_from, request.valid_until) == (
        date(2026, 11, 20),
        date(2026, 11, 20),
        None,
    )
    assert request.fields == {
        key: BUSINESS[key] for key in BUSINESS.keys() & CATALOGUE.type("business-licence").properties
    }
    assert request.decision == Decision("测市监〔2026〕1号", "07", "C1", "I1")
    assert request.business_number == "SDJ-1"


def test_holders_keep_their_order_and_shares(csv_file: Path) -> None:
    holders = request_of(csv_file, TITLE).holders
    assert [(holder.name, holder.share) for holder in holders] == [("王堃（测试）", "50"), ("李伟（测试）", "1/2")]


@pytest.mark.parametrize("name", ["business-licence", "11100000MB0143028R001", "营业执照"])
def test_a_type_by_its_three_names(csv_file: Path, name: str) -> None:
    assert request_of(csv_file, BUSINESS | {"type": name}) == request_of(csv_file, BUSINESS)


def test_the_default_type_is_for_rows_that_name_none(csv_file: Path) -> None:
    untyped = {key: value for key, value in BUSINESS.items() if key != "type"}
    assert request_of(csv_file, untyped, "business-licence") == request_of(csv_file, BUSINESS)
    assert request_of(csv_file, BUSINESS | {"type": ""}, "business-licence") == request_of(csv_file, BUSINESS)
    assert request_of(csv_file, BUSINESS, "food-business-permit") == request_of(csv_file, BUSINESS)
    with pytest.raises(TypeUnknown):
        read_rows(csv_file, CATALOGUE, default_type="no-such-type")


@pytest.mark.parametrize("cell", ["2026-03-02", "20260302", "2026年3月2日", "2026年03月02日"])
def test_forms_of_a_day(csv_file: Path, cell: str) -> None:
    request = request_of(csv_file, BUSINESS | {"issue_date": cell, "valid_until": cell, "established": cell})
    assert request.issue_date == request.valid_until == date(2026, 3, 2)
    assert request.fields["established"] == "2026-03-02"


@pytest.mark.parametrize("cell", ["", "长期"])
def test_no_end_of_validity(csv_file: Path, cell: str) -> None:
    assert request_of(csv_file, BUSINESS | {"valid_until": cell}).valid_until is None


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "20260230", "2026年2月30日", "2026/2/3", "26-2-3", "46000", "2026-2-3", " 2026-02-03"]
)
def test_days_that_are_none(csv_file: Path, cell: str) -> None:
    row = one(csv_file, csv_text(BUSINESS | {"issue_date": cell, "established": cell}))
    assert row.request is None
    assert faults_of(row) == {("issue_date", "schema.date"), ("fields.established", "schema.date")}


def test_numbers_lists_and_objects(csv_file: Path) -> None:
    fields = request_of(csv_file, CONSTRUCTION).fields
    assert fields["contract_days"] == 300
    assert fields["contract_price"] == "100.50"
    assert fields["construction_lead"] == {"name": "王喆（测试）", "id": "990101199001010019"}
    assert fields["construction_units"] == [{"name": "测试市青松建设有限公司", "uscc": "91990101MA9T00018G"}]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("卷烟零售", ["卷烟零售"]), ("卷烟零售|雪茄烟零售", ["卷烟零售", "雪茄烟零售"]), ('["a|b", "c"]', ["a|b", "c"])],
)
def test_simple_lists(csv_file: Path, cell: str, value: list[str]) -> None:
    tobacco = {
        "type": "tobacco-retail-permit",
        "issuer": "11990100MB9T000544",
        "number": "990101100001",
        "issue_date": "2026-11-20",
        "valid_until": "2031-11-19",
        "business_number": "Y1",
        "holder_1_name": "王喆（测试）",
        "holder_1_code": "990101199001010019",
        "holder_1_code_type": "111",
        "enterprise_name": "测试市喆记店",
        "responsible_person": "王喆（测试）",
        "nature": "个体工商户",
        "premises": "测试市测试区人民路1号",
        "scope": cell,
        "suppliers": "测试市烟草公司",
    }
    assert request_of(csv_file, tobacco).fields["scope"] == value


def test_text_stays_as_it_was(csv_file: Path) -> None:
    odd = {"scope": ' "甲",\n'.strip("\n") + "乙 | 丙 ", "place": "０１２ 测试市"}
    fields = request_of(csv_file, BUSINESS | odd).fields
    assert {key: fields[key] for key in odd} == odd


FAULTS: list[tuple[dict[str, str], dict[str, str], set[tuple[str, str]]]] = [
    (BUSINESS, {"holder_1_code": ""}, {("holders[0].code", "schema.required")}),
    (BUSINESS, {"issuer": ""}, {("issuer", "schema.required")}),
    (BUSINESS, {"scope": ""}, {("fields.scope", "schema.required")}),
    (BUSINESS, {"type": ""}, {("type", "schema.required")}),
    (BUSINESS, {"type": "王喆"}, {("type", "types.unknown")}),
    (BUSINESS, {"issuer": "11990100MB9T00038A"}, {("issuer", "code.uscc_check")}),
    (BUSINESS, {"decision_number": "1"}, {("decision.officer", "schema.required"), ("decision.case", "schema.required"), ("decision.item", "schema.required")}),
    (CONSTRUCTION, {"number": "1", "issue_date": "2026-02-30"}, {("number", "number.pattern"), ("issue_date", "schema.date")}),
    (CONSTRUCTION, {"contract_days": "三百"}, {("fields.contract_days", "schema.type")}),
    (CONSTRUCTION, {"contract_days": "1.0"}, {("fields.contract_days", "schema.type")}),
    (CONSTRUCTION, {"contract_days": "9" * 5000}, {("fields.contract_days", "schema.type")}),
    (CONSTRUCTION, {"construction_lead": "王喆"}, {("fields.construction_lead", "rows.cell_json")}),
    (CONSTRUCTION, {"construction_units": "甲|乙"}, {("fields.construction_units", "rows.cell_json")}),
    (CONSTRUCTION, {"construction_units": '{"name":"甲"}'}, {("fields.construction_units", "schema.type")}),
    (CONSTRUCTION, {"construction_lead": "{" + '"name":"a",' * 2 + '"id":"b"}'}, {("fields.construction_lead", "rows.cell_json")}),
    (TITLE, {"holder_2_share": "40"}, {("holders", "holders.shares")}),
    (TITLE, {"holder_1_share": "50%"}, {("holders[0].share", "holders.share")}),
    (TITLE, {f"holder_2_{key}": "" for key in ("name", "code", "code_type", "share")}, {("holders", "holders.count"), ("holders", "holders.shares")}),
    (TITLE, {"scope": "卷烟"}, {("scope", "rows.cell_misplaced")}),
    (
        TITLE,
        {"holder_1_code": "", "number": "X", "building_area": "many", "location": "", "issue_date": "never", "co_ownership": "合伙"},
        {
            ("holders[0].code", "schema.required"),
            ("number", "number.pattern"),
            ("fields.building_area", "schema.pattern"),
            ("fields.location", "schema.required"),
            ("issue_date", "schema.date"),
            ("fields.co_ownership", "schema.enum"),
            ("holders[0].share", "holders.share"),
            ("holders[1].share", "holders.share"),
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "change", "faults"), FAULTS)
def test_faults_all_at_once(
    csv_file: Path, row: dict[str, str], change: dict[str, str], faults: set[tuple[str, str]]
) -> None:
    read_row = one(csv_file, csv_text(row | change))
    assert read_row.request is None
    assert faults_of(read_row) == faults


def test_a_holder_left_out_between_others_is_missed(csv_file: Path) -> None:
    third = {key.replace("_2_", "_3_"): value for key, value in TITLE.items()}
    row = one(csv_file, csv_text(third))
    assert {place for place, _ in faults_of(row)} >= {"holders[1].name", "holders[1].code", "holders[1].code_type"}


def test_a_warning_stops_nothing(csv_file: Path) -> None:
    # The inner check of the organisation code fails, as some real codes do; the outer one holds.
    wrong = "91990101MA9T00017"
    code = wrong + uscc_check_character(wrong)
    row = one(csv_file, csv_text(BUSINESS | {"number": code, "holder_1_code": code}))
    assert row.request is not None
    assert faults_of(row) == {("number", "code.uscc_inner_check"), ("holders[0].code", "code.uscc_inner_check")}


def test_a_licence_of_tomorrow_is_refused_when_today_is_known(csv_file: Path) -> None:
    csv_file.write_text(csv_text(BUSINESS))
    (row,) = read_rows(csv_file, CATALOGUE, default_type=None, today=date(2026, 11, 19))
    assert faults_of(row) == {("issue_date", "dates.future")}
    (row,) = read_rows(csv_file, CATALOGUE, default_type=None, today=date(2026, 11, 20))
    assert not row.faults


def test_messages_repeat_no_value(csv_file: Path, json_file: Path) -> None:
    secrets = {"holder_1_name": "欧阳保密", "holder_1_code": "990101199001010018", "type": "", "number": "保密号码"}
    for change in ({**secrets, "type": kind} for kind in ("business-licence", "欧阳保密")):
        for path, text in (
            (csv_file, csv_text(BUSINESS | change | {"construction_lead": "保密负责人"})),
            (json_file, json_lines({**BUSINESS, **change})),
        ):
            (row,) = read(path, text)
            assert row.faults
            for fault in row.faults:
                assert not any(word in f"{fault.field}{fault.zh}{fault.en}" for word in ("保密", "19900101"))
