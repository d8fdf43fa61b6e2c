"""The picture of a seal: drawn from data by Typst, and made ready for pasting into any page.

Source of the measures: the national rules on seals (STANDARDS section 2): round, five-point star, the name as arc text,
a straight second line, #FF0000 on nothing. The national emblem is never drawn.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seals.pdf_errors import SealPictureRefused
from seals.pdf_file import PdfFile
from seals.pdf_objects import Name, PdfDict, PdfObject, Ref, Stream, references, serialise

if TYPE_CHECKING:
    import typst

ROUND_KINDS: Final = frozenset({"statutory", "internal", "special", "contract", "other"})
FONT_FAMILIES: Final = ("Noto Serif SC", "HanaMinA", "HanaMinB", "BabelStone Han")
_NAME_LENGTH: Final = range(4, 31)
_LINE_LENGTH: Final = range(2, 15)
_DIAMETERS: Final = range(30, 51)
_PICTURE: Final = Path(__file__).with_name("seal_picture.typ")
_MISSING_GLYPH: Final = re.compile(r'the text `"(.+)"` could not be displayed')
_PRINT_PPI: Final = 600.0
_EPOCH: Final = 1_577_836_800  # the picture is the same bytes whenever it is drawn


@dataclass(frozen=True, slots=True)
class SealDesign:
    """What a seal shows.

    kind: one of the round kinds; ring_text: the name, 4 to 30 characters; bottom_text: 2 to 14 characters or None;
    diameter_mm: 42 for 专用章, 45 for the name seal of a government or bureau; test: writes 测试 on it.
    """

    kind: str
    ring_text: str
    bottom_text: str | None = None
    diameter_mm: int = 42
    test: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn legibly; raises SealPictureRefused."""
        if self.kind not in ROUND_KINDS:
            raise SealPictureRefused(reason="not_a_round_kind")
        if len(self.ring_text) not in _NAME_LENGTH or not _drawable(self.ring_text):
            raise SealPictureRefused(reason="name_not_of_4_to_30_characters")
        if self.bottom_text is not None and not (len(self.bottom_text) in _LINE_LENGTH and _drawable(self.bottom_text)):
            raise SealPictureRefused(reason="line_not_of_2_to_14_characters")
        if self.diameter_mm not in _DIAMETERS:
            raise SealPictureRefused(reason="diameter")


def _drawable(text: str) -> bool:
    return text.isprintable() and not any(character.isspace() for character in text)


def draw_pdf(design: SealDesign, fonts: Sequence[Path]) -> bytes:
    """Draw the seal as a one-page PDF/A of its own size, fonts embedded.

    fonts: folders that hold the font families. Raises SealPictureRefused if no font has one of the characters.
    """
    return _compile(design, tuple(fonts), "pdf", 0)


def draw_svg(design: SealDesign, fonts: Sequence[Path]) -> bytes:
    """Draw the seal as SVG, for pages."""
    return _compile(design, tuple(fonts), "svg", 0)


def draw_png(design: SealDesign, fonts: Sequence[Path], ppi: float = _PRINT_PPI) -> bytes:
    """Draw the seal as PNG on transparent ground."""
    return _compile(design, tuple(fonts), "png", ppi)


@lru_cache(maxsize=4)
def _fonts(folders: tuple[Path, ...]) -> "typst.Fonts":
    """Open these fonts and no others, so that a seal looks the same on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))


@lru_cache(maxsize=16)
def _compile(design: SealDesign, fonts: tuple[Path, ...], form: str, ppi: float) -> bytes:
    import typst

    data = {
        "title": design.ring_text + (design.bottom_text or ""),
        "name": design.ring_text,
        "line": design.bottom_text,
        "diameter": design.diameter_mm,
        "test": design.test,
        "fonts": FONT_FAMILIES,
    }
    compiler = typst.Compiler(
        input=_PICTURE,
        font_paths=_fonts(fonts),
        sys_inputs={"seal": json.dumps(data, ensure_ascii=False)},
    )
    try:
        # Only with a PDF/A standard is a missing glyph an error, so every other form is tried as PDF first.
        drawn = compiler.compile(format="pdf", pdf_standards=["a-3b"], pdf_tags=False, timestamp=_EPOCH)
        if form != "pdf":
            drawn = compiler.compile(format="svg" if form == "svg" else "png", ppi=ppi or None)
    except typst.TypstError as error:
        missing = _MISSING_GLYPH.search(error.message)
        raise SealPictureRefused(reason=f"no_glyph_for_{missing[1]}" if missing else "typst") from error
    if not isinstance(drawn, bytes):
        raise SealPictureRefused(reason="more_than_one_page")
    return drawn


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
