"""Licence numbers (证照编号): composed for new licences, judged for all."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from licences.codes import food_check_digit, uscc_faults
from licences.drafts import LicenceRequest
from licences.faults import FieldFault, of_code
from licences.licence_type import LicenceType, NumberRule
from licences.type_errors import CodePartInvalid

_DIVISION: Final = re.compile(r"[0-9]{6}")


def title_number(*, province: str, year: int, place: str, sequence: int) -> str:
    """Return a 不动产权证号, such as `测(2026)测试市不动产权第0000001号`.

    province: its short name. place: the full name of city or county. Raises CodePartInvalid.
    """
    return f"{province}({year}){place}不动产权第{_digits(sequence, 7)}号"


def construction_number(*, division: str, day: date, sequence: int, work_class: int) -> str:
    """Return the 18 digits of a 施工许可证. work_class: 1 to 19 (01 房屋建筑, 02 市政). Raises CodePartInvalid."""
    if not 1 <= work_class <= 19:
        raise CodePartInvalid("work_class", "1 to 19")
    return f"{_division(division)}{day:%Y%m%d}{_digits(sequence, 2)}{work_class:02}"


def tobacco_number(*, division: str, nature: int, sequence: int) -> str:
    """Return the 12 digits of a 烟草专卖零售许可证. nature: 1 self-employed, 2 others. Raises CodePartInvalid."""
    if nature not in {1, 2}:
        raise CodePartInvalid("nature", "1 or 2")
    return f"{_division(division)}{nature}{_digits(sequence, 5)}"


def food_number(*, form: int, division: str, sequence: int) -> str:
    """Return `JY` and 14 digits. form: 1 sales, 2 catering, 3 canteen. Raises CodePartInvalid."""
    if form not in {1, 2, 3}:
        raise CodePartInvalid("form", "1, 2 or 3")
    body = f"{form}{_division(division)}{_digits(sequence, 6)}"
    return f"JY{body}{food_check_digit(body)}"


def number_faults(kind: LicenceType, request: LicenceRequest) -> Iterator[FieldFault]:
    """Judge a licence number by the rule of its type: form, check, and agreement with the content."""
    rule, number = kind.number, request.number
    if not re.fullmatch(rule.pattern, number):
        yield FieldFault(
            "number", "number.pattern", f"证照编号格式不符，应为：{rule.form.zh}", f"the number must be: {rule.form.en}"
        )
        return
    yield from _check_faults(rule, number)
    if rule.date_at is not None and not _is_day(number[rule.date_at : rule.date_at + 8]):
        yield FieldFault("number", "number.date", "证照编号中的日期不存在", "the date inside the number does not exist")
    if rule.holder_code and request.holders and number != request.holders[0].code:
        yield FieldFault(
            "number", "number.holder", "证照编号应与持证主体代码一致", "the number must be the code of the holder"
        )
    for agreed in rule.agree:
        wanted = agreed.values.get(str(request.fields.get(agreed.field)))
        if wanted is not None and number[agreed.at] != wanted:
            label = kind.field_labels[agreed.field]
            yield FieldFault(
                "number",
                "number.disagrees",
                f"证照编号第 {agreed.at + 1} 位与“{label.zh}”不一致，应为 {wanted}",
                f"character {agreed.at + 1} of the number disagrees with {label.en!r}: it should be {wanted}",
            )


def _check_faults(rule: NumberRule, number: str) -> Iterator[FieldFault]:
    if rule.check == "uscc":
        yield from (of_code("number", fault) for fault in uscc_faults(number))
    if rule.check == "food" and food_check_digit(number[2:-1]) != number[-1]:
        yield FieldFault("number", "number.check", "证照编号的校验码不符", "the check digit of the number is wrong")


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def _digits(value: int, width: int) -> str:
    if not 1 <= value < 10**width:
        raise CodePartInvalid("sequence", f"1 to {10**width - 1}")
    return f"{value:0{width}}"


def _division(value: str) -> str:
    if not _DIVISION.fullmatch(value):
        raise CodePartInvalid("division", "6 digits")
    return value
