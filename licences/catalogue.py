"""The catalogue of licence types: the folders under `licences/types`, read once and checked while reading."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from licences.licence_type import LicenceType
from licences.type_contradictions import contradictions
from licences.type_errors import TypeBroken, TypeUnknown

TYPES_FOLDER: Final = Path(__file__).parent / "types"

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
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise TypeBroken(slug, "schema.json describes no object with properties")
    kind = replace(kind, schema=schema, folder=folder)
    for reason in contradictions(kind):
        raise TypeBroken(slug, reason)
    return kind
