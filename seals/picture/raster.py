"""The picture that another maker drew, PNG or GIF, made ready for pages: its own size, its own transparency."""

import struct
import tempfile
from pathlib import Path
from typing import Final

from seals.pdf.errors import SealPictureRefused

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_GIF: Final = (b"GIF87a", b"GIF89a")
_MOST_PIXELS: Final = 4_096
"""A side: 100 mm at 1000 dots an inch. What decodes pictures never meets a larger one."""
_EPOCH: Final = 1_577_836_800  # the page is the same bytes whenever it is made
_PAGE: Final = """#set page(width: {width}mm, height: {height}mm, margin: 0pt, fill: none)
#set document(title: "seal")
#image("picture.{suffix}", width: 100%, height: 100%, fit: "stretch")
"""


def paginate(picture: bytes, width_mm: int, height_mm: int) -> bytes:
    """Return a one-page PDF/A that shows a PNG or GIF at that size; raises SealPictureRefused.

    width_mm, height_mm: as the seal states them.
    """
    import typst

    suffix = _suffix(picture)
    with tempfile.TemporaryDirectory(prefix="elicence-") as place:
        Path(place, f"picture.{suffix}").write_bytes(picture)
        page = Path(place, "page.typ")
        page.write_text(_PAGE.format(width=width_mm, height=height_mm, suffix=suffix), encoding="utf-8")
        compiler = typst.Compiler(input=page, root=place)
        try:
            drawn = compiler.compile(format="pdf", pdf_standards=["a-3b"], pdf_tags=False, timestamp=_EPOCH)
        except typst.TypstError as error:
            raise SealPictureRefused(reason="picture_unreadable") from error
    if not isinstance(drawn, bytes):
        raise SealPictureRefused(reason="more_than_one_page")
    return drawn


def _suffix(picture: bytes) -> str:
    """Return what a picture is, by its content and not by what it is called; raises SealPictureRefused."""
    if picture.startswith(_PNG) and len(picture) >= 24:  # the sides follow the head of the first chunk
        suffix, sides = "png", struct.unpack(">II", picture[16:24])
    elif picture.startswith(_GIF) and len(picture) >= 10:
        suffix, sides = "gif", struct.unpack("<HH", picture[6:10])
    else:
        raise SealPictureRefused(reason="neither_png_nor_gif")
    if not all(0 < side <= _MOST_PIXELS for side in sides):
        raise SealPictureRefused(reason="picture_too_large")
    return suffix
