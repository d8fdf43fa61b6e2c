"""What a seal needs to know of an OFD document: where its signatures are listed, its pages and their size."""

import re
from dataclasses import dataclass
from typing import Final

from seals.ofd.errors import OfdPageMissing, OfdUnreadable
from seals.ofd.package import ENTRANCE, OfdPackage, folder_of, locate
from seals.ofd.xml import Element, read_xml
from seals.pdf.errors import SealOffPage
from seals.pdf.placement import Placement

_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,9}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DIGITS: Final = 3  # behind the point: a thousandth of a millimetre


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle (ST_Box) in millimetres from the top left corner."""

    x: float
    y: float
    width: float
    height: float

    def contains(self, other: "Box") -> bool:
        """Say whether the other lies wholly inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.x + other.width <= self.x + self.width
            and other.y + other.height <= self.y + self.height
        )

    def written(self) -> str:
        """Return it as an attribute takes it."""
        return " ".join(f"{round(side, _DIGITS):.9g}" for side in (self.x, self.y, self.width, self.height))


def parse_box(text: str) -> Box:
    """Read four numbers; raises OfdUnreadable."""
    parts = text.split()
    if len(parts) != 4 or any(_NUMBER.fullmatch(part) is None for part in parts):
        raise OfdUnreadable(reason="box")
    return Box(*map(float, parts))


@dataclass(frozen=True, slots=True)
class DocumentBody:
    """One document of a package. root, signatures: absolute paths; end: where its element in OFD.xml ends (an octet)."""

    root: str
    signatures: str | None
    end: int


@dataclass(frozen=True, slots=True)
class OfdPage:
    """A page by its id, and its size."""

    id: str
    box: Box


def read_bodies(package: OfdPackage) -> tuple[DocumentBody, ...]:
    """Return the documents that OFD.xml names; raises OfdUnreadable."""
    found = tuple(_body(element) for element in read_xml(package.file(ENTRANCE), "OFD").all("DocBody"))
    if not found:
        raise OfdUnreadable(reason="no_document")
    return found


def _body(element: Element) -> DocumentBody:
    signatures = element.optional("Signatures")
    return DocumentBody(
        root=locate("", element.one("DocRoot").content()),
        signatures=None if signatures is None else locate("", signatures.content()),
        end=element.end,
    )


def page_at(package: OfdPackage, root: str, number: int) -> OfdPage:
    """Return a page of the document by its number, from 1; raises OfdPageMissing, OfdUnreadable."""
    document = read_xml(package.file(root), "Document")
    pages = document.one("Pages").all("Page")
    if not 1 <= number <= len(pages):
        raise OfdPageMissing(page=number, pages=len(pages))
    page = pages[number - 1]
    content = read_xml(package.file(locate(folder_of(root), page.attribute("BaseLoc"))), "Page")
    # GB/T 33190 section 7.7: a page without an area of its own has the document's
    area = content.optional("Area") or document.one("CommonData").one("PageArea")
    return OfdPage(page.attribute("ID"), parse_box(area.one("PhysicalBox").content()))


def place(page: OfdPage, placement: Placement, width_mm: int, height_mm: int) -> Box:
    """Return where a seal of this size lies; raises SealOffPage unless all of it is on the page."""
    x, y = page.box.x + placement.x_mm - width_mm / 2, page.box.y + placement.y_mm - height_mm / 2
    found = Box(x, y, width_mm, height_mm)
    if not page.box.contains(found):
        raise SealOffPage(page=placement.page)
    return found
