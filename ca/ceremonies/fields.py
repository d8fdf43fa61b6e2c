"""The fields of a ceremony's plan: what each of its values may be, and how a wrong one is told."""

import re
from typing import Annotated, Final, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError
from stdnum.cn import uscc as uscc_number

_T = TypeVar("_T")

_MAX_NAME: Final = 64
_MAX_AUTHORITY_NAME: Final = 52
_USCC_LENGTH: Final = 18
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_POLICY: Final = re.compile(r"(?:[01]\.[0-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,5}))(?:\.(?:0|[1-9][0-9]{0,9})){1,10}")
_ORIGIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~-]+)*")
# 1 法定名称章, 2 财务, 3 发票, 4 合同, 5 法定代表人名章, 6 业务专用, 99 其他
_KINDS: Final = frozenset({1, 2, 3, 4, 5, 6, 99})
_DIAMETERS: Final = frozenset({42, 45})
NUMBER_FORM: Final = re.compile(r"[0-9]{1,9}")


def _wrong(kind: str, zh: str, en: str) -> PydanticCustomError:
    # Braces would be format fields of pydantic's own; no value is ever repeated, so there are none.
    return PydanticCustomError(kind, "{en}", {"zh": zh, "en": en})


def _pattern(pattern: re.Pattern[str], zh: str, en: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise _wrong("form", zh, en)
        return value

    return BeforeValidator(check)


def _check_name(value: object) -> object:
    if isinstance(value, str) and not (0 < len(value) <= _MAX_NAME and value.isprintable() and value == value.strip()):
        raise _wrong(
            "name",
            f"应为 1 至 {_MAX_NAME} 个可见字符，首尾无空格",
            f"1 to {_MAX_NAME} printable characters, no space around",
        )
    return value


def _check_authority(value: object) -> object:
    if isinstance(value, str) and len(value) > _MAX_AUTHORITY_NAME:
        limit = _MAX_AUTHORITY_NAME
        raise _wrong(
            "authority",
            f"机构名称最多 {limit} 个字符（其 OCSP 应答证书和后续各代的名称还需加后缀）",
            f"at most {limit} characters, because its responder and its successors get the name with a suffix",
        )
    return _check_name(value)


def _check_unit(value: object) -> object:
    if isinstance(value, str) and len(value) > _MAX_NAME - _USCC_LENGTH:
        limit = _MAX_NAME - _USCC_LENGTH
        raise _wrong(
            "unit",
            f"单位名称最多 {limit} 个字符（证书 O 项还需容纳统一社会信用代码）",
            f"at most {limit} characters, because the certificate's O also holds the USCC",
        )
    return _check_name(value)


def _check_uscc(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        good = len(value) == _USCC_LENGTH and uscc_number.calc_check_digit(value[:-1]) == value[-1]
    except (ValueError, IndexError):
        good = False
    if not good:
        raise _wrong("uscc", "不是有效的 18 位统一社会信用代码", "not a valid 18-character unified social credit code")
    return value


def _as_number(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):  # from the JSON that a ceremony keeps
        return value
    if isinstance(value, str) and NUMBER_FORM.fullmatch(value):
        return int(value)
    raise _wrong("number", "应为整数", "a whole number is wanted")


def check_kind(value: int) -> int:
    """Accept one of the national kinds of seals."""
    if value not in _KINDS:
        raise _wrong("kind", "印章类型应为 1 至 6 或 99", "the kind of a seal is 1 to 6 or 99")
    return value


def check_diameter(value: int) -> int:
    """Accept the two diameters of round seals, in millimetres."""
    if value not in _DIAMETERS:
        raise _wrong("diameter", "直径应为 42 或 45（毫米）", "the diameter is 42 or 45 (millimetres)")
    return value


def check_some(value: tuple[_T, ...]) -> tuple[_T, ...]:
    """Accept a list with something in it."""
    # Not by min_length, which would also complain where the only item is a wrong one.
    if not value:
        raise _wrong("some", "至少需要一项", "at least one is wanted")
    return value


Name = Annotated[str, BeforeValidator(_check_name)]
UnitName = Annotated[str, BeforeValidator(_check_unit)]
UsccText = Annotated[str, BeforeValidator(_check_uscc)]
Slug = Annotated[
    str, Field(max_length=40), _pattern(_SLUG, "应为小写字母、数字和连字符", "small letters, digits and single hyphens")
]
Number = Annotated[int, BeforeValidator(_as_number)]
AuthorityName = Annotated[str, BeforeValidator(_check_authority)]
Policy = Annotated[str, _pattern(_POLICY, "应为点分对象标识符（OID）", "a dotted object identifier is wanted")]
SealCode = Annotated[str, _pattern(_SEAL_CODE, "印章编码应为 14 位数字", "a seal code has 14 digits")]
BaseUrl = Annotated[str, _pattern(_BASE_URL, "应为不以 / 结尾的网址", "an http(s) URL that does not end in /")]
Origin = Annotated[
    str,
    Field(max_length=200),
    _pattern(_ORIGIN, "应为不带协议的网址，如 example.gov.cn/log", "a URL without scheme"),
]
