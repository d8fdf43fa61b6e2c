"""Signature fields as they are written: the field of a first seal, empty fields for later ones, and filling those.

A page that more than one seal will show is prepared: all fields are made empty before the first seal, whose
certification (P 2) lets fields be filled and nothing be added. So no later party can put a field over what was sealed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from seals.pdf.errors import PdfAlreadySealed, PdfFieldMissing, PdfFieldTaken, PdfUnsupported, SealFieldSize
from seals.pdf.fields import SignatureField, form_fields, signature_fields
from seals.pdf.file import Page, PdfFile
from seals.pdf.objects import PdfDict, PdfObject, Ref, serialise, text_string
from seals.pdf.placement import POINTS_PER_MM, Placement, Rectangle, add_annotations, page_at, place, read_rectangle
from seals.pdf.update import PdfUpdate
from seals.picture.appearance import SealAppearance

PRINT_AND_LOCKED: Final = 4 | 128
_SIGNATURES_EXIST: Final = 1
_APPEND_ONLY: Final = 2
_SIZE_TOLERANCE: Final = 0.5  # points
# PDF/A-3 (ISO 19005-3 section 6.3.3): also what shows nothing yet has an appearance
_NOTHING: Final = b"<</Type/XObject/Subtype/Form/BBox[0 0 1 1]/Length 0>>\nstream\n\nendstream"


@dataclass(frozen=True, slots=True)
class EmptyField:
    """A place kept for a seal: the field's name, where its centre lies, and the seal's size in millimetres."""

    name: str
    placement: Placement
    width_mm: float = 42
    height_mm: float = 42


@dataclass(frozen=True, slots=True)
class Mark:
    """What a seal adds to a document: its signature dictionary and its picture."""

    signature: Ref
    picture: Ref
    appearance: SealAppearance


def prepare(pdf: bytes, fields: Sequence[EmptyField]) -> bytes:
    """Add empty signature fields to an unsealed document, in one incremental update.

    Raises PdfAlreadySealed, PdfFieldTaken, PdfPageMissing, SealOffPage, PdfUnsupported, PdfUnreadable, PdfEncrypted.
    Source: ISO 32000-1 sections 12.7.4.5 and 12.8.2.2
    """
    file = PdfFile(pdf)
    if "Perms" in file.catalog or any(one.signature is not None for one in signature_fields(file)):
        raise PdfAlreadySealed
    taken = {field.name for field in form_fields(file)}
    update = PdfUpdate(file)
    nothing = Ref(update.allocate(), 0)
    update.put(nothing, _NOTHING)
    added: list[tuple[Page, Ref]] = []
    for field in fields:
        # A full stop parts the names of a field tree: a name with one could not be found again.
        if field.name in taken or not field.name or "." in field.name:
            raise PdfFieldTaken(field=field.name)
        taken.add(field.name)
        page = page_at(file, field.placement.page)
        size = (field.width_mm * POINTS_PER_MM, field.height_mm * POINTS_PER_MM)
        widget = Ref(update.allocate(), 0)
        update.put(widget, _widget(field.name, page, place(file, page, field.placement, *size), nothing, b""))
        added.append((page, widget))
    add_annotations(file, update, added)
    catalog = {"AcroForm": _form(file, [widget for _, widget in added], _SIGNATURES_EXIST)}
    update.put(file.root, file.amended(file.root, catalog))
    return update.finish(serialise(text_string("\n".join(field.name for field in fields))))


def seals_first(file: PdfFile, fields: Sequence[SignatureField]) -> bool:
    """Say whether a seal set now is the document's first, which certifies it.

    Raises PdfAlreadySealed where what was signed allows no further seal.
    """
    if any(one.signature is not None for one in fields):
        if certified_level(file) == 1:
            raise PdfAlreadySealed
        return False
    if "Perms" in file.catalog:
        raise PdfAlreadySealed
    return True


def certified_level(file: PdfFile) -> int | None:
    """Return what the document's certification lets others do, None if it has none. Source: ISO 32000-1 table 254."""
    permissions = file.resolve(file.catalog.get("Perms"))
    certifying = file.resolve(permissions.get("DocMDP")) if isinstance(permissions, dict) else None
    if not isinstance(certifying, dict):
        return None
    for reference in file.array(certifying.get("Reference")):
        parameters = file.resolve(file.dictionary(reference).get("TransformParams"))
        level = parameters.get("P", 2) if isinstance(parameters, dict) else 2
        return level if type(level) is int else None
    return None


