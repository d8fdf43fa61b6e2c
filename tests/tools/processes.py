"""Processes of the tests, and waiting for them."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60.0


def children(parent: int) -> list[int]:
    """Return the ids of a process's children."""
    tasks = Path(f"/proc/{parent}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def wait_for(condition: Callable[[], bool]) -> None:
    """Return as soon as the condition holds; fail if it never does."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
