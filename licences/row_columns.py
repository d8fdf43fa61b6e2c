"""The names of columns in a CSV file: what each means, for each licence type."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from licences.licence_type import Item, LicenceType

ENVELOPE: Final[dict[str, tuple[str, ...]]] = {
    "type": ("证照类型",),
    "issuer": ("证照颁发机构代码", "颁发机构代码"),
    "number": ("证照编号",),
    "issue_date": ("证照颁发日期", "颁发日期"),
    "valid_from": ("证照有效期起始日期", "有效期起始日期"),
    "valid_until": ("证照有效期截止日期", "有效期截止日期"),
    "business_number": ("业务流水号", "业务编号"),
    "decision_number": ("许可决定文号",),
    "decision_officer": ("许可决定人",),
    "decision_case": ("办件编号",),
    "decision_item": ("事项编码",),
}
"""Columns of every type, with their Chinese names."""

HOLDER: Final = {"name": "名称", "code": "代码", "code_type": "代码类型", "share": "份额", "role": "角色"}
"""Columns of each holder: `holder_1_name` or `持证主体1名称`."""

MAX_HOLDERS: Final = 200

_HOLDER_OF_ZH: Final = {zh: key for key, zh in HOLDER.items()}
_HOLDER_KEY: Final = re.compile(r"holder_([1-9][0-9]{0,2})_([a-z_]+)")
_HOLDER_ZH: Final = re.compile(r"持证主体([1-9][0-9]{0,2})(\D+)")
_WHOLE: Final = re.compile(r"{(number|issue_date|valid_from|valid_until)}")


@dataclass(frozen=True, slots=True)
class Target:
    """Where the cells of a column go. ordinal: of a holder, from 0."""

    group: Literal["licence", "decision", "holder", "field"]
    key: str
    ordinal: int = 0

    @property
    def place(self) -> str:
        """The path of the value in the request, as faults name it."""
        if self.group == "holder":
            return f"holders[{self.ordinal}].{self.key}"
        return {"field": "fields.", "decision": "decision."}.get(self.group, "") + self.key


def target_of(names: Mapping[str, Target], name: str) -> Target | None:
    """Return what a column means, or None. names: of a type, by `targets_of`."""
    key, zh = _HOLDER_KEY.fullmatch(name), _HOLDER_ZH.fullmatch(name)
    if key is not None:
        member, ordinal = key[2], int(key[1])
    elif zh is not None:
        member, ordinal = _HOLDER_OF_ZH.get(zh[2], ""), int(zh[1])
    else:
        return names.get(name)
    return Target("holder", member, ordinal - 1) if member in HOLDER and ordinal <= MAX_HOLDERS else None


def targets_of(kind: LicenceType) -> dict[str, Target]:
    """Return what the names of columns mean in licences of a type, but for holders' columns, which are numbered.

    A key is stronger than a Chinese name, and that stronger than the pinyin of exports; a name that two fields share
    means neither.
    """
    names: dict[str, Target] = {}
    for tier in (set(_pinyin(kind)), set(_labels(kind))):
        uses = Counter(name for name, _ in tier)
        names |= {name: target for name, target in tier if name and uses[name] == 1}
    names |= {zh: _of_every_type(key) for key, labels in ENVELOPE.items() for zh in labels}
    names |= {key: Target("field", key) for key in kind.properties}
    return names | {key: _of_every_type(key) for key in ENVELOPE}


def _of_every_type(key: str) -> Target:
    member = key.removeprefix("decision_")
    return Target("licence" if member == key else "decision", member)


def _labels(kind: LicenceType) -> Iterator[tuple[str, Target]]:
    """Yield the Chinese names of fields, and the type's own names for number and dates (登记日期, 有效期至)."""
    yield from ((label.zh, Target("field", key)) for key, label in kind.labels.items() if key in kind.properties)
    for item, target in _lines(kind):
        yield item.zh, target
        if item.labels_by is not None:
            yield from ((variant.zh, target) for variant in item.labels_by.values.values())


def _pinyin(kind: LicenceType) -> Iterator[tuple[str, Target]]:
    yield from ((label.pinyin, Target("field", key)) for key, label in kind.labels.items() if key in kind.properties)
    yield from ((item.pinyin, target) for item, target in _lines(kind))


def _lines(kind: LicenceType) -> Iterator[tuple[Item, Target]]:
    """Yield the lines of the page that are one field, or one column of every type."""
    for item in kind.items:
        whole = _WHOLE.fullmatch(item.parts[0]) if len(item.parts) == 1 and isinstance(item.parts[0], str) else None
        if item.key in kind.properties:
            yield item, Target("field", item.key)
        elif whole is not None:
            yield item, Target("licence", whole[1])
