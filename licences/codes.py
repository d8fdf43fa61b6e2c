"""Codes of people and organisations: USCC (GB 32100), organisation code (GB 11714), citizen id (GB 11643).

The check digits are python-stdnum's; the format rules are our own, because its `validate` refuses USCCs of the
departments A, N and Y and the id numbers of 港澳台 residents.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

from licences.type_errors import CodePartInvalid

Severity = Literal["error", "warning"]

USCC_CODE_TYPE: Final = "001"
CITIZEN_ID_CODE_TYPE: Final = "111"

CODE_TYPES: Final[dict[str, tuple[str, str]]] = {
    "001": ("统一社会信用代码", "unified social credit code"),
    "099": ("其他法人或其他组织有效证件代码", "other code of an organisation"),
    "111": ("公民身份号码", "citizen id number"),
    "114": ("军官证", "officer card"),
    "115": ("武警警官证", "armed police officer card"),
    "118": ("士兵证", "soldier card"),
    "119": ("武警士兵证", "armed police soldier card"),
    "120": ("文职人员证", "civilian staff card of the forces"),
    "122": ("武警文职人员证", "civilian staff card of the armed police"),
    "411": ("外交护照", "diplomatic passport"),
    "412": ("公务护照", "service passport"),
    "413": ("公务普通护照", "passport for public affairs"),
    "414": ("普通护照", "ordinary passport"),
    "511": ("台湾居民来往大陆通行证", "travel permit of a Taiwan resident"),
    "516": ("港澳居民来往内地通行证", "travel permit of a Hong Kong or Macao resident"),
    "999": ("其他自然人有效证件代码", "other code of a person"),
}
"""Holder code types by their three digits, in zh and en. Source: GB/T 36903-2018 annex A."""

ORGANISATION_CODE_TYPES: Final = frozenset({"001", "099"})

_LETTERS: Final = "0-9A-HJ-NPQRTUWXY"
_USCC: Final = re.compile(rf"[1-9ANY][{_LETTERS}][0-9]{{6}}[{_LETTERS}]{{10}}")
_CITIZEN_ID: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_OLD_CITIZEN_ID: Final = re.compile(r"[1-9][0-9]{14}")
_ORGANISATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True, slots=True)
class CodeFault:
    """What is wrong with a code; the messages never repeat it."""

    code: str
    zh: str
    en: str
    severity: Severity = "error"


_USCC_FORMAT: Final = CodeFault(
    "code.uscc_format",
    "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）",
    "a unified social credit code has 18 digits or capitals (no I, O, S, V, Z)",
)
_USCC_CHECK: Final = CodeFault(
    "code.uscc_check",
    "统一社会信用代码的校验码不符，请核对是否录错",
    "the check character of the unified social credit code is wrong; look for a typing error",
)
_USCC_INNER: Final = CodeFault(
    "code.uscc_inner_check",
    "统一社会信用代码第 9 至 17 位（组织机构代码）的校验码不符",
    "characters 9 to 17 of the unified social credit code (the organisation code) have a wrong check character",
    "warning",
)
_ID_FORMAT: Final = CodeFault(
    "code.citizen_id_format",
    "公民身份号码应为 18 位，最后一位可为大写 X",
    "a citizen id number has 18 digits, the last may be a capital X",
)
_ID_OLD: Final = CodeFault(
    "code.citizen_id_old",
    "这是 15 位旧身份证号码，请改用 18 位号码",
    "this is an old id number of 15 digits; use the one of 18",
)
_ID_DATE: Final = CodeFault(
    "code.citizen_id_date",
    "公民身份号码中的出生日期不存在",
    "the date of birth in the citizen id number does not exist",
)
_ID_CHECK: Final = CodeFault(
    "code.citizen_id_check",
    "公民身份号码的校验码不符，请核对是否录错",
    "the check digit of the citizen id number is wrong; look for a typing error",
)
_NOT_PLAIN: Final = CodeFault(
    "code.characters",
    "证件号码只能包含数字、字母、汉字、括号和连字符",
    "the code may hold digits, letters, Chinese characters, brackets and hyphens only",
)


def uscc_check_character(body: str) -> str:
    """Return the 18th character for the first 17. Source: GB 32100-2015 section 4."""
    return uscc.calc_check_digit(body)


def organisation_check_character(body: str) -> str:
    """Return the 9th character of an organisation code for its first eight. Source: GB 11714-1997."""
    values = (int(character, 36) for character in body)
    total = sum(weight * value for weight, value in zip(_ORGANISATION_WEIGHTS, values, strict=True))
    return "0123456789X0"[11 - total % 11]


def citizen_id_check_digit(body: str) -> str:
    """Return the 18th character for the first 17 digits. Source: GB 11643-1999 (ISO 7064 MOD 11-2)."""
    return ric.calc_check_digit(body + "0")


def food_check_digit(body: str) -> str:
    """Return the 14th digit of a food permit number for its first 13. Source: ISO 7064 MOD 11,10."""
    return mod_37_36.calc_check_digit(body, alphabet="0123456789")


def upgrade_citizen_id(old: str) -> str:
    """Return the 18-digit form of a 15-digit id number: the century inserted, the check digit computed.

    Raises CodePartInvalid.
    """
    if not _OLD_CITIZEN_ID.fullmatch(old):
        raise CodePartInvalid("citizen id", "15 digits")
    body = f"{old[:6]}19{old[6:]}"
    return body + citizen_id_check_digit(body)


def uscc_faults(code: str) -> list[CodeFault]:
    """Judge a USCC by both its checks; the inner one is a warning, as real codes in use fail it."""
    if not _USCC.fullmatch(code):
        return [_USCC_FORMAT]
    if uscc_check_character(code[:17]) != code[17]:
        return [_USCC_CHECK]
    return [] if organisation_check_character(code[8:16]) == code[16] else [_USCC_INNER]


def citizen_id_faults(code: str) -> list[CodeFault]:
    """Judge a citizen id number, 港澳台 residents' and foreign permanent residents' included."""
    if _OLD_CITIZEN_ID.fullmatch(code):
        return [_ID_OLD]
    if not _CITIZEN_ID.fullmatch(code):
        return [_ID_FORMAT]
    try:
        date(int(code[6:10]), int(code[10:12]), int(code[12:14]))
    except ValueError:
        return [_ID_DATE]
    return [] if citizen_id_check_digit(code[:17]) == code[17] else [_ID_CHECK]


def code_faults(code_type: str, code: str) -> list[CodeFault]:
    """Judge a holder's code by its type; types without a public check are judged by their characters only."""
    if code_type == USCC_CODE_TYPE:
        return uscc_faults(code)
    if code_type == CITIZEN_ID_CODE_TYPE:
        return citizen_id_faults(code)
    plain = all(character.isalnum() or character in "()（）-－" for character in code)
    return [] if plain else [_NOT_PLAIN]


def is_uscc(code: str) -> bool:
    """Tell whether the code is a USCC with the right outer check."""
    return not any(fault.severity == "error" for fault in uscc_faults(code))
