"""A throw-away service that benchmarks run on, and the one core that they run on."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from api.house import House
from licences.drafts import LicenceRequest
from licences.rows import read_rows
from tools.demo.rows import write_rows
from tools.demo.service import new_service

Say: TypeAlias = Callable[[str], None]
"""Told what is being measured."""


@contextmanager
def throwaway_house() -> Iterator[House]:
    """Found a service in a temporary folder, which goes with it."""
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        # Started by root, the database runs as another account, which must be able to pass through.
        Path(folder).chmod(0o711)
        with new_service(Path(folder, "service")) as house:
            yield house


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this thread, and every thread and process that it starts in the block, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def requests(house: House, count: int, seed: int = 1) -> list[LicenceRequest]:
    """Return requests for licences of all five types, mixed as in the demonstration."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.csv")
        write_rows(path, count, seed)
        rows = list(read_rows(path, house.catalogue, default_type=None))
    return [row.request for row in rows if row.request is not None]
