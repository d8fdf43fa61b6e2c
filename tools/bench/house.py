"""A throw-away service that benchmarks run on, the rows they issue, and the one core that they run on."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from api.house import House
from tools.demo.service import new_service

Say: TypeAlias = Callable[[str], None]
"""Told what is being measured."""


@contextmanager
def throwaway_house() -> Iterator[tuple[House, Path]]:
    """Found a service in a temporary folder, which goes with it; yields both."""
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        # Started by root, the database runs as another account, which must be able to pass through.
        Path(folder).chmod(0o711)
        with new_service(Path(folder, "service")) as house:
            yield house, Path(folder)


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and every thread and process that it starts in the block, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
