"""Is this a licence that may be issued? All faults at once: content by its JSON Schema, then the metadata rules."""

from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
import re
from typing import Any, Final

from licences.codes import CODE_TYPES, ORGANISATION_CODE_TYPES, USCC_CODE_TYPE, code_faults, uscc_faults
from licences.drafts import JSON, Decision, LicenceRequest
from licences.faults import FieldFault, errors, of_code
from licences.licence_type import HolderCase, LicenceType
from licences.numbers import number_faults
from licences.schema_faults import schema_faults
from licences.text_faults import text_faults

_SHARE: Final = re.compile(r"(0|[1-9][0-9]{0,2})([.][0-9]{1,6})?|[1-9][0-9]{0,5}/[1-9][0-9]{0,5}")
_STOCK_FORGIVES: Final = ("number.", "code.", "holders.", "text.", "dates.")
_SHAPE: Final = frozenset({"schema.type", "schema.unknown"})
_EARLIEST: Final = date(1949, 10, 1)


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
        faults += _field_dates(kind, content)
    return faults


def _metadata_faults(kind: LicenceType, request: LicenceRequest, today: date | None) -> Iterator[FieldFault]:
    if request.type_code not in {kind.code, kind.slug}:
        yield FieldFault("type", "type.mismatch", "证照类型代码与类型定义不一致", "the type code is not this type's")
    yield from (of_code("issuer", fault) for fault in uscc_faults(request.issuer))
    yield from _line("number", request.number, 100)
    yield from number_faults(kind, request)
    yield from _holder_faults(kind, request)
    yield from _date_faults(kind, request, today)
    yield from _line("business_number", request.business_number, 100)
    if request.decision is not None:
        yield from _decision_faults(request.decision)


def _line(field: str, text: str, longest: int) -> Iterator[FieldFault]:
    """Judge one line of text that must be there."""
    if not text.strip():
        yield FieldFault(field, "schema.required", "必填项缺失", "this is required")
    if len(text) > longest:
        yield FieldFault(
            field, "schema.max_length", f"最多 {longest} 个字符", f"must have at most {longest} characters"
        )
    yield from text_faults(text, field)


def _decision_faults(decision: Decision) -> Iterator[FieldFault]:
    for name in ("number", "officer", "case", "item"):
        yield from _line(f"decision.{name}", getattr(decision, name), 100)


def _holder_faults(kind: LicenceType, request: LicenceRequest) -> Iterator[FieldFault]:
    rule = kind.holders
    case = next((case for case in rule.cases if request.fields.get(case.field) == case.equals), None)
    low, high = (case.min, case.max) if case else (rule.min, rule.max)
    if not low <= len(request.holders) <= high:
        zh, en = (f"{low} 个", f"{low}") if low == high else (f"{low} 至 {high} 个", f"{low} to {high}")
        reason = f"（{case.equals}）" if case else ""
        yield FieldFault(
            "holders", "holders.count", f"持证主体应有 {zh}{reason}", f"there must be {en} holders{reason}"
        )
    for position, holder in enumerate(request.holders):
        place = f"holders[{position}]"
        yield from _line(f"{place}.name", holder.name, 200)
        if holder.role not in rule.roles:
            yield FieldFault(f"{place}.role", "holders.role", "此类证照没有这种持证角色", "this type has no such role")
        if holder.code_type not in rule.code_types:
            names = "、".join(f"{code} {CODE_TYPES[code][0]}" for code in rule.code_types)
            yield FieldFault(
                f"{place}.code_type",
                "holders.code_type",
                f"持证主体代码类型只能是：{names}",
                f"the code type of a holder must be one of {', '.join(rule.code_types)}",
            )
        yield from _line(f"{place}.code", holder.code, 40)
        if holder.code:
            yield from (of_code(f"{place}.code", fault) for fault in code_faults(holder.code_type, holder.code))
        yield from _named_faults(kind, request, position)
    yield from _repeated(request)
    yield from _share_faults(request, case)


def _named_faults(kind: LicenceType, request: LicenceRequest, position: int) -> Iterator[FieldFault]:
    """A field that names an organisation must name the holder: one licence, one holder."""
    field, holder = kind.holders.named_by, request.holders[position]
    if field is None or holder.code_type not in ORGANISATION_CODE_TYPES or request.fields.get(field) == holder.name:
        return
    label = kind.field_labels[field]
    yield FieldFault(
        f"fields.{field}",
        "holders.name",
        f"“{label.zh}”应与持证主体名称一致",
        f"{label.en!r} must be the name of the holder",
    )


