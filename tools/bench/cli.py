"""How long the command line takes from a cold start: whole processes, against the seconds allowed."""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from api.house import House
from api.schema import Role
from licences import status_list
from tools.bench.house import Say, throwaway_house
from tools.bench.row import Row
from tools.bulk import issue_file
from tools.demo.rows import write_rows
from tools.demo.service import approval_system
from tools.licences import export_files

RUNS: Final = 9
HELP_GOAL: Final = 0.4
VERIFY_GOAL: Final = 1.0


def rows(runs: int, say: Say) -> Iterator[Row]:
    """Measure `elicence --help` and `elicence verify FILE`: the median of several runs, after one not counted."""
    elicence = [sys.executable, "-m", "tools.cli"]
    with throwaway_house() as (house, folder):
        say("cli: a licence to verify")
        verify = _verify(house, folder)
        for name, command, goal in (("help", ["--help"], HELP_GOAL), ("verify", verify, VERIFY_GOAL)):
            say(f"cli: {name}")
            _, *seconds = (_seconds([*elicence, *command]) for _ in range(runs + 1))
            yield Row(name, median(seconds), "s", "goal", goal)


def _verify(house: House, folder: Path) -> list[str]:
    """Issue a licence and return the arguments that verify it."""
    write_rows(folder / "rows.csv", 1)
    issue_file(house, folder / "rows.csv", approval_system(house), jobs=1)
    (licence,) = export_files(house, folder / "licences")
    signer, chain = house.status_signer()
    with house.database.session(Role.WORKER) as session:
        text = status_list.build(session, signer, chain, house.settings.base_url, datetime.now(UTC))
    trust, status = folder / "trust.json", folder / "status.jwt"
    trust.write_bytes(house.ceremony.trust)
    status.write_text(text, encoding="ascii")
    document = folder / "licences" / f"{licence.name}.pdf"
    return ["verify", str(document), "--trust", str(trust), "--status", str(status), "--json"]


def _seconds(command: Sequence[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin
