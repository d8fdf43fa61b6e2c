"""Rows of an import file on their way into the house: refused here, or gathered into batches of one issuer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from api.systems import DecisionMissing, NotAuthorised, RegisteredSystem
from ledger.actor import Actor
from ledger.errors import DomainError
from licences.faults import FieldFault
from licences.issuing import BATCH
from licences.row_errors import RowFileError
from licences.rows import Row
from tools.bulk_results import RowResult

MOST_WAITING: Final = 16 * BATCH
"""Rows that wait for others of their issuer: beyond it the fullest batch goes as it is."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows without faults, all of one issuer, and who issues them."""

    actor: Actor
    rows: tuple[Row, ...] = field(repr=False)


def fault_of(place: str, error: DomainError) -> FieldFault:
    """Return an error as a fault of a row."""
    return FieldFault(place, error.code, error.message("zh"), error.message("en"))


class Feed:
    """Reads rows and hands out batches: at most `MOST_WAITING` rows are held.

    refuse: told of every row that cannot be issued. `error`: why the file could not be read to its end, if so.
    """

    def __init__(self, rows: Iterator[Row], system: RegisteredSystem, refuse: Callable[[RowResult], None]) -> None:
        self._rows = rows
        self._system = system
        self._refuse = refuse
        self._waiting: dict[str, list[Row]] = {}
        self.rows_read = 0
        self.last_line = 0
        self.error: RowFileError | None = None

    def next(self) -> Batch | None:
        """Return the next batch, None at the end."""
        while (row := self._read()) is not None:
            full = self._take(row)
            if full is not None:
                return full
        return self._fullest() if self._waiting else None

    def _read(self) -> Row | None:
        try:
            row = next(self._rows, None)
        except RowFileError as error:
            # What was read before it stands: it is issued, and then the error is told.
            self.error = error
            return None
        if row is not None:
            self.rows_read += 1
            self.last_line = row.line
        return row

    def _take(self, row: Row) -> Batch | None:
        faults = row.faults if row.request is None else self._objections(row)
        if row.request is None or faults:
            self._refuse(RowResult(row.line, "refused", faults=tuple(faults)))
            return None
        waiting = self._waiting.setdefault(row.request.issuer, [])
        waiting.append(row)
        if len(waiting) == BATCH:
            return self._batch(row.request.issuer)
        return self._fullest() if sum(map(len, self._waiting.values())) >= MOST_WAITING else None

    def _objections(self, row: Row) -> tuple[FieldFault, ...]:
        """Return why the door does not let a row in: the same rules as for a system that pushes it."""
        assert row.request is not None
        if row.request.decision is None:
            return (fault_of("decision", DecisionMissing()),)
        if row.request.issuer not in self._system.issuers:
            return (fault_of("issuer", NotAuthorised(unit=row.request.issuer)),)
        return ()

    def _fullest(self) -> Batch:
        return self._batch(max(self._waiting, key=lambda issuer: len(self._waiting[issuer])))

    def _batch(self, issuer: str) -> Batch:
        return Batch(self._system.actor_for(issuer), tuple(self._waiting.pop(issuer)))
