"""Issuing beside what nobody could leave out: the render alone, of the same pages with the same JSON attached."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Final

from api.house import House
from api.schema import Role
from licences.rendering import Renderer
from licences.rows import Row as ImportRow
from licences.rows import read_rows
from tools.bench import house_seal
from tools.bench.house import Say, one_core, throwaway_house
from tools.bench.pages import Page, RecordingHouse
from tools.bench.row import Row
from tools.bench.stock_seal import require_reference
from tools.bulk import issue_file
from tools.bulk_results import RowResult, Tally
from tools.bulk_rows import Feed
from tools.demo.rows import write_rows
from tools.demo.service import approval_system
from tools.issue_worker import issue
from tools.sequencing import drain

REFERENCE: Final = "render alone, one core"
_UNIT: Final = "licences/s"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: the median of `rounds`, each of `licences`, after `warm_up` licences that do not count.

    seal_seconds: how long a seal is measured beside its reference.
    """

    licences: int = 160
    rounds: int = 3
    warm_up: int = 20
    seal_seconds: float = 10.0


def rows(size: Size, say: Say) -> Iterator[Row]:
    """Measure issuing on one core and on two, and sealing; raises BenchmarkNeedsPyhanko before anything is measured."""
    require_reference()
    with one_core(), throwaway_house() as (opened, folder):
        house = RecordingHouse(opened)
        yield _on_one_core(house, folder, size, say)
        pages = house.recorder.pages
        say("seal")
        title = next(page for page in pages if page.kind.slug == "real-estate-title")
        yield house_seal.row(house, title.render(Renderer(house.fonts)), title.kind, size.seal_seconds)
    yield _on_two_cores(pages, size, say)


def _on_one_core(house: RecordingHouse, folder: Path, size: Size, say: Say) -> Row:
    """Measure all that issuing is on one core: the database's own work and the published checkpoint included."""
    path, alone = folder / "rows.csv", Renderer(house.fonts)
    write_rows(path, size.warm_up + size.rounds * size.licences)
    wanted = read_rows(path, house.catalogue, default_type=None)
    rates = []
    for number in range(size.rounds + 1):
        say(f"issue: round {number} of {size.rounds}")
        batch = list(islice(wanted, size.licences if number else size.warm_up))
        house.recorder.pages.clear()
        ours = _rate(len(batch), partial(issue_all, house, batch))
        rates.append((ours, _rate(len(batch), partial(_render, alone, house.recorder.pages))))
    return _row("issue", rates[1:])


def _on_two_cores(pages: Sequence[Page], size: Size, say: Say) -> Row:
    """Measure `elicence issue` with two processes, from their first results to the published checkpoint."""
    alone, rates = None, []
    for number in range(1, size.rounds + 1):
        say(f"issue-2-cores: round {number} of {size.rounds}")
        with throwaway_house() as (house, folder):
            ours = _two_processes(house, folder / "rows.csv", 2 * size.licences)
            alone = alone or Renderer(house.fonts)
            with one_core():
                rates.append((ours, _rate(len(pages), partial(_render, alone, pages))))
    return _row("issue-2-cores", rates)


def issue_all(house: House, rows: Sequence[ImportRow]) -> None:
    """Issue rows as `elicence issue` does, in this process, until the published checkpoint has every entry."""
    feed = Feed(iter(rows), approval_system(house), _must_be_issued)
    with house.issuer(Role.WORKER) as issuer:
        while (batch := feed.next()) is not None:
            for result in issue(issuer, batch):
                _must_be_issued(result)
    drain(house.sequencer())


def _two_processes(house: House, path: Path, count: int) -> float:
    write_rows(path, count)
    begun: list[tuple[float, int]] = []

    def note(tally: Tally) -> None:
        if tally.rows and not begun:
            begun.append((time.perf_counter(), tally.rows))

    issue_file(house, path, approval_system(house), jobs=2, report=_must_be_issued, progress=note)
    ((begin, already),) = begun
    return (count - already) / (time.perf_counter() - begin)


def _render(renderer: Renderer, pages: Sequence[Page]) -> None:
    for page in pages:
        page.render(renderer)


def _rate(count: int, work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return count / (time.perf_counter() - begin)


def _row(name: str, rates: Sequence[tuple[float, float]]) -> Row:
    ours, reference = (median(column) for column in zip(*rates, strict=True))
    return Row(name, ours, _UNIT, REFERENCE, reference)


def _must_be_issued(result: RowResult) -> None:
    assert result.outcome == "issued", result
