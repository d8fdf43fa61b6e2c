"""The catalogue of licence types: the folders under `licences/types`, read once and checked while reading."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from licences.licence_type import LicenceType
from licences.type_errors import TypeBroken, TypeUnknown

TYPES_FOLDER: Final = Path(__file__).parent / "types"

PATH: Final = re.compile(r"{([a-z0-9_.]+)}")
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

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Catalogue:
    """The licence types of one folder, in the order of their short names."""

    def __init__(self, types: tuple[LicenceType, ...]) -> None:
        self.types = types
        self._by_name = {kind.slug: kind for kind in types} | {kind.code: kind for kind in types}

    @staticmethod
    def load(folder: Path = TYPES_FOLDER) -> "Catalogue":
        """Read every type of a folder. Raises TypeBroken."""
        return _load(folder)

    def type(self, name: str) -> LicenceType:
        """Return a type by its short name or its 21-character code. Raises TypeUnknown."""
        found = self._by_name.get(name)
        if found is None:
            raise TypeUnknown(name[:40], ", ".join(kind.slug for kind in self.types))
        return found

    def __iter__(self) -> Iterator[LicenceType]:
        return iter(self.types)


@cache
def _load(folder: Path) -> Catalogue:
    return Catalogue(tuple(_load_type(path.parent) for path in sorted(folder.glob("*/type.yaml"))))


@cache
def _reader() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(LicenceType)


def _load_type(folder: Path) -> LicenceType:
    from pydantic import ValidationError

    slug = folder.name
    try:
        raw = yaml.load((folder / "type.yaml").read_text("utf-8"), _Loader)  # noqa: S506 - a safe loader
        schema = json.loads((folder / "schema.json").read_text("utf-8"))
        # Through JSON: only there does strict mode take a list for a tuple.
        kind: LicenceType = _reader().validate_json(json.dumps(raw), strict=True, extra="forbid")
    except (OSError, ValueError, yaml.YAMLError, ValidationError) as error:
        raise TypeBroken(slug, str(error)) from error
    kind = replace(kind, schema=schema, folder=folder)
    for reason in _contradictions(kind):
        raise TypeBroken(slug, reason)
    return kind


def _contradictions(kind: LicenceType) -> Iterator[str]:
    """Name what in a definition does not fit together."""
    if kind.slug != kind.folder.name:
        yield f"its short name is {kind.slug}"
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{3}", kind.code) or kind.code[:18] != kind.definer.code:
        yield "its code is not its definer's code and three digits"
    unlabelled = kind.properties.keys() - kind.field_labels.keys()
    if unlabelled:
        yield f"no label for {sorted(unlabelled)}"
    for item in kind.items:
        if item.face == "M" and item.mask is None:
            yield f"{item.key} is masked, but not how"
        yield from (
            f"{item.key} shows unknown {path}" for path in _unknown_paths(kind, item.parts, item.each, item.key)
        )
    fields = {case.field for case in kind.holders.cases} | {agreed.field for agreed in kind.number.agree}
    yield from (f"a rule asks for unknown {name}" for name in sorted(fields - kind.properties.keys()))
    if not re.fullmatch(kind.number.pattern, kind.number.example):
        yield "its example number does not match its own pattern"


def _unknown_paths(
    kind: LicenceType, parts: tuple[str | tuple[str, ...], ...], each: str | None, key: str
) -> Iterator[str]:
    if not parts:
        yield from () if key in kind.properties else (key,)
        return
    texts = [text for part in parts for text in ((part,) if isinstance(part, str) else part)]
    if each is not None:
        yield from () if each in kind.properties else (each,)
        return
    for path in PATH.findall("".join(texts)):
        if path not in ENVELOPE_PATHS and path.split(".")[0] not in kind.properties:
            yield path