def _repeated(request: LicenceRequest) -> Iterator[FieldFault]:
    seen: set[tuple[str, str, str]] = set()
    for position, holder in enumerate(request.holders):
        key = (holder.role, holder.code_type, holder.code)
        if key in seen and holder.code:
            yield FieldFault(
                f"holders[{position}]", "holders.repeated", "同一持证主体重复", "the same holder stands twice"
            )
        seen.add(key)


def _share_faults(request: LicenceRequest, case: HolderCase | None) -> Iterator[FieldFault]:
    wanted = case is not None and case.shares
    total = Fraction()
    for position, holder in enumerate(request.holders):
        place = f"holders[{position}].share"
        if holder.share is None:
            if wanted:
                yield FieldFault(place, "holders.share", "按份共有须填写份额", "ownership in shares needs a share")
        elif not wanted:
            yield FieldFault(place, "holders.share", "此种情形下不应填写份额", "no share is expected in this case")
        elif share_of(holder.share) is None:
            yield FieldFault(
                place,
                "holders.share",
                "份额应为百分数（如 50）或分数（如 1/3）",
                "a share is per cent (50) or a fraction (1/3)",
            )
        else:
            total += share_of(holder.share) or 0
    if wanted and total != 1 and all(share_of(holder.share or "") is not None for holder in request.holders):
        yield FieldFault("holders", "holders.shares", "各持证主体份额之和应为 100%", "the shares must add up to 100 %")


def share_of(text: str) -> Fraction | None:
    """Return a share as a part of the whole: `50` and `33.33` are per cent, `1/3` is itself; None if malformed."""
    if not _SHARE.fullmatch(text):
        return None
    share = Fraction(text) if "/" in text else Fraction(text) / 100
    return share if 0 < share <= 1 else None


def _date_faults(kind: LicenceType, request: LicenceRequest, today: date | None) -> Iterator[FieldFault]:
    start, end, rule = request.valid_from, request.valid_until, kind.validity
    if request.issue_date < _EARLIEST:
        yield FieldFault("issue_date", "dates.early", "颁发日期过早", "the date of issue is too early")
    if today is not None and request.issue_date > today:
        yield FieldFault("issue_date", "dates.future", "颁发日期不能晚于今天", "the date of issue lies in the future")
    if end is None:
        if rule.kind == "term":
            yield FieldFault(
                "valid_until", "dates.term_missing", "此类证照须有有效期截止日期", "this type needs an end date"
            )
        return
    if rule.kind == "none":
        yield FieldFault(
            "valid_until", "dates.no_term", "此类证照没有有效期，不应填写截止日期", "this type has no end date"
        )
        return
    if end < request.issue_date:
        yield FieldFault(
            "valid_until",
            "dates.order",
            "有效期截止日期早于颁发日期",
            "the end of validity lies before the date of issue",
        )
    if end < start:
        yield FieldFault(
            "valid_until", "dates.order", "有效期截止日期早于起始日期", "the end of validity lies before its beginning"
        )
    if rule.max_years is not None and end > _years_after(start, rule.max_years):
        yield FieldFault(
            "valid_until",
            "dates.too_long",
            f"有效期最长 {rule.max_years} 年",
            f"the validity must not exceed {rule.max_years} years",
        )


def _years_after(day: date, years: int) -> date:
    """Return the anniversary; it is allowed as last day, since both ways of counting are in use."""
    year = min(day.year + years, date.max.year)
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def _field_dates(kind: LicenceType, content: Mapping[str, JSON]) -> Iterator[FieldFault]:
    """A pair `…_from`, `…_to` of dates must stand in order."""
    for key, end in content.items():
        start = content.get(f"{key.removesuffix('_to')}_from")
        if not key.endswith("_to") or not isinstance(start, str) or not isinstance(end, str):
            continue
        if kind.properties[key].get("format") == "date" and end < start:
            yield FieldFault(f"fields.{key}", "dates.order", "截止日期早于起始日期", "it ends before it begins")


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
