"""The picture of a seal, made ready for pasting into any page, whole or in strips."""

import re

from seals.pdf.errors import SealPictureRefused
from seals.pdf.file import PdfFile
from seals.pdf.objects import Name, PdfDict, PdfObject, Ref, Stream, references, serialise
from seals.picture.design import SealDesign
from seals.picture.drawing import draw_pdf, draw_png, draw_svg

__all__ = ["SealAppearance", "SealDesign", "draw_pdf", "draw_png", "draw_svg"]

_SLOT_GENERATION = 65_535  # of no object that is in use, so the marks cannot be taken for anything else
_SLOT = re.compile(rb"(?<![0-9])(\d{1,6}) 65535 R")


class SealAppearance:
    """A seal's picture as PDF objects, made once and pasted under any object numbers.

    picture: a one-page PDF such as draw_pdf gives; it is also the stored form. Raises PdfUnreadable and its kin.
    """

    def __init__(self, picture: bytes) -> None:
        self._picture = picture
        file = PdfFile(picture)
        pages = list(file.pages())
        content = file.resolve(pages[0].dictionary.get("Contents")) if len(pages) == 1 else None
        box = file.array(pages[0].effective.get("MediaBox")) if pages else []
        if not isinstance(content, Stream) or len(box) != 4:
            raise SealPictureRefused(reason="not_a_one_page_picture")
        self.width, self.height = (float(serialise(side)) for side in box[2:])
        form: PdfDict = {
            "Type": Name("XObject"),
            "Subtype": Name("Form"),
            "BBox": box,
            "Resources": pages[0].effective.get("Resources"),
            **{key: item for key, item in content.dictionary.items() if key in {"Filter", "Length"}},
        }
        self._objects = _templates(file, Stream(form, content.raw))

    @classmethod
    def from_bytes(cls, data: bytes) -> "SealAppearance":
        """Read the stored form."""
        return cls(data)

    def to_bytes(self) -> bytes:
        """Return the stored form: the picture itself, which any viewer can open."""
        return self._picture

    def __len__(self) -> int:
        """Return how many object numbers the picture takes."""
        return len(self._objects)

    def objects(self, first: int) -> list[bytes]:
        """Return the bodies of the objects numbered from `first`; the first of them is the Form XObject."""
        return [
            b"".join([part if isinstance(part, bytes) else b"%d 0 R" % (first + part) for part in template])
            for template in self._objects
        ]


def _templates(file: PdfFile, form: Stream) -> list[list[bytes | int]]:
    """Collect the form and all that it refers to, each as its bytes with numbers where references go."""
    order: dict[Ref, int] = {}
    found: list[PdfObject] = [form]
    for value in found:  # grows while it is walked
        for ref in references(value):
            if ref not in order:
                order[ref] = len(found)
                found.append(file.get(ref))
    return [_template(value, order) for value in found]


def _template(value: PdfObject, order: dict[Ref, int]) -> list[bytes | int]:
    body = value.dictionary if isinstance(value, Stream) else value
    pieces = _SLOT.split(serialise(_renumber(body, order)))
    if len(pieces) // 2 != sum(1 for _ in references(body)):
        raise SealPictureRefused(reason="text_that_looks_like_a_reference")
    template: list[bytes | int] = [int(piece) if index % 2 else piece for index, piece in enumerate(pieces)]
    if isinstance(value, Stream):
        template.append(b"\nstream\n%b\nendstream" % value.raw)
    return template


def _renumber(value: PdfObject, order: dict[Ref, int]) -> PdfObject:
    match value:
        case Ref():
            return Ref(order[value], _SLOT_GENERATION)
        case dict():
            return {key: _renumber(item, order) for key, item in value.items()}
        case list():
            return [_renumber(item, order) for item in value]
        case _:
            return value
