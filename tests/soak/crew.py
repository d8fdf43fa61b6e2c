"""Processes that share a run's inputs, each watched: one that dies or hangs gives away the input that it was at."""

import contextlib
import gc
import multiprocessing
import os
import queue
import resource
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from ctypes import c_char, c_uint64
from dataclasses import dataclass, field
from multiprocessing.sharedctypes import RawArray
from typing import Any

from tests.soak.targets import Target
from tests.soak.trial import Finding, Tally, Trial

ADDRESS_SPACE = 3 << 30
"""Octets that a process may ask for: what wants more gets a MemoryError, which is a finding."""
SILENCE = 60.0
"""Seconds at one input after which a process is taken for hung."""
_ROOM = 4 << 20
_ALIKE = 5
Keep = Callable[[Finding], None]
_CONTEXT = multiprocessing.get_context("fork")


@dataclass
class Outcome:
    """What a run found, and what its processes counted. peak: the most memory of a process, KiB."""

    findings: list[Finding] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)
    peak: int = 0

    def take(self, told: "Outcome") -> None:
        """Add what a process told."""
        self.findings += told.findings
        self.peak = max(self.peak, told.peak)
        for name, tally in told.tallies.items():
            self.tallies.setdefault(name, Tally()).add(tally)


class _Worker:
    """A process with every `stride`th input, its number and the input itself in memory that the parent can read."""

    def __init__(self, trial: Trial, numbers: range, keep: Keep) -> None:
        self.done: Any = RawArray(c_uint64, 1)
        self.number: Any = RawArray(c_uint64, 1)
        self._size: Any = RawArray(c_uint64, 1)
        self._input: Any = RawArray(c_char, _ROOM)
        self._told: Any = _CONTEXT.Queue()
        self._trial, self._numbers, self._keep = trial, numbers, keep
        self.process = _CONTEXT.Process(target=self._work)
        self.process.start()
        self._moved = (0, time.monotonic())

    def _work(self) -> None:
        os.nice(5)
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        warnings.simplefilter("error")  # as in the test suite: what a stranger sends must not fill our logs
        gc.freeze()
        outcome, alike = Outcome(), Counter[str]()
        for number in self._numbers:
            target, data = self._trial.input(number)
            self.number[0], self._size[0] = number, min(len(data), _ROOM)
            self._input[: self._size[0]] = data[:_ROOM]
            found = self._trial.run(number, target, data)
            self.done[0] += 1
            if found is not None:
                alike[found.what] += 1
                if alike[found.what] <= _ALIKE:
                    self._keep(found)  # at once: the run may be stopped
                    outcome.findings.append(found)
        outcome.tallies = self._trial.tallies
        outcome.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        self._told.put(outcome)

    def fate(self) -> str | None:
        """Say whether it has died, or been at one input for too long, which is then the end of it."""
        if not self.process.is_alive():
            return "died"
        done, since = self._moved
        if self.done[0] != done:
            self._moved = (self.done[0], time.monotonic())
        elif time.monotonic() - since > SILENCE:
            self.process.kill()
            self.process.join()
            return "hung"
        return None

    def told(self) -> Outcome | None:
        """Return what it has found, None as long as it works."""
        with contextlib.suppress(queue.Empty):
            found: Outcome = self._told.get_nowait()
            self.process.join()
            return found
        return None

    def lost(self, what: str) -> Outcome:
        """Return the input that it did not survive as its only finding."""
        number = self.number[0]
        target = self._trial.targets[number % len(self._trial.targets)]
        data = bytes(self._input[: self._size[0]])
        found = Finding(target.name, number, what, data, f"exit code {self.process.exitcode}")
        self._keep(found)
        return Outcome([found])

    def successor(self) -> "_Worker":
        """Start another one after the input that this one did not survive."""
        return _Worker(self._trial, self._numbers[self.done[0] + 1 :], self._keep)


def run(
    targets: Sequence[Target], seed: int, count: int, jobs: int, *, keep: Keep, progress: Callable[[int], None]
) -> Outcome:
    """Give `count` inputs to the targets by `jobs` processes.

    keep: given each finding, in whichever process; progress: told how many are done.
    """
    working = [_Worker(Trial(targets, seed), range(first, count, jobs), keep) for first in range(jobs)]
    every, outcome = list(working), Outcome()
    while working:
        time.sleep(0.2)
        for worker in list(working):
            lost = worker.fate()
            told = worker.told()
            if told is None and lost is not None:
                told = worker.lost(lost)
                working.append(worker.successor())
                every.append(working[-1])
            if told is not None:
                outcome.take(told)
                working.remove(worker)
        progress(sum(worker.done[0] for worker in every))
    return outcome
