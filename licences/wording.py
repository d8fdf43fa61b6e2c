"""The words of a licence: every line of page and face, made from its data by what the type says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate
from typing import Final

from licences.drafts import JSON, Holder
from licences.licence_type import PATH, Item, LicenceType, MaskName, Wording
from licences.masking import mask

NO_END: Final = "长期"
NO_NAME: Final = "*****"

Hide = Callable[[str, str | None], str]
"""Takes a text and the code type of the holder it belongs to; returns what is shown."""


@dataclass(frozen=True, slots=True)
class LicenceContent:
    """What the lines of a licence are made of. Absent parts leave their lines out; no valid_until is 长期."""

    number: str = field(repr=False)
    holders: Sequence[Holder] = field(repr=False)
    fields: Mapping[str, JSON] = field(repr=False)
    identifier: str = ""
    issuer_code: str = ""
    issuer_name: str = ""
    issue_date: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def label_of(item: Item, content: LicenceContent) -> Wording:
    """Return the name of a line, which may depend on the content."""
    if item.labels_by is not None:
        variant = item.labels_by.values.get(str(content.fields.get(item.labels_by.field)))
        if variant is not None:
            return variant
    return Wording(item.zh, item.en)


def value_of(kind: LicenceType, item: Item, content: LicenceContent, hidden: MaskName | None = None) -> str | None:
    """Return what a line says, or None where there is nothing to say. hidden: how to mask it."""
    hide = _hider(hidden)
    if item.each is not None:
        elements = content.fields.get(item.each)
        rows = [element for element in elements if isinstance(element, dict)] if isinstance(elements, list) else []
        return "；".join(filter(None, (_join(item, _element_reader(row, hide)) for row in rows))) or None
    text = _join(item, _content_reader(kind, content, hide))
    if item.stars_when_same_as and text is not None and text == content.fields.get(item.stars_when_same_as):
        return NO_NAME
    return _grouped(text, item.groups) if text else text


def chinese_date(day: date) -> str:
    """Return `2026年11月22日`."""
    return f"{day.year}年{day.month:02}月{day.day:02}日"


def _grouped(text: str, lengths: Sequence[int]) -> str:
    """Put spaces into a code of the expected length; any other stands as it is."""
    if sum(lengths) != len(text):
        return text
    ends = accumulate(lengths)
    return " ".join(text[end - length : end] for end, length in zip(ends, lengths, strict=True))


Reader = Callable[[str], str | None]
"""Returns the text at a path, or None."""


def _hider(hidden: MaskName | None) -> Hide:
    if hidden is None:
        return lambda text, _: text
    return lambda text, code_type: mask(hidden, text, code_type)


def _join(item: Item, read: Reader) -> str | None:
    parts = item.parts or (f"{{{item.key}}}",)
    made = [_part(part, read) for part in parts]
    return item.join.join(text for text in made if text) or None


def _part(part: str | tuple[str, ...], read: Reader) -> str | None:
    choices = (part,) if isinstance(part, str) else part
    return next((text for choice in choices if (text := _fill(choice, read)) is not None), None)


def _fill(template: str, read: Reader) -> str | None:
    """Fill a part in; None when any of its paths is empty."""
    found = {path: read(path) for path in PATH.findall(template)}
    if not all(found.values()):
        return None
    return PATH.sub(lambda match: found[match[1]] or "", template)


def _element_reader(element: Mapping[str, JSON], hide: Hide) -> Reader:
    return lambda path: hide(text, None) if (text := _text(element.get(path))) else None


def _content_reader(kind: LicenceType, content: LicenceContent, hide: Hide) -> Reader:
    def read(path: str) -> str | None:
        head, _, rest = path.partition(".")
        if head == "holders":
            return _holders(content.holders, rest, hide)
        if head in _ENVELOPE and head not in kind.properties:
            return _ENVELOPE[head](content, rest)
        value = content.fields.get(head)
        if rest:
            value = value.get(rest) if isinstance(value, dict) else None
        is_date = kind.properties[head].get("format") == "date"
        text = _text(value, is_date=is_date)
        return hide(text, None) if text else None

    return read


def _holders(holders: Sequence[Holder], member: str, hide: Hide) -> str | None:
    if member == "share":
        shares = [holder.share for holder in holders if holder.share is not None]
        return "、".join(share if "/" in share else f"{share}%" for share in shares) or None
    texts = ((getattr(holder, member), holder.code_type) for holder in holders)
    return "、".join(hide(text, code_type) for text, code_type in texts if text) or None


def _day(day: date | None) -> str | None:
    return chinese_date(day) if day is not None else None


_ENVELOPE: Final[dict[str, Callable[[LicenceContent, str], str | None]]] = {
    "number": lambda content, _: content.number or None,
    "identifier": lambda content, _: content.identifier or None,
    "issuer": lambda content, rest: (content.issuer_name if rest == "name" else content.issuer_code) or None,
    "issue_date": lambda content, _: _day(content.issue_date),
    "valid_from": lambda content, _: _day(content.valid_from),
    "valid_until": lambda content, _: _day(content.valid_until) or NO_END,
}


def _dated(text: str) -> str:
    """Return an ISO date in Chinese; what is none (an unchecked document may hold anything) as it stands."""
    try:
        return chinese_date(date.fromisoformat(text))
    except ValueError:
        return text


def _text(value: JSON, *, is_date: bool = False) -> str | None:
    if isinstance(value, str):
        return _dated(value) if is_date else value
    if isinstance(value, list):
        return "、".join(entry for entry in value if isinstance(entry, str)) or None
    if value is None or isinstance(value, dict | bool):
        return None
    return str(value)
