"""A CSV row as the JSON object that the same licence would be in a line of JSON Lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from licences.catalogue import Catalogue
from licences.drafts import JSON
from licences.faults import FieldFault
from licences.licence_type import LicenceType
from licences.row_columns import Target
from licences.row_errors import RowFileEncoding, RowHeaderBroken
from licences.row_faults import cell_misplaced, cell_not_json, cell_too_long
from licences.row_header import Header
from licences.row_text import Decoder, split_cells
from licences.row_values import day_value, end_value, field_value

MAX_CELL: Final = 1 << 20
"""The longest cell in characters."""

_DAYS: Final = {"issue_date": day_value, "valid_from": day_value, "valid_until": end_value}


@dataclass(slots=True)
class _Made:
    """A row's object while it is made."""

    licence: dict[str, JSON] = field(default_factory=dict)
    fields: dict[str, JSON] = field(default_factory=dict)
    decision: dict[str, JSON] = field(default_factory=dict)
    holders: dict[int, dict[str, JSON]] = field(default_factory=dict)
    faults: list[FieldFault] = field(default_factory=list)

    def put_field(self, kind: LicenceType, target: Target, cell: str) -> None:
        """Take the cell of a field."""
        try:
            self.fields[target.key] = field_value(_rule(kind, target.key), cell)
        except ValueError:
            self.faults.append(cell_not_json(target.place))

    def put(self, target: Target, cell: str) -> None:
        """Take a cell that means the same in every type."""
        if target.group == "holder":
            self.holders.setdefault(target.ordinal, {})[target.key] = cell
        elif target.group == "decision":
            self.decision[target.key] = cell
        else:
            self.licence[target.key] = _DAYS.get(target.key, str)(cell)

    def value(self) -> dict[str, JSON]:
        """Return the object; a holder skipped between others is there, empty, and will be missed."""
        made: dict[str, JSON] = {**self.licence, "fields": self.fields}
        if self.decision:
            made["decision"] = self.decision
        if self.holders:
            made["holders"] = [self.holders.get(at, {}) for at in range(max(self.holders) + 1)]
        return made


class CsvReader:
    """Reads the rows below a header.

    Raises RowHeaderBroken, RowFileEncoding and what `Header` raises.
    """

    def __init__(
        self, first: bytes | None, decoder: Decoder, catalogue: Catalogue, default: LicenceType | None
    ) -> None:
        if first is None:
            raise RowHeaderBroken
        text = decoder.decode(first)
        if text is None:
            raise RowFileEncoding
        names = split_cells(text)
        if names is None:
            raise RowHeaderBroken
        self._header = Header(names, catalogue, default)
        self._default = default
        self._kinds = {name: kind for kind in catalogue for name in (kind.slug, kind.code, kind.name.zh)}

    @property
    def width(self) -> int:
        """How many cells every row has."""
        return len(self._header.names)

    def read(self, cells: Sequence[str]) -> tuple[dict[str, JSON], list[FieldFault]]:
        """Return the object of a row's cells, and the faults of single cells. cells: `width` of them."""
        at = self._header.type_column
        name = cells[at] if at is not None else ""
        kind = self._kinds.get(name) if name else self._default
        made = _Made()
        for position, (cell, target) in enumerate(zip(cells, self._header.layout(kind), strict=True)):
            if not cell:
                continue
            if target is None:
                # Of an unknown type nobody can say which columns it has.
                made.faults += [cell_misplaced(self._header.name(position))] if kind is not None else []
            elif len(cell) > MAX_CELL:
                made.faults.append(cell_too_long(target.place))
            elif target.group != "field":
                made.put(target, cell)
            elif kind is not None:
                made.put_field(kind, target, cell)
        if kind is not None:
            made.licence["type"] = kind.slug
        return made.value(), made.faults


def _rule(kind: LicenceType, key: str) -> Mapping[str, Any]:
    """Return the JSON Schema of a field, its reference resolved."""
    rule = kind.properties[key]
    reference = rule.get("$ref")
    found: Mapping[str, Any] = kind.schema["$defs"][reference.rsplit("/", 1)[1]] if reference else rule
    return found
