"""Text that no page can show and no counterpart can compare: control, invisible and private-use characters."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from licences.drafts import JSON
from licences.faults import FieldFault

PRIVATE_USE: Final = "\ue000-\uf8ff\U000f0000-\U0010ffff"

_SUSPICIOUS: Final = re.compile(
    rf"[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    rf"\ud800-\udfff{PRIVATE_USE}\U000e0000-\U000e007f]"
)
_MESSAGES: Final = {
    "text.private_use": (
        "含有造字区（PUA）字符，其他系统无法识别，请改用规范汉字",
        "holds a private-use character, which means nothing elsewhere; use the standard character",
    ),
    "text.surrogate": ("含有不完整的字符编码", "holds half of a character"),
    "text.replacement": (
        "含有替代符（�），说明文件转码时已丢失字符",
        "holds a replacement character (�): a character was lost when the file was converted",
    ),
    "text.control": ("含有控制字符（如制表符、换行符）", "holds a control character, such as a tab or a line break"),
    "text.invisible": (
        "含有不可见字符（如零宽空格、方向控制符）",
        "holds an invisible character, such as a zero-width space or a direction mark",
    ),
}


def text_faults(value: JSON, base: str, *, lines: bool = False) -> Iterator[FieldFault]:
    """Yield the faults of all text in a value. lines: line breaks are allowed."""
    if isinstance(value, str):
        found = {_kind(character) for character in _SUSPICIOUS.findall(value) if not (lines and character == "\n")}
        yield from (FieldFault(base, code, *_MESSAGES[code]) for code in sorted(found))
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from text_faults(member, f"{base}.{key}", lines=lines)
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from text_faults(member, f"{base}[{position}]", lines=lines)


def line_faults(field: str, text: str, longest: int) -> Iterator[FieldFault]:
    """Judge one line of text that must be there."""
    if not text.strip():
        yield FieldFault(field, "schema.required", "必填项缺失", "this is required")
    if len(text) > longest:
        yield FieldFault(
            field, "schema.max_length", f"最多 {longest} 个字符", f"must have at most {longest} characters"
        )
    yield from text_faults(text, field)


def _kind(character: str) -> str:
    if character == "\ufffd":
        return "text.replacement"
    category = unicodedata.category(character)
    return {"Co": "text.private_use", "Cs": "text.surrogate", "Cc": "text.control"}.get(category, "text.invisible")
