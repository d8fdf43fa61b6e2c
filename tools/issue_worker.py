"""One worker process of bulk issuing: opens the house for itself, and issues the batches it is given.

It ends when the pipe to its parent is closed, by the parent or by its death: a parent that was killed leaves nobody
behind. A
terminal's Ctrl-C and a supervisor's SIGTERM are the parent's to answer: a worker always brings its batch to an end.
"""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Final

from sqlalchemy.exc import DBAPIError

from api.house import open_house
from api.schema import Role
from api.settings import Settings
from ledger.errors import DomainError
from licences.drafts import LicenceRequest
from licences.faults import FieldFault
from licences.glyph_faults import glyph_faults
from licences.issuing import Issuer
from licences.issuing_errors import LicenceConflict, LicenceInProgress, RequestFaulty
from licences.issuing_production import Checkpoint, nothing
from licences.issuing_results import Existing, Failed, Issued, Outcome, Refused
from licences.row_faults import ROW
from licences.rows import Row
from licences.type_errors import GlyphMissing
from tools.bulk_results import RowResult
from tools.bulk_rows import Batch, fault_of
from tools.errors import WorkerFailed

LEFT_TO_THE_PARENT: Final = (signal.SIGINT, signal.SIGTERM)
SETTLING: Final = 60.0
"""Seconds that we wait for a licence that another process has in hand."""
_LOOK: Final = 0.1


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker's house is open. finished: licences of an earlier run that it brought to an end."""

    finished: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The worker ends: the house, not a row, is at fault."""

    error: DomainError


def run(pipe: Connection, settings: Settings, checkpoint: Checkpoint = nothing) -> None:
    """Be a worker: say Ready, answer every Batch with the results of its rows, end when the pipe is closed."""
    for number in LEFT_TO_THE_PARENT:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LEFT_TO_THE_PARENT)
    with suppress(EOFError, BrokenPipeError):
        try:
            with open_house(settings, guarded=True) as house, house.issuer(Role.WORKER, checkpoint) as issuer:
                pipe.send(Ready(issuer.finish_intents(_clock)))
                while True:
                    pipe.send(issue(issuer, pipe.recv()))
        except (EOFError, BrokenPipeError):
            raise
        except DomainError as error:
            pipe.send(Broken(error))
        except Exception as error:  # noqa: BLE001  it crosses to the parent, which tells it
            pipe.send(Broken(WorkerFailed(reason=_reason(error))))


def issue(issuer: Issuer, batch: Batch) -> list[RowResult]:
    """Issue a batch; a row whose licence another process has in hand is asked for again until it is settled."""
    results: list[RowResult] = []
    rows, end = list(batch.rows), time.monotonic() + SETTLING
    while rows:
        outcomes = issuer.issue_batch([_request(row) for row in rows], batch.actor, _clock)
        told = list(zip(rows, outcomes, strict=True))
        over = time.monotonic() > end
        results += [_result(row, outcome) for row, outcome in told if over or not _in_hand(outcome)]
        rows = [] if over else [row for row, outcome in told if _in_hand(outcome)]
        if rows:
            time.sleep(_LOOK)
    return results


def _clock() -> datetime:
    return datetime.now(UTC)


def _request(row: Row) -> LicenceRequest:
    assert row.request is not None
    return row.request


def _in_hand(outcome: Outcome) -> bool:
    return isinstance(outcome, Existing) and outcome.stage == "intent"


def _result(row: Row, outcome: Outcome) -> RowResult:
    match outcome:
        case Issued():
            return RowResult(row.line, "issued", outcome.identifier, outcome.serial, row.faults)
        case Existing(stage="intent"):
            error = LicenceInProgress(identifier=outcome.identifier)
            return RowResult(row.line, "failed", outcome.identifier, outcome.serial, (fault_of(ROW, error),))
        case Existing():
            return RowResult(row.line, "existing", outcome.identifier, outcome.serial, row.faults)
        case Refused():
            return RowResult(row.line, "refused", faults=_faults(outcome.error))
        case Failed():
            intent = outcome.intent
            return RowResult(row.line, "failed", intent.identifier, intent.serial, _causes(row, outcome.error))


def _causes(row: Row, error: DomainError) -> tuple[FieldFault, ...]:
    found = glyph_faults(error, _request(row)) if isinstance(error, GlyphMissing) else ()
    return found or (fault_of(ROW, error),)


def _faults(error: DomainError) -> tuple[FieldFault, ...]:
    if isinstance(error, RequestFaulty):
        return error.faults
    return (fault_of(error.taken if isinstance(error, LicenceConflict) else ROW, error),)


def _reason(error: Exception) -> str:
    """Return what may be shown of an error: SQLAlchemy's own text would repeat the statement's parameters."""
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    return f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"
