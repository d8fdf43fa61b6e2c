"""A process that issues a file and dies at a step: `python -m tests.tools.issue_driver HOME FILE [STEP CALL]`.

It prints a line of JSON for every row that is acknowledged, as an import would note it.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from api.house import House, open_house
from api.schema import Role
from api.settings import Settings
from licences.issuing_production import Checkpoint, nothing
from licences.rows import read_rows
from tools.acting import acting_system
from tools.bulk_results import RowResult
from tools.bulk_rows import Feed
from tools.issue_worker import issue


@dataclass(slots=True)
class KillAt:
    """Ends the process without a word when a step is reported for the n-th time."""

    step: str
    call: int
    calls: int = field(default=0)

    def __call__(self, step: str) -> None:
        self.calls += step == self.step
        if self.calls == self.call and step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def issue_here(
    house: House,
    path: Path,
    checkpoint: Checkpoint = nothing,
    acknowledge: Callable[[RowResult], None] = lambda _result: None,
) -> list[RowResult]:
    """Issue a file in this very process, as a worker would."""
    results: list[RowResult] = []
    with house.issuer(Role.WORKER, checkpoint) as issuer:
        issuer.finish_intents(lambda: datetime.now(UTC))
        feed = Feed(read_rows(path, house.catalogue, default_type=None), acting_system(house, None), results.append)
        while (batch := feed.next()) is not None:
            results += issue(issuer, batch)
            for result in results[-len(batch.rows) :]:
                acknowledge(result)
    return results


def note(result: RowResult) -> None:
    sys.stdout.write(json.dumps(result.as_json()) + "\n")
    sys.stdout.flush()


def main(home: str, path: str, step: str = "", call: str = "0") -> None:
    settings = Settings(home=Path(home))
    with open_house(settings) as house:
        issue_here(house, Path(path), KillAt(step, int(call)), note)


if __name__ == "__main__":
    main(*sys.argv[1:])
