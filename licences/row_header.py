"""The first line of a CSV file, judged as a whole before any row is read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from licences.catalogue import Catalogue
from licences.licence_type import LicenceType
from licences.row_columns import ENVELOPE, HOLDER, Target, target_of, targets_of
from licences.row_errors import RowColumnsMissing, RowColumnsRepeated, RowColumnsUnknown

_TYPE: Final = Target("licence", "type")
_REQUIRED: Final[dict[Target, str]] = {
    **{Target("licence", key): f"{key}（{ENVELOPE[key][0]}）" for key in ("issuer", "number", "issue_date")},
    Target("licence", "business_number"): f"business_number（{ENVELOPE['business_number'][0]}）",
    **{Target("holder", key): f"holder_1_{key}（持证主体1{HOLDER[key]}）" for key in ("name", "code", "code_type")},
}

Layout = tuple[Target | None, ...]
"""The columns as one type reads them; None for one that the type does not have."""


class Header:
    """The columns of one file.

    names: as they stand in the first line. default: the type of rows that name none, or None.
    Raises RowColumnsRepeated, RowColumnsUnknown, RowColumnsMissing.
    """

    def __init__(self, names: Sequence[str], catalogue: Catalogue, default: LicenceType | None) -> None:
        self.names = tuple(name.strip() for name in names)
        self.type_column = next((at for at, name in enumerate(self.names) if name in {"type", *ENVELOPE["type"]}), None)
        only = default if self.type_column is None else None
        self._layouts = {kind.code: self._layout(kind) for kind in ([only] if only else catalogue)}
        shared = [{target for target in column if target} for column in zip(*self._layouts.values(), strict=True)]
        self._common = tuple(next(iter(targets)) if len(targets) == 1 else None for targets in shared)
        _refuse_repeated(self._layouts.values())
        self._refuse_unknown()
        self._refuse_missing(only)

    def layout(self, kind: LicenceType | None) -> Layout:
        """Return the columns as this type reads them; of an unknown type only those that do not depend on it."""
        return self._common if kind is None else self._layouts[kind.code]

    def name(self, at: int) -> str:
        """Return the name of a column for messages; one without a name is called by its letter."""
        return self.names[at] or letters(at)

    def _layout(self, kind: LicenceType) -> Layout:
        meanings = targets_of(kind)
        return tuple(target_of(meanings, name) for name in self.names)

    def _refuse_unknown(self) -> None:
        """A column without a name is no fault by itself: spreadsheets leave some. Its cells must be empty."""
        known = {at for layout in self._layouts.values() for at, target in enumerate(layout) if target is not None}
        unknown = [at for at, name in enumerate(self.names) if name and at not in known]
        if unknown:
            raise RowColumnsUnknown(_positions(unknown))

    def _refuse_missing(self, only: LicenceType | None) -> None:
        """only: the one type of the file, whose own required fields then need columns too."""
        needed = dict(_REQUIRED)
        if only is None:
            needed = {_TYPE: f"type（{ENVELOPE['type'][0]}）", **needed}
        else:
            required = only.schema.get("required", ())
            needed |= {Target("field", key): f"{key}（{only.field_labels[key].zh}）" for key in required}
        here = {target for layout in self._layouts.values() for target in layout}
        missing = [name for target, name in needed.items() if target not in here]
        if missing:
            raise RowColumnsMissing("、".join(missing))


def _refuse_repeated(layouts: Iterable[Layout]) -> None:
    repeated: set[int] = set()
    for layout in layouts:
        uses = Counter(layout)
        repeated |= {at for at, target in enumerate(layout) if target is not None and uses[target] > 1}
    if repeated:
        raise RowColumnsRepeated(_positions(sorted(repeated)))


def _positions(columns: Sequence[int]) -> str:
    shown = ", ".join(f"{at + 1} ({letters(at)})" for at in columns[:20])
    return shown + (" …" if len(columns) > 20 else "")


def letters(at: int) -> str:
    """Return how a spreadsheet names a column counted from 0: A to Z, AA to ZZ, then AAA."""
    name, number = "", at + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        name = chr(ord("A") + remainder) + name
    return name
