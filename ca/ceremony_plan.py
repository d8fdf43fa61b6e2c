"""What a key ceremony shall make, as one YAML file says it."""

import re
from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from stdnum.cn import uscc as uscc_number

from ca import plan_yaml, profiles
from ca.errors import PlanFault, PlanInvalid

DEFAULT_TSA_POLICY: Final = "2.999.3161.1"
"""In the arc that ITU-T X.660 keeps for examples: fit for tests; an operator puts one of his own."""

_MAX_NAME: Final = 64
_USCC_LENGTH: Final = 18
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_POLICY: Final = re.compile(r"(?:[01]\.[0-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,5}))(?:\.(?:0|[1-9][0-9]{0,9})){1,10}")
_ORIGIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~-]+)*")
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


def _wrong(kind: str, zh: str, en: str) -> PydanticCustomError:
    # Braces would be format fields of pydantic's own; no value is ever repeated, so there are none.
    return PydanticCustomError(kind, "{en}", {"zh": zh, "en": en})  # type: ignore[arg-type]


def _pattern(pattern: re.Pattern[str], zh: str, en: str) -> BeforeValidator:
    def check(value: object) -> object:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise _wrong("form", zh, en)
        return value

    return BeforeValidator(check)


def _check_name(value: object) -> object:
    if isinstance(value, str) and not (0 < len(value) <= _MAX_NAME and value.isprintable() and value == value.strip()):
        raise _wrong(
            "name", f"应为 1 至 {_MAX_NAME} 个可见字符，首尾无空格", f"1 to {_MAX_NAME} printable characters, no space around"
        )
    return value


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
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    raise _wrong("number", "应为整数", "a whole number is wanted")


Name = Annotated[str, BeforeValidator(_check_name)]
UnitName = Annotated[str, BeforeValidator(_check_unit)]
UsccText = Annotated[str, BeforeValidator(_check_uscc)]
Slug = Annotated[
    str, Field(max_length=40), _pattern(_SLUG, "应为小写字母、数字和连字符", "small letters, digits and single hyphens")
]
Number = Annotated[int, BeforeValidator(_as_number)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RootPlan(_Part):
    """The root authority."""

    name: Name
    years: Annotated[Number, Field(ge=1, le=profiles.ROOT.max_years)]


class IssuingPlan(_Part):
    """The authority that issues seals, status and receipt certificates."""

    name: Name
    years: Annotated[Number, Field(ge=1, le=profiles.ISSUING.max_years)]


class TsaPlan(_Part):
    """The timestamp authority; `policy` is the dotted OID of its time-stamping policy."""

    name: Name
    years: Annotated[Number, Field(ge=1, le=profiles.TIMESTAMP.max_years)]
    policy: Annotated[
        str, _pattern(_POLICY, "应为点分对象标识符（OID）", "a dotted object identifier is wanted")
    ] = DEFAULT_TSA_POLICY


class KeyPlan(_Part):
    """A key that signs status lists or receipts."""

    name: Name
    years: Annotated[Number, Field(ge=1, le=profiles.STATUS.max_years)]


class SealPlan(_Part):
    """One seal: its 14-digit code, its unit, what stands on it and which licence types it may seal."""

    id: Slug
    code: Annotated[str, _pattern(_SEAL_CODE, "印章编码应为 14 位数字", "a seal code has 14 digits")]
    uscc: UsccText
    organisation: UnitName
    kind: Annotated[Number, BeforeValidator(lambda value: value)]
    seal_name: Name
    bottom_text: Name | None = None
    diameter_mm: Number
    licence_types: Annotated[tuple[Slug, ...], Field(min_length=1, strict=False)]
    years: Annotated[Number, Field(ge=1, le=profiles.SEAL.max_years)]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.kind not in {1, 2, 3, 4, 5, 6, 99}:
            raise _wrong("kind", "印章类型应为 1-6 或 99", "the kind of a seal is 1 to 6 or 99")
        if self.diameter_mm not in {42, 45}:
            raise _wrong("diameter", "直径应为 42 或 45（毫米）", "the diameter is 42 or 45 (millimetres)")
        return self


class LogPlan(_Part):
    """The ledger: its origin is a URL without scheme (C2SP tlog-checkpoint)."""

    origin: Annotated[
        str, Field(max_length=200), _pattern(_ORIGIN, "应为不带协议的网址，如 example.gov.cn/log", "a URL without scheme")
    ]


class TrustPlan(_Part):
    """How long the trust list and the revocation lists in it may be used before new ones are needed."""

    days: Annotated[Number, Field(ge=1, le=1100)] = 366


class CeremonyPlan(_Part):
    """Everything a ceremony makes. `name` is the trust list's; `organisation` runs the authorities."""

    name: Name
    organisation: Name
    base_url: Annotated[str, _pattern(_BASE_URL, "应为不以 / 结尾的网址", "an http(s) URL that does not end in /")]
    root: RootPlan
    issuing: IssuingPlan
    tsa: TsaPlan
    status: KeyPlan
    receipt: KeyPlan
    log: LogPlan
    trust: TrustPlan = TrustPlan()
    seals: Annotated[tuple[SealPlan, ...], Field(min_length=1, strict=False)]
