"""Import files made for tests: one good business licence, and what is changed in it."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from licences.catalogue import Catalogue
from licences.drafts import LicenceRequest
from licences.rows import Row, read_rows

CATALOGUE = Catalogue.load()

BUSINESS: dict[str, str] = {
    "type": "business-licence",
    "issuer": "11990100MB9T00038E",
    "number": "91990101MA9T00018G",
    "issue_date": "2026-11-20",
    "business_number": "SDJ-1",
    "holder_1_name": "测试市星河商贸有限公司",
    "holder_1_code": "91990101MA9T00018G",
    "holder_1_code_type": "001",
    "kind": "公司",
    "entity_type": "有限责任公司",
    "head": "欧阳䶮（测试）",
    "capital": "壹佰万元整",
    "place": "测试市测试区人民路1号",
    "established": "2020-02-29",
    "scope": "一般项目：日用百货销售",
}

CONSTRUCTION: dict[str, str] = {
    "type": "construction-permit",
    "issuer": "11990100MB9T0002XE",
    "number": "990101202611220101",
    "issue_date": "2026-11-20",
    "business_number": "SGXK-1",
    "holder_1_name": "测试市远山置业有限公司",
    "holder_1_code": "91990101MA9T00018G",
    "holder_1_code_type": "001",
    "project_code": "2606-990101-04-01-000001",
    "project_name": "样例花园（测试）",
    "site": "测试市测试区人民路1号",
    "scale": "建筑面积900平方米",
    "contract_price": "100.50",
    "contract_days": "300",
    "construction_units": '[{"name":"测试市青松建设有限公司","uscc":"91990101MA9T00018G"}]',
    "construction_lead": '{"name":"王喆（测试）","id":"990101199001010019"}',
}

TITLE: dict[str, str] = {
    "type": "real-estate-title",
    "issuer": "11990100MB9T00011N",
    "number": "测(2026)测试市不动产权第0000001号",
    "issue_date": "2026-11-20",
    "business_number": "BDC-1",
    "co_ownership": "按份共有",
    "location": "测试市测试区人民路1号",
    "unit_number": "990101001001GB00001F00010001",
    "right_type": "国有建设用地使用权/房屋所有权",
    "right_nature": "出让/市场化商品房",
    "use": "住宅",
    "building_area": "90.10",
    "case_number": "BDC-1",
    "holder_1_name": "王堃（测试）",
    "holder_1_code": "990101199001010019",
    "holder_1_code_type": "111",
    "holder_1_share": "50",
    "holder_2_name": "李伟（测试）",
    "holder_2_code": "990101198506150020",
    "holder_2_code_type": "111",
    "holder_2_share": "1/2",
}


def csv_text(*rows: Mapping[str, str], columns: Iterable[str] = ()) -> str:
    """Return a CSV file of rows; columns: more than the rows have."""
    names = dict.fromkeys([*(name for row in rows for name in row), *columns])
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def as_object(request: LicenceRequest) -> dict[str, Any]:
    """Return the request as the body of `POST /v1/licences`."""
    decision = request.decision
    return {
        "type": request.type_code,
        "issuer": request.issuer,
        "number": request.number,
        "holders": [
            {"name": h.name, "code": h.code, "code_type": h.code_type, "role": h.role, "share": h.share}
            for h in request.holders
        ],
        "fields": dict(request.fields),
        "issue_date": request.issue_date.isoformat(),
        "valid_from": request.valid_from.isoformat(),
        "valid_until": request.valid_until.isoformat() if request.valid_until else None,
        "business_number": request.business_number,
        "decision": decision
        and {"number": decision.number, "officer": decision.officer, "case": decision.case, "item": decision.item},
    }


def json_lines(*values: object) -> str:
    """Return JSON Lines."""
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def read(path: Path, content: str | bytes, default: str | None = None) -> list[Row]:
    """Write the content and read its rows."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_rows(path, CATALOGUE, default_type=default))


def one(path: Path, content: str | bytes, default: str | None = None) -> Row:
    """Return the only row."""
    rows = read(path, content, default)
    assert len(rows) == 1
    return rows[0]


def faults_of(row: Row) -> set[tuple[str, str]]:
    """Return places and codes."""
    return {(fault.field, fault.code) for fault in row.faults}


def request_of(path: Path, row: dict[str, str], default: str | None = None) -> LicenceRequest:
    """Write a row that has no fault and return its request."""
    read_row = one(path, csv_text(row), default)
    assert read_row.request is not None, read_row.faults
    return read_row.request
