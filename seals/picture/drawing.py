"""Drawing a seal by Typst: as PDF, SVG and PNG, #FF0000 on nothing. The national emblem is never drawn."""

import json
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from seals.pdf.errors import SealPictureRefused
from seals.picture.arc import LETTER_HEIGHT
from seals.picture.design import SealDesign
from seals.picture.layout import lay_out

if TYPE_CHECKING:
    import typst

FONT_FAMILIES: Final = ("Noto Serif SC", "HanaMinA", "HanaMinB", "BabelStone Han")
_PICTURE: Final = Path(__file__).with_name("seal_picture.typ")
_MISSING_GLYPH: Final = re.compile(r'the text `"(.+)"` could not be displayed')
_PRINT_PPI: Final = 600.0
_EPOCH: Final = 1_577_836_800  # the picture is the same bytes whenever it is drawn
_PNG_HEAD: Final = 33  # bytes: signature and IHDR
_INCH: Final = 0.0254  # metres


def draw_pdf(design: SealDesign, fonts: Sequence[Path]) -> bytes:
    """Draw the seal as a one-page PDF/A of its own size, fonts embedded.

    fonts: folders that hold the font families. Raises SealPictureRefused if no font has one of the characters.
    """
    return _compile(design, tuple(fonts), "pdf", 0)


def draw_svg(design: SealDesign, fonts: Sequence[Path]) -> bytes:
    """Draw the seal as SVG, for pages."""
    return _compile(design, tuple(fonts), "svg", 0)


def draw_png(design: SealDesign, fonts: Sequence[Path], ppi: float = _PRINT_PPI) -> bytes:
    """Draw the seal as PNG on transparent ground, which says its resolution and with it its size."""
    drawn = _compile(design, tuple(fonts), "png", ppi)
    per_metre = round(ppi / _INCH)
    chunk = b"pHYs" + struct.pack(">IIB", per_metre, per_metre, 1)
    resolution = struct.pack(">I", 9) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return drawn[:_PNG_HEAD] + resolution + drawn[_PNG_HEAD:]


@lru_cache(maxsize=4)
def _fonts(folders: tuple[Path, ...]) -> "typst.Fonts":
    """Open these fonts and no others, so that a seal looks the same on every machine."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))


@lru_cache(maxsize=16)
def _compile(design: SealDesign, fonts: tuple[Path, ...], form: str, ppi: float) -> bytes:
    import typst

    compiler = typst.Compiler(
        input=_PICTURE,
        font_paths=_fonts(fonts),
        sys_inputs={"seal": json.dumps(_data(design), ensure_ascii=False)},
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


def _data(design: SealDesign) -> dict[str, object]:
    data = asdict(lay_out(design))
    for glyph in data["glyphs"]:
        if glyph["character"].isascii():
            glyph["letter_height"] = glyph["height"] * LETTER_HEIGHT
    return data | {"title": design.ring_text + (design.line or ""), "fonts": FONT_FAMILIES}
