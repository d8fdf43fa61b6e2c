"""Bulk issuing: an import file in, licences out, by several processes over one reader.

Each row is issued once, whoever dies: a row is a request with a natural key, and what a killed run left half-made the
next one finishes first. Memory does not grow with the file: `MOST_WAITING` rows wait for their batch, and as many
batches as there are workers are under way.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from api.house import House
from api.systems import RegisteredSystem
from licences.issuing_production import Checkpoint, nothing
from licences.rows import Row, read_rows
from seals.local_time import local_date
from tools.bulk_results import RowResult, Summary, Tally
from tools.bulk_rows import Batch, Feed
from tools.crew import Crew
from tools.sequencing import Sequencing

MOST_JOBS: Final = 4


def default_jobs() -> int:
    """Return how many processes are worth their memory here: one a core, at most four."""
    return min(len(os.sched_getaffinity(0)), MOST_JOBS)


def _tell_nobody(_told: object) -> None:
    pass


def _never() -> bool:
    return False


def issue_file(
    house: House,
    path: Path,
    system: RegisteredSystem,
    *,
    default_type: str | None = None,
    jobs: int | None = None,
    report: Callable[[RowResult], None] = _tell_nobody,
    progress: Callable[[Tally], None] = _tell_nobody,
    stop: Callable[[], bool] = _never,
    checkpoint: Checkpoint = nothing,
) -> Summary:
    """Issue every row of a file, and see its events into the ledger.

    default_type: short name or code of the type of rows that name none. report: told of every row, in the order in
    which they end. progress: told the count as it grows. stop: asked often; once it says so, the batches under way are
    finished and no more are begun. checkpoint: for fault tests, told every step by the workers: it must pickle.

    Raises TypeUnknown and, if there is nothing to read at all, RowFileError; Crash if a worker fails.
    """
    today = local_date(datetime.now(UTC))
    rows = read_rows(path, house.catalogue, default_type=default_type, today=today)
    run = _Run(rows, system, jobs or default_jobs(), report, progress, stop)
    run.open()
    with Sequencing(house.sequencer()), Crew(house.settings, run.jobs, checkpoint) as crew:
        return run.through(crew)


class _Run:
    """One file on its way through a crew."""

    def __init__(
        self,
        rows: Iterator[Row],
        system: RegisteredSystem,
        jobs: int,
        report: Callable[[RowResult], None],
        progress: Callable[[Tally], None],
        stop: Callable[[], bool],
    ) -> None:
        self.jobs = jobs
        self._feed = Feed(rows, system, self._settle)
        self._report = report
        self._progress = progress
        self._stop = stop
        self._prepared: deque[Batch] = deque()
        self._ended = False
        self._tally = Tally()

    def open(self) -> None:
        """Read as far as the first batch; raises RowFileError if nothing can be read."""
        self._prepare()
        if self._feed.error is not None and not self._feed.rows_read:
            raise self._feed.error

    def through(self, crew: Crew) -> Summary:
        """Hand everything out, and wait for the results."""
        while not self._stop():
            self._prepare()
            crew.expect(len(self._prepared))
            while self._prepared and crew.give(self._prepared[0]):
                self._prepared.popleft()
            if not self._prepared and not crew.at_work:
                break
            self._collect(crew)
        while crew.at_work:
            self._collect(crew)
        self._tally.ended = self._ended and not self._prepared
        self._progress(self._tally)
        return self._tally.summary(self._feed.error)

    def _prepare(self) -> None:
        """Keep a batch at hand for every worker, so that none waits for the reader."""
        while not self._ended and len(self._prepared) < self.jobs:
            batch = self._feed.next()
            if batch is None:
                self._ended = True
            else:
                self._prepared.append(batch)

    def _collect(self, crew: Crew) -> None:
        for result in crew.wait():
            self._settle(result)
        tally = self._tally
        tally.finished = crew.finished
        if crew.ready_since is not None:
            tally.seconds = time.monotonic() - crew.ready_since
        if self._feed.rows_read:
            # A row may span several lines: the finished rows are taken to be as long as those read so far.
            tally.lines = round(self._feed.last_line * tally.rows / self._feed.rows_read)
        self._progress(tally)

    def _settle(self, result: RowResult) -> None:
        self._tally.outcomes[result.outcome] += 1
        self._report(result)
