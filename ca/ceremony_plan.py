"""What a key ceremony shall make, as one YAML file says it."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError
from stdnum.cn import uscc as uscc_number

from ca import plan_yaml, profiles
from ca.errors import PlanFault, PlanInvalid

DEFAULT_TSA_POLICY: Final = "2.999.3161.1"
"""In the arc that ITU-T X.660 keeps for examples: fit for tests; an operator puts one of his own."""

_T = TypeVar("_T")

_MAX_NAME: Final = 64
_USCC_LENGTH: Final = 18
_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
_POLICY: Final = re.compile(r"(?:[01]\.[0-3]?[0-9]|2\.(?:0|[1-9][0-9]{0,5}))(?:\.(?:0|[1-9][0-9]{0,9})){1,10}")
_ORIGIN: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*")
_BASE_URL: Final = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~-]+)*")
# 1 法定名称章, 2 财务, 3 发票, 4 合同, 5 法定代表人名章, 6 业务专用, 99 其他
_KINDS: Final = frozenset({1, 2, 3, 4, 5, 6, 99})
_DIAMETERS: Final = frozenset({42, 45})
_NUMBER: Final = re.compile(r"[0-9]{1,4}")


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
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    raise _wrong("number", "应为整数", "a whole number is wanted")


def _check_kind(value: int) -> int:
    if value not in _KINDS:
        raise _wrong("kind", "印章类型应为 1 至 6 或 99", "the kind of a seal is 1 to 6 or 99")
    return value


def _check_diameter(value: int) -> int:
    if value not in _DIAMETERS:
        raise _wrong("diameter", "直径应为 42 或 45（毫米）", "the diameter is 42 or 45 (millimetres)")
    return value


def _check_some(value: tuple[_T, ...]) -> tuple[_T, ...]:
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


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NamedPlan(_Part):
    """One of the organisation's own certificates: its common name and how many years it is valid."""

    name: Name
    years: int


class RootPlan(NamedPlan):
    """The root authority."""

    years: Annotated[Number, Field(ge=1, le=profiles.ROOT.max_years)]


class IssuingPlan(NamedPlan):
    """The authority that issues seals, status and receipt certificates."""

    years: Annotated[Number, Field(ge=1, le=profiles.ISSUING.max_years)]


class TsaPlan(NamedPlan):
    """The timestamp authority; `policy` is the dotted OID of its time-stamping policy."""

    years: Annotated[Number, Field(ge=1, le=profiles.TIMESTAMP.max_years)]
    policy: Annotated[str, _pattern(_POLICY, "应为点分对象标识符（OID）", "a dotted object identifier is wanted")] = (
        DEFAULT_TSA_POLICY
    )


class KeyPlan(NamedPlan):
    """A key that signs status lists or receipts."""

    years: Annotated[Number, Field(ge=1, le=profiles.STATUS.max_years)] = 10


class SealPlan(_Part):
    """One seal: its 14-digit code, its unit, what stands on it and which licence types it may seal."""

    id: Slug
    code: Annotated[str, _pattern(_SEAL_CODE, "印章编码应为 14 位数字", "a seal code has 14 digits")]
    uscc: UsccText
    organisation: UnitName
    kind: Annotated[Number, AfterValidator(_check_kind)]
    seal_name: Name
    bottom_text: Name | None = None
    diameter_mm: Annotated[Number, AfterValidator(_check_diameter)]
    licence_types: Annotated[tuple[Slug, ...], Field(strict=False), AfterValidator(_check_some)]
    years: Annotated[Number, Field(ge=1, le=profiles.SEAL.max_years)]


class LogPlan(_Part):
    """The ledger: its origin is a URL without scheme (C2SP tlog-checkpoint)."""

    origin: Annotated[
        str,
        Field(max_length=200),
        _pattern(_ORIGIN, "应为不带协议的网址，如 example.gov.cn/log", "a URL without scheme"),
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
    status: KeyPlan = KeyPlan(name="证照状态签名")
    receipt: KeyPlan = KeyPlan(name="核验回执签名")
    log: LogPlan
    trust: TrustPlan = TrustPlan()
    seals: Annotated[tuple[SealPlan, ...], Field(strict=False), AfterValidator(_check_some)]


def load_plan(text: str) -> CeremonyPlan:
    """Read a plan from YAML; raises PlanInvalid with every fault, its line and field."""
    located = plan_yaml.load(text)
    faults = list(_cross_faults(located))
    try:
        plan = CeremonyPlan.model_validate(located.value)
    except ValidationError as error:
        faults.extend(_fault(details, located) for details in error.errors(include_input=False, include_url=False))
    if faults:
        raise PlanInvalid(tuple(sorted(faults, key=lambda fault: (fault.line, fault.field))))
    return plan


_MESSAGES: Final = {
    "missing": ("缺少此项", "is missing"),
    "extra_forbidden": ("没有这一项，请检查拼写", "there is no such member: check the spelling"),
    "string_type": ("应为一段文字", "a text is wanted"),
    "model_type": ("应为一组“名称: 值”", "a group of `name: value` is wanted"),
    "tuple_type": ("应为列表", "a list is wanted"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "greater_than_equal": ("不得小于 {ge}", "must be at least {ge}"),
    "less_than_equal": ("不得大于 {le}", "must be at most {le}"),
}


def _fault(details: ErrorDetails, located: plan_yaml.Located) -> PlanFault:
    context: dict[str, Any] = details.get("ctx", {})
    location = details["loc"]
    zh, en = _MESSAGES.get(details["type"], ("不符合要求", "does not fit"))
    zh, en = context.get("zh", zh).format(**context), context.get("en", en).format(**context)
    return PlanFault(located.line(location), plan_yaml.dotted(location), zh, en)


def _cross_faults(located: plan_yaml.Located) -> Iterator[PlanFault]:
    """Find what is wrong between members; looks at the raw values, so that it is told together with everything else."""
    value = located.value
    seals = _part(value, "seals")
    count = len(seals) if isinstance(seals, list) else 0
    for key in ("id", "code"):
        seen: list[object] = [None]
        for index in range(count):
            location: plan_yaml.Location = ("seals", index, key)
            if _at(value, location) in seen:
                yield _between(located, location, "与另一枚印章相同", "is the same as another seal's")
            seen.append(_at(value, location))
    issued = [("status",), ("receipt",), *(("seals", index) for index in range(count))]
    above = {(*part, "years"): ("issuing", "years") for part in issued}
    above |= {("issuing", "years"): ("root", "years"), ("tsa", "years"): ("root", "years")}
    for location, issuer in above.items():
        years, limit = _number(_at(value, location)), _number(_at(value, issuer))
        if years is not None and limit is not None and years > limit:
            name = plan_yaml.dotted(issuer)
            yield _between(located, location, f"不得超过 {name}", f"must not exceed {name}")


def _between(located: plan_yaml.Located, location: plan_yaml.Location, zh: str, en: str) -> PlanFault:
    return PlanFault(located.line(location), plan_yaml.dotted(location), zh, en)


def _part(value: object, key: str | int) -> object:
    if isinstance(value, dict):
        return value.get(key)
    return value[key] if isinstance(value, list) and isinstance(key, int) else None


def _at(value: object, location: plan_yaml.Location) -> object:
    for key in location:
        value = _part(value, key)
    return value


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
