"""Issuing beside what nobody could leave out: the render alone, of the same pages with the same JSON attached."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Final

from api.house import House
from api.schema import Role
from licences.drafts import LicenceRequest
from licences.issuing_results import Issued, Outcome
from licences.licence_type import LicenceType
from licences.rendering import LicenceView, Renderer
from tools.bench.house import Say, one_core, requests, throwaway_house
from tools.bench.row import Row
from tools.demo.service import approval_system

REFERENCE: Final = "render alone"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: the median of `rounds`, each of `licences`, after `warm_up` licences that do not count."""

    licences: int = 160
    rounds: int = 3
    warm_up: int = 20


@dataclass(frozen=True, slots=True)
class Page:
    """What a page was made of."""

    kind: LicenceType
    view: LicenceView
    json_document: bytes
    keywords: Sequence[str]
    now: datetime


class RecordingRenderer(Renderer):
    """Renders, and keeps what pages were made of, so that the same can be rendered alone."""

    def __init__(self, fonts: Sequence[Path]) -> None:
        super().__init__(fonts)
        self.pages: list[Page] = []

    def render(
        self, kind: LicenceType, view: LicenceView, json_document: bytes, keywords: Sequence[str], now: datetime
    ) -> bytes:
        """Return the page, as `Renderer`."""
        self.pages.append(Page(kind, view, json_document, keywords, now))
        return super().render(kind, view, json_document, keywords, now)


class RecordingHouse(House):
    """A house whose issuers share one recording renderer."""

    recorder: RecordingRenderer

    def renderer(self) -> RecordingRenderer:
        """Return the recording renderer."""
        return self.recorder


def row(size: Size, say: Say) -> Row:
    """Measure the whole of issuing on one core, the database's own work and the published checkpoint included."""
    with one_core(), throwaway_house() as opened:
        house = RecordingHouse(opened.settings, opened.database, opened.objects)
        house.recorder = RecordingRenderer(house.fonts)
        alone = Renderer(house.fonts)
        wanted = requests(house, size.warm_up + size.rounds * size.licences)
        ours, reference = [], []
        for number, batch in enumerate(_rounds(wanted, size)):
            say(f"issue: {number}/{size.rounds}")
            house.recorder.pages.clear()
            mine = _rate(len(batch), lambda batch=batch: issue_all(house, batch))
            theirs = _rate(len(batch), lambda: render_all(alone, house.recorder.pages))
            if number:
                ours.append(mine)
                reference.append(theirs)
    return Row("issue", median(ours), "licences/s", REFERENCE, median(reference))


def issue_all(house: House, wanted: Sequence[LicenceRequest]) -> None:
    """Issue by the steps of the house, until the published checkpoint has every entry."""
    system = approval_system(house)
    with house.issuer(Role.WORKER) as issuer:
        for unit, batch in groupby(sorted(wanted, key=attrgetter("issuer")), attrgetter("issuer")):
            issuer.issue_rows(batch, system.actor_for(unit), lambda: datetime.now(UTC), _must_be_issued)
    sequencer = house.sequencer()
    while sequencer.run_once(datetime.now(UTC)):
        pass


def render_all(renderer: Renderer, pages: Sequence[Page]) -> None:
    """Render pages and nothing else."""
    for page in pages:
        renderer.render(page.kind, page.view, page.json_document, page.keywords, page.now)


def _rounds(wanted: Sequence[LicenceRequest], size: Size) -> Iterator[Sequence[LicenceRequest]]:
    yield wanted[: size.warm_up]
    for start in range(size.warm_up, len(wanted), size.licences):
        yield wanted[start : start + size.licences]


def _rate(count: int, work: Callable[[], None]) -> float:
    begin = time.perf_counter()
    work()
    return count / (time.perf_counter() - begin)


def _must_be_issued(position: int, outcome: Outcome) -> None:
    assert isinstance(outcome, Issued), f"row {position}: {outcome}"
