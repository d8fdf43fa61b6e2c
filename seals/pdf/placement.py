"""Where a seal goes on a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from seals.pdf.errors import PdfPageMissing, PdfUnreadable, PdfUnsupported, SealOffPage
from seals.pdf.file import Page, PdfFile
from seals.pdf.objects import PdfObject, Ref, serialise
from seals.pdf.update import PdfUpdate

POINTS_PER_MM: Final = 72 / 25.4


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the seal goes: the page (from 1) and the seal's centre in millimetres from the page's top left corner."""

    page: int
    x_mm: float
    y_mm: float


class Rectangle(NamedTuple):
    """A place on a page in points from the corner that its coordinates start at: left, bottom, right, top."""

    left: float
    bottom: float
    right: float
    top: float

    def contains(self, other: "Rectangle") -> bool:
        """Say whether the other lies wholly inside; never where one of the numbers is none."""
        return (
            self.left <= other.left <= other.right <= self.right
            and self.bottom <= other.bottom <= other.top <= self.top
        )

    def to_pdf(self) -> bytes:
        """Write it as /Rect takes it."""
        return b"[%.3f %.3f %.3f %.3f]" % self


def page_at(file: PdfFile, number: int) -> Page:
    """Return a page by its number, from 1; raises PdfPageMissing."""
    count = 0
    for count, page in enumerate(file.pages(), 1):
        if count == number:
            return page
    raise PdfPageMissing(page=number, pages=count)


def place(file: PdfFile, page: Page, placement: Placement, width: float, height: float) -> Rectangle:
    """Return where something of this size (points) lies; raises SealOffPage unless all of it is on the page."""
    box = visible_box(file, page)
    x, y = box.left + placement.x_mm * POINTS_PER_MM, box.top - placement.y_mm * POINTS_PER_MM
    found = Rectangle(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if not box.contains(found):
        raise SealOffPage(page=placement.page)
    return found


def visible_box(file: PdfFile, page: Page) -> Rectangle:
    """Return what of the page is seen; raises PdfUnsupported for a turned or scaled page, PdfUnreadable."""
    if file.resolve(page.effective.get("Rotate", 0)) != 0 or "UserUnit" in page.effective:
        raise PdfUnsupported(reason="turned_or_scaled_page")
    return read_rectangle(file, page.effective.get("CropBox", page.effective.get("MediaBox")))


def read_rectangle(file: PdfFile, value: PdfObject) -> Rectangle:
    """Read four numbers, in whatever order the corners stand; raises PdfUnreadable. Source: ISO 32000-1 section 7.9.5."""
    numbers = file.array(value)
    sides = [float(side) for side in map(file.resolve, numbers) if isinstance(side, int | Decimal)]
    if len(sides) != 4 or len(numbers) != 4:
        raise PdfUnreadable(reason="page_box")
    return Rectangle(min(sides[0], sides[2]), min(sides[1], sides[3]), max(sides[0], sides[2]), max(sides[1], sides[3]))


def add_annotations(file: PdfFile, update: PdfUpdate, added: Iterable[tuple[Page, Ref]]) -> None:
    """Add annotations to the pages, each page being written once."""
    by_page: dict[Ref, tuple[Page, list[Ref]]] = {}
    for page, annotation in added:
        by_page.setdefault(page.ref, (page, []))[1].append(annotation)
    for ref, (page, annotations) in by_page.items():
        shown: Sequence[PdfObject] = [*file.array(page.dictionary.get("Annots")), *annotations]
        update.put(ref, file.amended(ref, {"Annots": serialise([*shown])}))
