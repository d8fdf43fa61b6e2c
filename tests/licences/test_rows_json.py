from pathlib import Path
from typing import Any

import pytest

from tests.licences.row_files import (
    BUSINESS,
    CONSTRUCTION,
    TITLE,
    as_object,
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


def test_json_lines_and_csv_agree(csv_file: Path, json_file: Path) -> None:
    for cells in (BUSINESS, CONSTRUCTION, TITLE):
        request = request_of(csv_file, cells)
        assert one(json_file, json_lines(as_object(request))).request == request


JSON_FAULTS: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"colour": "red"}, {("colour", "schema.unknown")}),
    ({"number": 7}, {("number", "schema.type")}),
    ({"issue_date": "20261120"}, {("issue_date", "schema.date")}),
    ({"valid_until": "长期"}, {("valid_until", "schema.date")}),
    ({"holders": "王喆"}, {("holders", "schema.type")}),
    ({"holders": [7]}, {("holders[0]", "schema.type")}),
    ({"fields": []}, {("fields", "schema.type")}),
    ({"fields": [], "holders": [{"name": "甲", "code": 1, "code_type": "001", "share": "50"}]}, {("fields", "schema.type"), ("holders[0].code", "schema.type")}),
    ({"decision": {}}, {(f"decision.{key}", "schema.required") for key in ("number", "officer", "case", "item")}),
    ({"type": "营业执照"}, {("type", "types.unknown")}),
    ({"type": None}, {("type", "schema.type")}),
    ({"number": "1", "issuer": 1, "valid_until": 0}, {("number", "number.pattern"), ("issuer", "schema.type"), ("valid_until", "schema.type")}),
]  # fmt: skip


@pytest.mark.parametrize(("change", "faults"), JSON_FAULTS)
def test_json_lines_are_strict(
    csv_file: Path, json_file: Path, change: dict[str, Any], faults: set[tuple[str, str]]
) -> None:
    row = one(json_file, json_lines(as_object(request_of(csv_file, BUSINESS)) | change))
    assert row.request is None
    assert faults_of(row) == faults


def test_the_default_type_in_json_lines(csv_file: Path, json_file: Path) -> None:
    request = request_of(csv_file, BUSINESS)
    value = as_object(request)
    del value["type"]
    assert one(json_file, json_lines(value), "business-licence").request == request
    assert faults_of(one(json_file, json_lines(value))) == {("type", "schema.required")}


@pytest.mark.parametrize(
    "line",
    [
        "{",
        '{"number":"1","number":"2"}',
        '{"number":NaN}',
        '{"number":1e999}',
        '{"number":' + "9" * 5000 + "}",
        '{"fields":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"fields":' + "[" * 40 + "]" * 40 + "}",
        '{"fields":[' + "1," * 1000 + "1]}",
        '[{"number":"1"}]',
        '{"number":"1"} {"number":"2"}',
        '"text"',
        "null",
    ],
)
def test_lines_that_are_no_json_object(csv_file: Path, json_file: Path, line: str) -> None:
    good = json_lines(as_object(request_of(csv_file, BUSINESS)))
    rows = read(json_file, f"{good}\n{line}\n{good}")
    assert [row.line for row in rows] == [1, 3, 4]
    assert faults_of(rows[1]) == {("row", "rows.json")}
    assert rows[0].request == rows[2].request is not None
