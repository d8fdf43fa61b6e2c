"""Who holds the licence: how many, with which codes and shares, by the rules of the type."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from licences.codes import CODE_TYPES, ORGANISATION_CODE_TYPES, code_faults
from licences.drafts import LicenceRequest
from licences.faults import FieldFault, of_code
from licences.licence_type import HolderCase, LicenceType
from licences.text_faults import line_faults

_SHARE: Final = re.compile(r"(0|[1-9][0-9]{0,2})([.][0-9]{1,6})?|[1-9][0-9]{0,5}/[1-9][0-9]{0,5}")


def holder_faults(kind: LicenceType, request: LicenceRequest) -> Iterator[FieldFault]:
    """Judge the holders of a request: their number, names, codes, roles and shares."""
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
        yield from line_faults(f"{place}.name", holder.name, 200)
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
        yield from line_faults(f"{place}.code", holder.code, 40)
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
