"""Is this a licence that may be issued? All faults at once: content by its JSON Schema, then the metadata rules."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from licences.codes import USCC_CODE_TYPE, code_faults, uscc_faults
from licences.date_faults import date_faults, field_date_faults
from licences.drafts import JSON, Decision, LicenceRequest
from licences.faults import FieldFault, errors, of_code
from licences.holder_faults import holder_faults
from licences.licence_type import LicenceType
from licences.numbers import number_faults
from licences.schema_faults import schema_faults
from licences.text_faults import line_faults, text_faults

_STOCK_FORGIVES: Final = ("number.", "code.", "holders.", "text.", "dates.")
_SHAPE: Final = frozenset({"schema.type", "schema.unknown"})


def check(
    kind: LicenceType, request: LicenceRequest, *, stock: bool = False, today: date | None = None
) -> list[FieldFault]:
    """Return every fault of a request, in the order of its parts; empty means it may be issued.

    stock: old licences are taken in as they are; numbers, codes, holders, dates and characters only warn.
    today: the local day; with it, a licence dated in the future is refused.
    """
    faults = [*_metadata_faults(kind, request, today), *content_faults(kind, dict(request.fields))]
    if stock:
        return [fault.as_warning() if fault.code.startswith(_STOCK_FORGIVES) else fault for fault in faults]
    return faults


def content_faults(kind: LicenceType, content: JSON) -> list[FieldFault]:
    """Return the faults of the content alone: its schema, its characters, the codes inside it."""
    faults = schema_faults(str(kind.schema["$id"]), kind.schema, content, "fields")
    if not isinstance(content, dict):
        return faults
    # What has not the shape of the schema is not walked through: its depth is nobody's promise.
    shapeless = {re.split(r"[.\[]", fault.field)[1] for fault in faults if fault.code in _SHAPE and "." in fault.field}
    for key, value in content.items():
        if key in kind.properties and key not in shapeless:
            lines = bool(kind.properties[key].get("x-lines"))
            faults += text_faults(value, f"fields.{key}", lines=lines)
    if not errors(faults):
        faults += _inner_codes(kind.schema, kind.schema, content, "fields")
        faults += field_date_faults(kind, content)
    return faults


def _metadata_faults(kind: LicenceType, request: LicenceRequest, today: date | None) -> Iterator[FieldFault]:
    if request.type_code not in {kind.code, kind.slug}:
        yield FieldFault("type", "type.mismatch", "证照类型代码与类型定义不一致", "the type code is not this type's")
    yield from (of_code("issuer", fault) for fault in uscc_faults(request.issuer))
    yield from line_faults("number", request.number, 100)
    yield from number_faults(kind, request)
    yield from holder_faults(kind, request)
    yield from date_faults(kind, request, today)
    yield from line_faults("business_number", request.business_number, 100)
    if request.decision is not None:
        yield from _decision_faults(request.decision)


def _decision_faults(decision: Decision) -> Iterator[FieldFault]:
    for name in ("number", "officer", "case", "item"):
        yield from line_faults(f"decision.{name}", getattr(decision, name), 100)


def _inner_codes(root: Mapping[str, Any], schema: Mapping[str, Any], value: JSON, base: str) -> Iterator[FieldFault]:
    """Judge the codes inside the content, where the schema marks them with `x-code`."""
    schema = _resolved(root, schema)
    if isinstance(value, dict):
        for key, member in value.items():
            rule = _resolved(root, schema.get("properties", {}).get(key, {}))
            if "x-code" in rule:
                id_type = str(value.get("id_type", "111"))
                code_type = USCC_CODE_TYPE if rule["x-code"] == "uscc" else id_type
                yield from (of_code(f"{base}.{key}", fault) for fault in code_faults(code_type, str(member)))
            else:
                yield from _inner_codes(root, rule, member, f"{base}.{key}")
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _inner_codes(root, schema.get("items", {}), member, f"{base}[{position}]")


def _resolved(root: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    found: Mapping[str, Any] = root["$defs"][reference.rsplit("/", 1)[1]] if reference else schema
    return found
