"""The register of uses as pages to be printed, signed and filed: PDF/A by Typst."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.errors import Language
from seals.life.life_errors import RegisterUnprintable
from seals.local_time import CHINA
from seals.register.use_register import HEADINGS, RegisterQuestion, UseLine, cells

if TYPE_CHECKING:
    import typst

MOST_LINES: Final = 20_000
"""Some thousand pages; whoever wants more reads the workbook."""
_PAGES: Final = Path(__file__).with_name("use_register.typ")
_MISSING_GLYPH: Final = re.compile(r'the text `"(.+)"` could not be displayed')
_FONTS: Final = ("Noto Serif SC", "HanaMinA", "HanaMinB", "BabelStone Han")
_TITLES: Final = {"zh": "用印登记簿", "en": "Register of seal uses"}


def write_pdf(
    lines: Iterable[UseLine],
    question: RegisterQuestion,
    organisation: str,
    fonts: Sequence[Path],
    now: datetime,
    language: Language = "zh",
) -> bytes:
    """Return the register as PDF/A. organisation: its name; fonts: folders that hold the font families.

    Raises RegisterUnprintable for a character that no font has, and beyond MOST_LINES.
    """
    import typst

    told = []
    for position, line in enumerate(lines, 1):
        if position > MOST_LINES:
            raise RegisterUnprintable(reason=f"more_than_{MOST_LINES}_lines")
        told.append([_text(cell) for cell in cells(position, line, language)])
    data = {
        "language": language,
        "title": _TITLES[language],
        "organisation": organisation,
        "span": f"{question.first.isoformat()} – {question.last.isoformat()}",
        "printed": _text(now.astimezone(CHINA).replace(tzinfo=None, microsecond=0)),
        "headings": HEADINGS[language],
        "lines": told,
        "fonts": _FONTS,
    }
    compiler = typst.Compiler(
        input=_PAGES,
        font_paths=_fonts(tuple(fonts)),
        sys_inputs={"register": json.dumps(data, ensure_ascii=False)},
    )
    try:
        # Only with a PDF/A standard is a missing glyph an error.
        pages = compiler.compile(format="pdf", pdf_standards=["a-3b"], pdf_tags=False, timestamp=int(now.timestamp()))
    except typst.TypstError as error:
        missing = _MISSING_GLYPH.search(error.message)
        raise RegisterUnprintable(reason=f"no_glyph_for_{missing[1]}" if missing else "typst") from error
    assert isinstance(pages, bytes)
    return pages


def _text(cell: str | int | datetime) -> str:
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


@lru_cache(maxsize=4)
def _fonts(folders: tuple[Path, ...]) -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))
