"""What in a type's definition does not fit together: found when the type is loaded, not when a licence is issued."""

import re
from collections.abc import Iterator
from typing import Final

from licences.licence_type import PATH, Item, LicenceType

ENVELOPE_PATHS: Final = frozenset(
    {
        "number",
        "identifier",
        "issuer.name",
        "issuer.code",
        "issue_date",
        "valid_from",
        "valid_until",
        "holders.name",
        "holders.code",
        "holders.share",
    }
)
"""What a line may show besides the type's own content."""


def contradictions(kind: LicenceType) -> Iterator[str]:
    """Name each contradiction of a definition."""
    if kind.slug != kind.folder.name:
        yield f"its short name is {kind.slug}"
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{3}", kind.code) or kind.code[:18] != kind.definer.code:
        yield "its code is not its definer's code and three digits"
    unlabelled = kind.properties.keys() - kind.field_labels.keys()
    if unlabelled:
        yield f"no label for {sorted(unlabelled)}"
    yield from (f"a rule asks for unknown {name}" for name in sorted(_fields_of_rules(kind) - kind.properties.keys()))
    for item in kind.items:
        if item.face == "M" and item.mask is None:
            yield f"{item.key} is masked, but not how"
        yield from (f"{item.key} shows unknown {path}" for path in _unknown_paths(kind, item))
    yield from _number(kind)


def _fields_of_rules(kind: LicenceType) -> set[str]:
    fields = {case.field for case in kind.holders.cases} | {agreed.field for agreed in kind.number.agree}
    fields |= {item.labels_by.field for item in kind.items if item.labels_by}
    fields |= {item.stars_when_same_as for item in kind.items if item.stars_when_same_as}
    return fields | ({kind.holders.named_by} if kind.holders.named_by else set())


def _unknown_paths(kind: LicenceType, item: Item) -> Iterator[str]:
    if item.each is not None:
        yield from () if item.each in kind.properties else (item.each,)
        return
    if not item.parts:
        yield from () if item.key in kind.properties else (item.key,)
        return
    texts = [text for part in item.parts for text in ((part,) if isinstance(part, str) else part)]
    for path in PATH.findall("".join(texts)):
        if path not in ENVELOPE_PATHS and path.split(".")[0] not in kind.properties:
            yield path


def _number(kind: LicenceType) -> Iterator[str]:
    try:
        matches = re.fullmatch(kind.number.pattern, kind.number.example)
    except re.error as error:
        yield f"the pattern of its number is none: {error}"
    else:
        if not matches:
            yield "its example number does not match its own pattern"
