"""The signature fields of a document, as its interactive form names them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from seals.pdf.errors import PdfOverLimits, PdfUnreadable
from seals.pdf.file import PdfFile
from seals.pdf.objects import PdfDict, PdfObject, Ref, read_text_string

MAX_FIELDS: Final = 4_096


@dataclass(frozen=True, slots=True)
class FormField:
    """A node of the form's field tree: its full name, where it lies, its own dictionary, its kind (own or inherited)."""

    name: str
    ref: Ref | None
    dictionary: PdfDict
    kind: PdfObject


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field: its name, where it lies, its dictionary, where its signature lies (None while it is empty)."""

    name: str
    ref: Ref | None
    dictionary: PdfDict
    signature: Ref | None


def form_fields(file: PdfFile) -> Iterator[FormField]:
    """Yield all fields in the form's order; raises PdfUnreadable, PdfOverLimits.

    Source: ISO 32000-1 sections 12.7.2 and 12.7.3.
    """
    form = file.resolve(file.catalog.get("AcroForm"))
    roots = [] if form is None else file.array(file.dictionary(form).get("Fields"))
    waiting: list[tuple[PdfObject, str, PdfObject]] = [(field, "", None) for field in reversed(roots)]
    visited = 0
    while waiting:
        value, prefix, kind = waiting.pop()
        visited += 1
        if visited + len(waiting) > MAX_FIELDS:
            raise PdfOverLimits(reason="fields")
        field = file.dictionary(value)
        found = FormField(
            _full_name(prefix, file.resolve(field.get("T"))),
            value if isinstance(value, Ref) else None,
            field,
            file.resolve(field.get("FT", kind)),
        )
        waiting.extend((kid, found.name, found.kind) for kid in reversed(file.array(field.get("Kids"))))
        yield found


def signature_fields(file: PdfFile) -> Iterator[SignatureField]:
    """Yield the signature fields in the form's order; raises as form_fields. Source: ISO 32000-1 section 12.7.4.5."""
    for field in form_fields(file):
        signature = field.dictionary.get("V")
        if field.kind != "Sig" or (signature is None and "Kids" in field.dictionary):
            continue
        # A signature that stands inside its field cannot be the object that its own byte range leaves out.
        if signature is not None and not isinstance(signature, Ref):
            raise PdfUnreadable(reason="signature_not_indirect")
        yield SignatureField(field.name, field.ref, field.dictionary, signature)


def _full_name(prefix: str, part: PdfObject) -> str:
    own = read_text_string(part) if isinstance(part, bytes) else ""
    return ".".join(piece for piece in (prefix, own) if piece)
