"""The register of uses as pages to be printed, signed and filed: PDF/A by Typst."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
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
_NO_GLYPH: Final = "no_glyph_for_"
_PROBE: Final = b"#set text(font: json(bytes(sys.inputs.fonts)))\n#sys.inputs.text"
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

    A character that no font has is printed by its number, `[U+1F600]`: whoever can type one in must not be able to keep
    the register from being printed. Raises RegisterUnprintable beyond MOST_LINES.
    """
    told = []
    for position, line in enumerate(lines, 1):
        if position > MOST_LINES:
            raise RegisterUnprintable(reason=f"more_than_{MOST_LINES}_lines")
        told.append([_text(cell) for cell in cells(position, line, language)])
    data: dict[str, object] = {
        "language": language,
        "title": _TITLES[language],
        "organisation": organisation,
        "span": f"{question.first.isoformat()} – {question.last.isoformat()}",
        "printed": _text(now.astimezone(CHINA).replace(tzinfo=None, microsecond=0)),
        "headings": HEADINGS[language],
        "lines": told,
        "fonts": _FONTS,
    }
    try:
        return _pages(data, fonts, now)
    except RegisterUnprintable:
        missing = _without_glyph(data, fonts)
        if not missing:
            raise
    named = str.maketrans({character: f"[U+{ord(character):04X}]" for character in missing})
    data |= {
        "organisation": organisation.translate(named),
        "lines": [[cell.translate(named) for cell in line] for line in told],
    }
    return _pages(data, fonts, now)


def _pages(data: Mapping[str, object], fonts: Sequence[Path], now: datetime) -> bytes:
    return _compiled(_PAGES.read_bytes(), {"register": json.dumps(data, ensure_ascii=False)}, fonts, now)


def _without_glyph(data: Mapping[str, object], fonts: Sequence[Path]) -> set[str]:
    """Return the characters of a register that no font has: Typst names one run of text a time."""
    left = {character for character in json.dumps(data, ensure_ascii=False) if not character.isspace()}
    missing: set[str] = set()
    while left:
        inputs = {"fonts": json.dumps(_FONTS), "text": " ".join(sorted(left))}
        try:
            _compiled(_PROBE, inputs, fonts, datetime.fromtimestamp(0, UTC))
        except RegisterUnprintable as error:
            found = left & set(error.reason.removeprefix(_NO_GLYPH))
            if not found:
                return missing
            missing |= found
            left -= found
        else:
            return missing
    return missing


def _compiled(source: bytes, inputs: dict[str, str], fonts: Sequence[Path], now: datetime) -> bytes:
    """Return PDF/A pages: only with that standard is a missing glyph an error."""
    import typst

    compiler = typst.Compiler(input=source, font_paths=_fonts(tuple(fonts)), sys_inputs=inputs)
    try:
        pages = compiler.compile(format="pdf", pdf_standards=["a-3b"], pdf_tags=False, timestamp=int(now.timestamp()))
    except typst.TypstError as error:
        missing = _MISSING_GLYPH.search(error.message)
        raise RegisterUnprintable(reason=f"{_NO_GLYPH}{missing[1]}" if missing else "typst") from error
    assert isinstance(pages, bytes)
    return pages


def _text(cell: str | int | datetime) -> str:
    return cell.isoformat(" ") if isinstance(cell, datetime) else str(cell)


@lru_cache(maxsize=4)
def _fonts(folders: tuple[Path, ...]) -> "typst.Fonts":
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(folders))
