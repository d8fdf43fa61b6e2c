"""The pages of a run, kept as what they were made of, so that the same pages can be rendered alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from api.house import House
from licences.licence_type import LicenceType
from licences.rendering import LicenceView, Renderer


@dataclass(frozen=True, slots=True)
class Page:
    """What a page was made of: the arguments of `Renderer.render`."""

    kind: LicenceType
    view: LicenceView
    json_document: bytes = field(repr=False)
    keywords: Sequence[str]
    now: datetime

    def render(self, renderer: Renderer) -> bytes:
        """Render the same page again."""
        return renderer.render(self.kind, self.view, self.json_document, self.keywords, self.now)


class RecordingRenderer(Renderer):
    """Renders, and keeps what pages were made of."""

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

    def __init__(self, house: House) -> None:
        super().__init__(house.settings, house.database, house.objects)
        self.recorder = RecordingRenderer(house.fonts)

    def renderer(self) -> RecordingRenderer:
        """Return the recording renderer."""
        return self.recorder
