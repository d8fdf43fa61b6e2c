"""JSON Schema (draft 2020-12) judged with messages of our own, in zh and en, that never repeat a value."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Final

from licences.faults import FieldFault

Message = tuple[str, str, str]
"""Fault code, zh, en."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
_TYPES: Final = {
    "string": ("文本", "text"),
    "integer": ("整数", "a whole number"),
    "boolean": ("true 或 false", "true or false"),
    "array": ("列表", "a list"),
    "object": ("对象", "an object"),
    "null": ("空值", "null"),
}


def schema_faults(schema_id: str, schema: Mapping[str, Any], value: object, base: str) -> list[FieldFault]:
    """Return what a value lacks of its schema, all at once, each place named from `base`.

    schema_id: names the compiled validator in a cache; one id must always come with the same schema.
    """
    validator = _validator(schema_id, _Frozen(schema))
    found = {fault for error in validator.iter_errors(value) for fault in _faults_of(error, base)}
    return sorted(found, key=lambda fault: (fault.field, fault.code))


class _Frozen:
    """A schema as a cache key: all instances are equal, as the id beside it tells them apart."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Frozen)

    def __hash__(self) -> int:
        return 0


@cache
def _validator(schema_id: str, frozen: _Frozen) -> Any:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    del schema_id
    formats = FormatChecker(formats=())
    formats.checks("date", raises=ValueError)(_is_date)
    # An integer is an integer: neither true nor 1.0, which JSON Schema lets pass.
    strict = Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, value: type(value) is int)
    made: Any = extend(Draft202012Validator, type_checker=strict)  # type: ignore[no-untyped-call]
    return made(frozen.schema, format_checker=formats)


def _is_date(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return len(value) == 10 and date.fromisoformat(value).isoformat() == value


def _faults_of(error: Any, base: str) -> Iterator[FieldFault]:
    place = base + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path)
    if error.validator in _ABOUT_MEMBERS:
        code, zh, en, names = _ABOUT_MEMBERS[error.validator](error)
        yield from (FieldFault(f"{place}.{name}", code, zh, en) for name in names)
        return
    describe = _ABOUT_VALUES.get(error.validator, _not_allowed)
    code, zh, en = describe(error)
    yield FieldFault(place, code, zh, en)


def _required(error: Any) -> tuple[str, str, str, list[str]]:
    missing = [name for name in error.validator_value if name not in error.instance]
    return "schema.required", "必填项缺失", "this is required", missing


def _dependent(error: Any) -> tuple[str, str, str, list[str]]:
    present = error.validator_value.keys() & error.instance.keys()
    missing = {name for key in present for name in error.validator_value[key] if name not in error.instance}
    return (
        "schema.required",
        "与其他已填项目成对出现，不能缺失",
        "other fields given here need this one",
        sorted(missing),
    )


def _additional(error: Any) -> tuple[str, str, str, list[str]]:
    known = error.schema.get("properties", {})
    # The name came from outside: shown only when it looks like a name.
    extra = [name if _NAME.fullmatch(name) else "?" for name in error.instance if name not in known]
    return "schema.unknown", "此类证照没有这一项", "licences of this type have no such field", extra


_ABOUT_MEMBERS: Final[dict[str, Callable[[Any], tuple[str, str, str, list[str]]]]] = {
    "required": _required,
    "dependentRequired": _dependent,
    "additionalProperties": _additional,
}


def _any_of(error: Any) -> Message:
    names = "、".join(name for option in error.validator_value for name in option.get("required", ()))
    return "schema.any_of", f"至少填写其中一项：{names}", f"give at least one of {names.replace('、', ', ')}"


def _type(error: Any) -> Message:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    zh = "或".join(_TYPES[name][0] for name in wanted)
    en = " or ".join(_TYPES[name][1] for name in wanted)
    return "schema.type", f"应为{zh}", f"must be {en}"


def _pattern(error: Any) -> Message:
    form = error.schema.get("x-form", {"zh": "规定格式", "en": "in the prescribed form"})
    return "schema.pattern", f"格式不符，应为：{form['zh']}", f"has the wrong form; expected: {form['en']}"


def _enum(error: Any) -> Message:
    options = [str(option) for option in error.validator_value]
    shown = "、".join(options[:12]) + (" 等" if len(options) > 12 else "")
    return "schema.enum", f"只能填写：{shown}", f"must be one of: {shown}"


def _const(error: Any) -> Message:
    return "schema.enum", f"只能填写：{error.validator_value}", f"must be: {error.validator_value}"


def _format(error: Any) -> Message:
    del error
    return "schema.date", "应为真实存在的日期，格式 YYYY-MM-DD", "must be a date that exists, as YYYY-MM-DD"


def _unique(error: Any) -> Message:
    del error
    return "schema.unique", "不能有重复项", "must not repeat an entry"


def _not_allowed(error: Any) -> Message:
    del error
    return "schema.not_allowed", "此种情形下不应填写", "must not be given in this case"


def _limit(code: str, zh: str, en: str) -> Callable[[Any], Message]:
    return lambda error: (code, zh.format(error.validator_value), en.format(error.validator_value))


_ABOUT_VALUES: Final[dict[str | None, Callable[[Any], Message]]] = {
    "anyOf": _any_of,
    "type": _type,
    "pattern": _pattern,
    "enum": _enum,
    "const": _const,
    "format": _format,
    "uniqueItems": _unique,
    "not": _not_allowed,
    "minLength": _limit("schema.min_length", "至少 {} 个字符", "must have at least {} characters"),
    "maxLength": _limit("schema.max_length", "最多 {} 个字符", "must have at most {} characters"),
    "minItems": _limit("schema.min_items", "至少 {} 项", "must have at least {} entries"),
    "maxItems": _limit("schema.max_items", "最多 {} 项", "must have at most {} entries"),
    "minimum": _limit("schema.minimum", "不能小于 {}", "must be at least {}"),
    "maximum": _limit("schema.maximum", "不能大于 {}", "must be at most {}"),
}
