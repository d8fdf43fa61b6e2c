"""One input after another: timed, watched, and kept with its story if anything but the declared happens."""

import hashlib
import resource
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from ledger.errors import DomainError
from tests.soak.targets import Target

LIMIT = 1.0
"""Seconds of this process's own time that an input may cost: other people's load on the machine does not count."""
GROWTH = 64 << 10
"""KiB by which the process's peak may grow at one input."""
_NOTICEABLE = 0.005
"""Seconds below which an input cannot have taken so much memory; to look costs more than most inputs do."""
_LOOK = 200
"""Inputs between two looks at what the process holds anyhow: its caches fill up slowly."""


class TooSlowError(BaseException):
    """The time is up; no parser's `except` catches it."""


@dataclass(frozen=True)
class Finding:
    """What an input did that it must not. what: the kind, by which findings are sorted."""

    target: str
    number: int
    what: str
    data: bytes
    story: str


@dataclass
class Tally:
    """What a target was given. accepted: inputs in which it found no fault; slowest: seconds; longest: octets."""

    inputs: int = 0
    accepted: int = 0
    slowest: float = 0.0
    longest: int = 0

    def add(self, other: "Tally") -> None:
        """Add what another process counted."""
        self.inputs += other.inputs
        self.accepted += other.accepted
        self.slowest = max(self.slowest, other.slowest)
        self.longest = max(self.longest, other.longest)


@dataclass
class Trial:
    """Gives inputs to targets in turn. seed: of the run; an input depends on it, its number and the corpus alone."""

    targets: Sequence[Target]
    seed: int
    tallies: dict[str, Tally] = field(default_factory=dict)
    _done: int = 0
    _peak: int = 0

    def input(self, number: int) -> tuple[Target, bytes]:
        """Make the input of a number."""
        target = self.targets[number % len(self.targets)]
        return target, target.make(Random(f"{self.seed}:{number}"))

    def run(self, number: int, target: Target, data: bytes) -> Finding | None:
        """Give an input to its target and return what was wrong with that, if anything."""
        if self._done % _LOOK == 0:
            self._peak = _peak()
        begin = time.process_time()
        accepted = False
        fault: BaseException | None = None
        try:
            with _limited():
                target.read(data)
            accepted = True
        except target.declared:
            pass
        except (Exception, TooSlowError) as error:  # noqa: BLE001 - whatever it is, it is a finding
            fault = error
        seconds = time.process_time() - begin
        tally = self.tallies.setdefault(target.name, Tally())
        tally.add(Tally(1, int(accepted), seconds, len(data)))
        self._done += 1
        if fault is None and seconds > LIMIT:
            fault = TooSlowError()
        if fault is not None:
            return Finding(target.name, number, _kind(fault), data, _story(fault, seconds))
        grown = _peak() - self._peak if seconds > _NOTICEABLE else 0
        return Finding(target.name, number, "memory", data, f"the peak grew by {grown} KiB") if grown > GROWTH else None


def _story(fault: BaseException, seconds: float) -> str:
    return "".join(traceback.format_exception(fault)) + f"\nafter {seconds:.3f} s"


def _kind(fault: BaseException) -> str:
    """Return what it is and where, so that the same fault is told once."""
    if isinstance(fault, TooSlowError):
        return "slow"
    last = traceback.extract_tb(fault.__traceback__)[-1]
    undeclared = "undeclared " if isinstance(fault, DomainError) else ""
    return f"{undeclared}{type(fault).__name__} in {Path(last.filename).name}:{last.name}"


def _peak() -> int:
    """Return the most memory that the process has held, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _up(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlowError


@contextmanager
def _limited() -> Iterator[None]:
    """Interrupt what is in the block when it has had its time."""
    before = signal.signal(signal.SIGPROF, _up)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def file_name(finding: Finding, seed: int) -> str:
    """Return what a failing input is kept as."""
    return f"{finding.target}-{seed}-{finding.number}-{hashlib.sha256(finding.data).hexdigest()[:8]}.bin"


def keep(finding: Finding, folder: Path, seed: int) -> None:
    """Write a failing input down, and beside it what it did and how it comes again."""
    path = folder / file_name(finding, seed)
    path.write_bytes(finding.data)
    told = f"{finding.what}\nseed {seed}, input {finding.number}\nagain: --replay {path} --corpus {folder}/corpus-{seed}.json\n\n{finding.story}\n"
    path.with_suffix(".txt").write_text(told, encoding="utf-8")
