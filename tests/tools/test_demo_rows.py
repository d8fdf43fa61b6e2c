from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.rows import Row, read_rows
from tests.licences.row_files import as_object, csv_text, json_lines
from tools.demo.people import RARE
from tools.demo.rows import write_faulty_rows, write_rows

CATALOGUE = Catalogue.load()


def rows_of(path: Path) -> list[Row]:
    return list(read_rows(path, CATALOGUE, default_type=None))


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> list[LicenceRequest]:
    path = tmp_path_factory.mktemp("demo") / "rows.csv"
    write_rows(path)
    rows = rows_of(path)
    assert [row for row in rows if row.faults] == []
    return [row.request for row in rows if row.request is not None]


def of_type(requests: Sequence[LicenceRequest], slug: str) -> list[LicenceRequest]:
    return [request for request in requests if request.type_code == CATALOGUE.type(slug).code]


def test_a_thousand_licences_in_their_shares(thousand: list[LicenceRequest]) -> None:
    assert Counter(CATALOGUE.type(request.type_code).slug for request in thousand) == {
        "real-estate-title": 300,
        "business-licence": 300,
        "food-business-permit": 200,
        "construction-permit": 100,
        "tobacco-retail-permit": 100,
    }


def test_nothing_stands_twice(thousand: list[LicenceRequest]) -> None:
    assert len({(request.type_code, request.issuer, request.number) for request in thousand}) == 1000
    assert len({request.business_number for request in thousand}) == 1000


def test_everybody_is_invented_and_says_so(thousand: list[LicenceRequest]) -> None:
    for request in thousand:
        for holder in request.holders:
            assert "测试" in holder.name
            assert "9901" in holder.code[:6]
    assert {request.issuer for request in thousand} == {
        "11990100MB9T00011N",
        "11990100MB9T0002XE",
        "11990100MB9T00038E",
        "11990100MB9T000544",
    }


def test_titles_have_several_holders_and_rare_characters(thousand: list[LicenceRequest]) -> None:
    titles = of_type(thousand, "real-estate-title")
    assert {request.fields["co_ownership"] for request in titles} == {"单独所有", "共同共有", "按份共有"}
    assert sum(1 for request in titles if len(request.holders) > 1) == 180
    assert sum(1 for request in titles if request.holders[0].share is not None) == 90
    assert max(len(request.holders) for request in titles) == 6
    assert max(len(str(request.fields.get("notes", ""))) for request in titles) == 600
    names = "".join(holder.name for request in titles for holder in request.holders)
    assert all(character in names for character in RARE)


def test_businesses_are_of_every_kind(thousand: list[LicenceRequest]) -> None:
    businesses = of_type(thousand, "business-licence")
    kinds = CATALOGUE.type("business-licence").properties["kind"]["enum"]
    assert {request.fields["kind"] for request in businesses} == set(kinds)
    self_employed = [request for request in businesses if request.fields["kind"] == "个体工商户"]
    nameless = [request for request in self_employed if request.holders[0].name == request.fields["head"]]
    assert 0 < len(nameless) < len(self_employed)
    assert any("delegate" in request.fields for request in businesses)
    lengths = [len(str(request.fields["scope"])) for request in businesses]
    assert sum(1 for length in lengths if 2950 < length <= 3000) == 5
    assert min(lengths) < 100


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_rows(tmp_path / name, 60, seed)
    first, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == again != other


def test_other_seeds_and_sizes_are_right_too(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", 1500, seed=7)
    rows = rows_of(tmp_path / "rows.csv")
    assert len(rows) == 1500
    assert not [row for row in rows if row.faults]


def test_each_faulty_row_shows_another_fault(tmp_path: Path) -> None:
    write_faulty_rows(tmp_path / "rows.csv")
    rows = rows_of(tmp_path / "rows.csv")
    assert all(row.request is None for row in rows)
    assert [[(fault.field, fault.code) for fault in row.faults] for row in rows] == [
        [("holders[0].code", "code.uscc_check")],
        [("issue_date", "schema.date")],
        [("holders[0].code", "schema.required")],
        [("number", "number.pattern")],
        [("holders", "holders.shares")],
        [("fields.contract_days", "schema.type"), ("fields.site", "schema.required")],
    ]


def test_faulty_rows_among_good_ones_stop_none(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.csv", 40, faulty=True)
    faulty = [row.request is None for row in rows_of(tmp_path / "rows.csv")]
    assert faulty == [False] * 20 + [True] * 6 + [False] * 20


def test_the_same_licences_as_json_lines(tmp_path: Path, thousand: list[LicenceRequest]) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(json_lines(*(as_object(request) for request in thousand[:200])), encoding="utf-8")
    assert [row.request for row in rows_of(path)] == thousand[:200]


def test_the_same_licences_in_gb18030_under_chinese_names(tmp_path: Path, thousand: list[LicenceRequest]) -> None:
    kind = CATALOGUE.type("business-licence")
    requests = of_type(thousand, kind.slug)[:40]
    rows = [
        {kind.field_labels[key].zh: str(value) for key, value in request.fields.items()}
        | {
            "证照颁发机构代码": request.issuer,
            "证照编号": request.number,
            "颁发日期": f"{request.issue_date:%Y%m%d}",
            "有效期截止日期": f"{request.valid_until:%Y%m%d}" if request.valid_until else "长期",
            "业务流水号": request.business_number,
            "持证主体1名称": request.holders[0].name,
            "持证主体1代码": request.holders[0].code,
            "持证主体1代码类型": request.holders[0].code_type,
        }
        for request in requests
    ]
    path = tmp_path / "rows.csv"
    path.write_bytes(csv_text(*rows).encode("gb18030"))
    found = [row.request for row in read_rows(path, CATALOGUE, default_type=kind.slug)]
    assert [(r.number, r.fields, r.holders, r.valid_until) for r in found if r] == [
        (r.number, r.fields, r.holders, r.valid_until) for r in requests
    ]
