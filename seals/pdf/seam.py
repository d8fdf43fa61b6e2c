"""The seal across page edges (骑缝章): one picture cut into strips, one on the right edge of each page.

The strips are stamp annotations added by the revision that the first seal signs and certifies: one act of sealing is one
signature, which covers every strip. A signature field with a widget on each page would say the same, but ISO 32000-2
section 12.7.5.5 gives a signature field one widget, and Acrobat, pdfsig and pyHanko look at no more; a field for each
page would ask the key and the timestamp authority once a page. A later seal cannot have strips: certification at P 2
lets nobody add annotations.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from seals.pdf.errors import PdfPageMissing, SealOffPage
from seals.pdf.file import Page, PdfFile
from seals.pdf.objects import Ref
from seals.pdf.placement import POINTS_PER_MM, Rectangle, visible_box
from seals.pdf.update import PdfUpdate
from seals.pdf.widgets import PRINT_AND_LOCKED, Mark
from seals.picture.strips import Strip, cut

_READ_ONLY = 64


@dataclass(frozen=True, slots=True)
class Seam:
    """Where strips go: their centre in millimetres from the top of each page; how many pages share a picture at most."""

    y_mm: float
    pages: int = 20


def add_strips(file: PdfFile, update: PdfUpdate, seam: Seam, mark: Mark) -> Iterator[tuple[Page, Ref]]:
    """Cut the picture over the pages; yield each page with the annotation that it is to have.

    Raises PdfPageMissing for a document of one page, SealOffPage, SealPictureRefused where the strips would be
    too narrow, PdfUnsupported, PdfUnreadable.
    """
    pages = list(file.pages())
    if len(pages) < 2:
        raise PdfPageMissing(page=2, pages=len(pages))
    for first, end in pairwise(accumulate(_shares(len(pages), max(2, seam.pages)), initial=0)):
        for number, strip in enumerate(cut(mark.appearance, end - first), first):
            rectangle = _place(file, pages[number], seam, strip)
            if rectangle is None:
                raise SealOffPage(page=number + 1)
            yield pages[number], _show(update, pages[number], rectangle, strip.form(mark.picture))


def _shares(pages: int, most: int) -> list[int]:
    """Part the pages into as few groups as can be, all nearly as large."""
    groups = -(-pages // most)
    return [pages // groups + (number < pages % groups) for number in range(groups)]


def _place(file: PdfFile, page: Page, seam: Seam, strip: Strip) -> Rectangle | None:
    """Return where a strip lies, at the page's right edge; None where the page is too short."""
    box = visible_box(file, page)
    middle = box.top - seam.y_mm * POINTS_PER_MM
    found = Rectangle(box.right - strip.width, middle - strip.height / 2, box.right, middle + strip.height / 2)
    return found if box.contains(found) else None


def _show(update: PdfUpdate, page: Page, rectangle: Rectangle, appearance: bytes) -> Ref:
    form, annotation = Ref(update.allocate(2), 0), Ref(update.next_number - 1, 0)
    update.put(form, appearance)
    update.put(
        annotation,
        b"<</Type/Annot/Subtype/Stamp/Rect%b/F %d/P %d %d R/AP<</N %d %d R>>>>"
        % (rectangle.to_pdf(), PRINT_AND_LOCKED | _READ_ONLY, *page.ref, *form),
    )
    return annotation
