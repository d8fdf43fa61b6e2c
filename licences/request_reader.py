"""A licence request out of JSON: the shape of the envelope first, then everything `fields.check` looks at.

The same object is a line of a JSON Lines file, what a CSV row becomes, and the body of `POST /v1/licences`.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from ledger.actor import Uscc
from licences.catalogue import TYPES_FOLDER, Catalogue
from licences.drafts import JSON, Decision, Holder, LicenceRequest
from licences.faults import FieldFault, errors
from licences.fields import check, content_faults
from licences.licence_type import LicenceType
from licences.schema_faults import schema_faults
from licences.type_errors import TypeUnknown

SCHEMA_FILE: Final = TYPES_FOLDER / "request.schema.json"


_DEEPEST: Final = 12


@cache
def request_schema() -> dict[str, Any]:
    """Return the JSON Schema of the envelope."""
    found: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return found


def read_request(
    value: JSON, catalogue: Catalogue, *, stock: bool = False, today: date | None = None
) -> tuple[LicenceRequest | None, list[FieldFault]]:
    """Return the request and every fault of it; no request if any fault is an error.

    stock, today: as for `fields.check`.
    """
    if _deeper_than(_DEEPEST, value):
        return None, [FieldFault("", "schema.depth", "嵌套层次过深", "is nested too deeply")]
    schema = request_schema()
    faults = [_unprefixed(fault) for fault in schema_faults(str(schema["$id"]), schema, value, "")]
    kind = _kind(value, catalogue, faults)
    if faults or kind is None or not isinstance(value, dict):
        if kind is not None and isinstance(value, dict) and isinstance(value.get("fields"), dict):
            faults += content_faults(kind, value["fields"])
        return None, faults
    request = _request(value, kind)
    faults = check(kind, request, stock=stock, today=today)
    return (None if errors(faults) else request), faults


def _deeper_than(levels: int, value: JSON) -> bool:
    """Tell whether a value is nested deeper; level by level, as recursion is what it guards against."""
    level: list[JSON] = [value]
    for _ in range(levels):
        level = [
            member
            for container in level
            for member in (
                container.values() if isinstance(container, dict) else container if isinstance(container, list) else ()
            )
        ]
    return bool(level)


def _unprefixed(fault: FieldFault) -> FieldFault:
    return FieldFault(fault.field.removeprefix("."), fault.code, fault.zh, fault.en, fault.severity)


def _kind(value: JSON, catalogue: Catalogue, faults: list[FieldFault]) -> LicenceType | None:
    name = value.get("type") if isinstance(value, dict) else None
    if not isinstance(name, str):
        return None
    try:
        return catalogue.type(name)
    except TypeUnknown as error:
        known = error.known
        faults.append(
            FieldFault(
                "type", error.code, f"没有这种证照类型。可用的类型：{known}", f"no such licence type; known: {known}"
            )
        )
        return None


def _request(value: Mapping[str, Any], kind: LicenceType) -> LicenceRequest:
    """Build the request of an envelope whose shape is right."""
    issue_date = date.fromisoformat(value["issue_date"])
    valid_from, valid_until, decision = (value.get(name) for name in ("valid_from", "valid_until", "decision"))
    return LicenceRequest(
        type_code=kind.code,
        issuer=Uscc(value["issuer"]),
        number=value["number"],
        holders=tuple(
            Holder(
                name=holder["name"],
                code=holder["code"],
                code_type=holder["code_type"],
                role=holder.get("role", "holder"),
                share=holder.get("share"),
            )
            for holder in value["holders"]
        ),
        fields=value["fields"],
        issue_date=issue_date,
        valid_from=issue_date if valid_from is None else date.fromisoformat(valid_from),
        valid_until=None if valid_until is None else date.fromisoformat(valid_until),
        business_number=value["business_number"],
        decision=Decision(**decision) if decision is not None else None,
    )
