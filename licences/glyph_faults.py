"""Where in a request the characters stand that no font has: whoever corrects a row wants the field."""

import re
from collections.abc import Iterator
from typing import Final

from licences.drafts import JSON, LicenceRequest
from licences.faults import FieldFault
from licences.type_errors import GlyphMissing

_CODE_POINT: Final = re.compile(r"U\+([0-9A-F]{4,6})")


def glyph_faults(error: GlyphMissing, request: LicenceRequest) -> tuple[FieldFault, ...]:
    """Return one fault for every text of the request that holds one of the characters; none if no text does."""
    missing = {chr(int(code, 16)) for code in _CODE_POINT.findall(error.characters)}
    places = [path for path, text in _texts(request) if missing & set(text)]
    return tuple(FieldFault(path, error.code, error.message("zh"), error.message("en")) for path in places)


def _texts(request: LicenceRequest) -> Iterator[tuple[str, str]]:
    yield "number", request.number
    for position, holder in enumerate(request.holders):
        yield f"holders[{position}].name", holder.name
    yield from _within("fields", dict(request.fields))


def _within(path: str, value: JSON) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from _within(f"{path}.{name}", member)
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _within(f"{path}[{position}]", member)
