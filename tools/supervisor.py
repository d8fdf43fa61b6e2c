"""Supervision: processes that are started again when they die, and end when the supervisor does."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

STOP_PATIENCE: Final = 15.0
FAILED: Final = 2
HALTED: Final = 4
"""The exit code of a process that must not be started again before an operator has looked."""
_WINDOW: Final = 60.0
_STARTS_IN_WINDOW: Final = 6
_FIRST_PAUSE: Final = 0.5
_TICK: Final = 0.1
_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class Child:
    """One supervised process. descriptors: open files that it takes over. due: when it is to be started again."""

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    due: float | None = None
    halted: bool = False

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches the supervisor alone."""
        now = time.monotonic()
        self.starts = [*(moment for moment in self.starts if now - moment < _WINDOW), now]
        self.due = None
        supervisor = os.getpid()
        self.process = subprocess.Popen(
            self.command,
            start_new_session=True,
            pass_fds=self.descriptors,
            preexec_fn=lambda: _die_with(supervisor),  # noqa: PLW1509 - the supervisor has one thread
        )

    @property
    def has_ended(self) -> bool:
        """Whether it was started and runs no more."""
        return self.process is not None and self.process.poll() is not None

    @property
    def keeps_dying(self) -> bool:
        """Whether it was started too often in the window."""
        return len(self.starts) >= _STARTS_IN_WINDOW

    @property
    def pause(self) -> float:
        """Seconds before the next start: at once after a long life, longer and longer after short ones."""
        return 0.0 if len(self.starts) == 1 else float(_FIRST_PAUSE * 2 ** (len(self.starts) - 2))


class Supervisor:
    """Runs its children until it is told to stop. say: told what happens, a line a time."""

    def __init__(self, children: Sequence[Child], say: Callable[[str], None]) -> None:
        self._children = children
        self._say = say
        self._stopping = False

    def run(self) -> int:
        """Start all, watch all, end all; return the exit code."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for child in self._children:
            child.start()
        code = 0
        while not self._stopping and code == 0:
            time.sleep(_TICK)
            code = max(self._look_after(child) for child in self._children)
        self._end_all()
        return code

    def _look_after(self, child: Child) -> int:
        """Start a dead child again; return FAILED if that has not helped."""
        if not child.has_ended or child.halted or self._stopping:
            return 0
        if child.due is None:
            assert child.process is not None
            if child.process.returncode == HALTED:
                # It would only find the same contradiction again. The others go on: what they serve is still true.
                child.halted = True
                self._say(f"{child.name}: 已停止，请联系管理员，其他服务继续 / has stopped for good, call the operator")
                return 0
            if child.keeps_dying:
                self._say(f"{child.name}: 反复退出，停止服务 / keeps ending, stopping ({child.process.returncode})")
                return FAILED
            self._say(f"{child.name}: 意外退出，重新启动 / ended, starting it again ({child.process.returncode})")
            child.due = time.monotonic() + child.pause
        if time.monotonic() >= child.due:
            child.start()
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end_all(self) -> None:
        running = [child.process for child in self._children if child.process is not None and not child.has_ended]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_PATIENCE
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _die_with(supervisor: int) -> None:
    """Ask the kernel to end this process when the supervisor dies, even by kill -9; called between fork and exec."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:  # it died before the call
        os._exit(1)
