"""Worker processes of bulk issuing: started when there is work for them, each with one batch at a time.

Each has a pipe of its own and nothing in common with the others, so that the death of one corrupts nobody: no queue is
shared, no lock. They are forked from a server that has only imported what they need, never from us: database pools,
threads and compilers do not survive a fork.
"""

import multiprocessing
import signal
import time
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from types import TracebackType
from typing import Final, Self

from api.settings import Settings
from licences.issuing_production import Checkpoint, nothing
from tools import issue_worker
from tools.bulk_results import RowResult
from tools.bulk_rows import Batch
from tools.errors import WorkerDied, WorkerSilent
from tools.issue_worker import Broken, Ready

SILENCE: Final = 600.0
"""Seconds without an answer after which a worker counts as hung."""
_FAREWELL: Final = 60.0
_TICK: Final = 0.5


@dataclass(slots=True)
class _Worker:
    process: ForkServerProcess
    pipe: Connection
    ready: bool = False
    batch: Batch | None = field(default=None, repr=False)
    since: float = field(default_factory=time.monotonic)

    @property
    def idle(self) -> bool:
        """True when it waits for a batch."""
        return self.ready and self.batch is None


class Crew:
    """At most `size` workers; use it as a context manager.

    finished: how many licences of an earlier run they brought to an end. ready_since: when the first one was ready.
    """

    def __init__(self, settings: Settings, size: int, checkpoint: Checkpoint = nothing) -> None:
        self._settings = settings
        self._size = size
        self._checkpoint = checkpoint
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([issue_worker.__name__])
        self._workers: list[_Worker] = []
        self.finished = 0
        self.ready_since: float | None = None

    def __enter__(self) -> Self:
        # One always starts, work or not: it looks for what an earlier run left.
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def at_work(self) -> bool:
        """True while an answer is awaited."""
        return any(not worker.idle for worker in self._workers)

    def expect(self, batches: int) -> None:
        """Start another worker if so many batches are more than those at hand will take at once."""
        free = sum(worker.batch is None for worker in self._workers)
        if batches > free and len(self._workers) < self._size:
            self._start()

    def give(self, batch: Batch) -> bool:
        """Hand a batch to an idle worker; False if there is none."""
        worker = next((worker for worker in self._workers if worker.idle), None)
        if worker is None:
            return False
        worker.batch, worker.since = batch, time.monotonic()
        try:
            worker.pipe.send(batch)
        except OSError as error:
            raise self._death(worker) from error
        return True

    def wait(self) -> list[RowResult]:
        """Return the results that have come in, none if nothing happens for half a second.

        Raises WorkerDied, WorkerSilent, and what a worker ended with.
        """
        results: list[RowResult] = []
        pipes = {worker.pipe: worker for worker in self._workers if not worker.idle}
        for pipe in wait(list(pipes), _TICK):
            assert isinstance(pipe, Connection)
            results += self._receive(pipes[pipe])
        for worker in pipes.values():
            if not worker.idle and time.monotonic() - worker.since > SILENCE:
                worker.process.kill()
                raise WorkerSilent(seconds=round(SILENCE))
        return results

    def end(self) -> None:
        """Let everybody finish the batch in hand, and wait for them."""
        for worker in self._workers:
            worker.pipe.close()  # what a worker reads as the end, now or when it has finished its batch
        end = time.monotonic() + _FAREWELL
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._workers.clear()

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        arguments = (theirs, self._settings, self._checkpoint)
        process = self._context.Process(target=issue_worker.run, args=arguments, name="issuing", daemon=True)
        # A Ctrl-C is ours alone, also before the child has learnt to ignore it, when it unblocks the signals.
        resource_tracker.ensure_running()  # which plays with the mask itself
        before = signal.pthread_sigmask(signal.SIG_BLOCK, issue_worker.LEFT_TO_THE_PARENT)
        try:
            forkserver.ensure_running()
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self._workers.append(_Worker(process, ours))

    def _receive(self, worker: _Worker) -> list[RowResult]:
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._death(worker) from error
        worker.since = time.monotonic()
        match answer:
            case Ready():
                worker.ready = True
                self.ready_since = self.ready_since or worker.since
                self.finished += answer.finished
                return []
            case Broken():
                raise answer.error
            case _:
                worker.batch = None
                results: list[RowResult] = answer
                return results

    def _death(self, worker: _Worker) -> WorkerDied:
        worker.process.join(_TICK)
        return WorkerDied(exit_code=worker.process.exitcode)
