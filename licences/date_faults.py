"""When the licence holds: dates in order, within what the type allows."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from licences.drafts import JSON, LicenceRequest
from licences.faults import FieldFault
from licences.licence_type import LicenceType

_EARLIEST: Final = date(1949, 10, 1)


def date_faults(kind: LicenceType, request: LicenceRequest, today: date | None) -> Iterator[FieldFault]:
    """Judge date of issue and validity. today: the local day, if licences of the future are to be refused."""
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


def field_date_faults(kind: LicenceType, content: Mapping[str, JSON]) -> Iterator[FieldFault]:
    """Judge each pair `…_from`, `…_to` of dates in the content: they must stand in order."""
    for key, end in content.items():
        start = content.get(f"{key.removesuffix('_to')}_from")
        if not key.endswith("_to") or not isinstance(start, str) or not isinstance(end, str):
            continue
        if kind.properties[key].get("format") == "date" and end < start:
            yield FieldFault(f"fields.{key}", "dates.order", "截止日期早于起始日期", "it ends before it begins")
