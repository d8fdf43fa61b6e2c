"""Where a seal goes on a page, and what page and catalog must say for it to be seen and to count."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from seals.appearance import SealAppearance
from seals.pdf_errors import PdfAlreadySealed, PdfPageMissing, PdfUnreadable, PdfUnsupported, SealOffPage
from seals.pdf_fields import form_fields, signature_fields
from seals.pdf_file import Page, PdfFile
from seals.pdf_objects import PdfDict, PdfObject, Ref, serialise, text_string
from seals.pdf_update import PdfUpdate

_POINTS_PER_MM: Final = 72 / 25.4
_PRINT_AND_LOCKED: Final = 4 | 128
_SIGNATURES_EXIST_APPEND_ONLY: Final = 3


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the seal goes: the page (from 1) and the seal's centre in millimetres from the page's top left corner."""

    page: int
    x_mm: float
    y_mm: float


@dataclass(frozen=True, slots=True)
class SealField:
    """The new objects of a seal: signature dictionary, field with its widget, picture."""

    signature: Ref
    widget: Ref
    picture: Ref


def show_seal(
    file: PdfFile, update: PdfUpdate, field: SealField, placement: Placement, appearance: SealAppearance
) -> None:
    """Add the field to the update: on the page, in the form, and as what certifies the document.

    Raises PdfAlreadySealed, PdfPageMissing, SealOffPage, PdfUnsupported, PdfUnreadable.
    """
    if "Perms" in file.catalog or any(one.signature is not None for one in signature_fields(file)):
        raise PdfAlreadySealed
    page = _page(file, placement.page)
    # PDF/A-3 (ISO 19005-3 section 6.3): the annotation is printed, and its appearance has its normal form and no other.
    widget = b"<</Type/Annot/Subtype/Widget/FT/Sig/T%b/Rect%b/F %d/P %d %d R/V %d %d R/AP<</N %d %d R>>>>" % (
        serialise(text_string(_free_name(file))),
        serialise(_rectangle(file, page, placement, appearance)),
        _PRINT_AND_LOCKED,
        *page.ref,
        *field.signature,
        *field.picture,
    )
    update.put(field.widget, widget)
    annotations = [*file.array(page.dictionary.get("Annots")), field.widget]
    update.put(page.ref, file.amended(page.ref, {"Annots": serialise(annotations)}))
    form = file.resolve(file.catalog.get("AcroForm"))
    entries: PdfDict = {} if form is None else file.dictionary(form)
    if "XFA" in entries:
        raise PdfUnsupported(reason="xfa_form")
    entries = entries | {
        "Fields": [*file.array(entries.get("Fields")), field.widget],
        "SigFlags": _SIGNATURES_EXIST_APPEND_ONLY,
    }
    catalog = {"AcroForm": serialise(entries), "Perms": b"<</DocMDP %d %d R>>" % field.signature}
    update.put(file.root, file.amended(file.root, catalog))


def _page(file: PdfFile, number: int) -> Page:
    count = 0
    for count, page in enumerate(file.pages(), 1):
        if count == number:
            return page
    raise PdfPageMissing(page=number, pages=count)


def _free_name(file: PdfFile) -> str:
    taken = {field.name for field in form_fields(file)}
    return next(name for name in (f"Seal{number}" for number in range(1, len(taken) + 2)) if name not in taken)


def _rectangle(file: PdfFile, page: Page, placement: Placement, appearance: SealAppearance) -> list[PdfObject]:
    if file.resolve(page.effective.get("Rotate", 0)) != 0 or "UserUnit" in page.effective:
        raise PdfUnsupported(reason="turned_or_scaled_page")
    box = file.array(page.effective.get("CropBox", page.effective.get("MediaBox")))
    left, bottom, right, top = _box(file, box)
    x, y = left + placement.x_mm * _POINTS_PER_MM, top - placement.y_mm * _POINTS_PER_MM
    half_width, half_height = appearance.width / 2, appearance.height / 2
    on_page = (
        left <= x - half_width and x + half_width <= right and bottom <= y - half_height and y + half_height <= top
    )
    if not on_page:
        raise SealOffPage(page=placement.page)
    corners = (x - half_width, y - half_height, x + half_width, y + half_height)
    return [Decimal(f"{corner:.3f}") for corner in corners]


def _box(file: PdfFile, box: list[PdfObject]) -> tuple[float, float, float, float]:
    sides = [float(side) for side in map(file.resolve, box) if isinstance(side, int | Decimal)]
    if len(sides) != 4 or len(box) != 4:
        raise PdfUnreadable(reason="page_box")
    return min(sides[0], sides[2]), min(sides[1], sides[3]), max(sides[0], sides[2]), max(sides[1], sides[3])