def add_field(file: PdfFile, update: PdfUpdate, placement: Placement, mark: Mark) -> tuple[Page, Ref]:
    """Add a field that shows the seal; return the page and the annotation that it is to have."""
    page = page_at(file, placement.page)
    rectangle = place(file, page, placement, mark.appearance.width, mark.appearance.height)
    widget = Ref(update.allocate(), 0)
    update.put(widget, _widget(_free_name(file), page, rectangle, mark.picture, b"/V %d %d R" % mark.signature))
    return page, widget


def fill_field(file: PdfFile, update: PdfUpdate, fields: Sequence[SignatureField], name: str, mark: Mark) -> None:
    """Put the seal into an empty field; raises PdfFieldMissing, PdfFieldTaken, SealFieldSize, PdfUnreadable."""
    field = next((one for one in fields if one.name == name), None)
    if field is None or field.ref is None:
        raise PdfFieldMissing(field=name)
    if field.signature is not None:
        raise PdfFieldTaken(field=name)
    rectangle = read_rectangle(file, field.dictionary.get("Rect"))
    # A viewer would stretch the picture; a seal has the size that the rules give it.
    size = (rectangle.right - rectangle.left, rectangle.top - rectangle.bottom)
    wanted = (mark.appearance.width, mark.appearance.height)
    if any(abs(one - other) > _SIZE_TOLERANCE for one, other in zip(size, wanted, strict=True)):
        raise SealFieldSize(field=name)
    additions = {"V": b"%d %d R" % mark.signature, "AP": b"<</N %d %d R>>" % mark.picture}
    update.put(field.ref, file.amended(field.ref, additions))


def certify(file: PdfFile, update: PdfUpdate, signature: Ref, added: Iterable[Ref]) -> None:
    """Make the signature the one that certifies the document, and add fields to its form."""
    catalog = {
        "AcroForm": _form(file, added, _SIGNATURES_EXIST | _APPEND_ONLY),
        "Perms": b"<</DocMDP %d %d R>>" % signature,
    }
    update.put(file.root, file.amended(file.root, catalog))


def _widget(name: str, page: Page, rectangle: Rectangle, picture: Ref, value: bytes) -> bytes:
    # PDF/A-3 (ISO 19005-3 section 6.3): the annotation is printed, and its appearance has its normal form and no other.
    return b"<</Type/Annot/Subtype/Widget/FT/Sig/T%b/Rect%b/F %d/P %d %d R%b/AP<</N %d %d R>>>>" % (
        serialise(text_string(name)),
        rectangle.to_pdf(),
        PRINT_AND_LOCKED,
        *page.ref,
        value,
        *picture,
    )


def _form(file: PdfFile, added: Iterable[Ref], flags: int) -> bytes:
    form = file.resolve(file.catalog.get("AcroForm"))
    entries: PdfDict = {} if form is None else file.dictionary(form)
    if "XFA" in entries:
        raise PdfUnsupported(reason="xfa_form")
    fields: list[PdfObject] = [*file.array(entries.get("Fields")), *added]
    return serialise(entries | {"Fields": fields, "SigFlags": flags})


def _free_name(file: PdfFile) -> str:
    taken = {field.name for field in form_fields(file)}
    return next(name for name in (f"Seal{number}" for number in range(1, len(taken) + 2)) if name not in taken)
