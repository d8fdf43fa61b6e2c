"""The page of a licence: Typst sets it as PDF/A-3b with the signed JSON attached, ready to be sealed.

One compiler per type is kept warm, so that a page costs milliseconds; the same input gives the same bytes.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from licences.drafts import JSON
from licences.licence_type import LicenceType
from licences.qr import qr_svg
from licences.text_faults import PRIVATE_USE
from licences.type_errors import FontsMissing, GlyphMissing, RenderFailed
from licences.wording import LicenceContent, label_of, value_of

FAMILIES: Final = ("Noto Serif SC", "HanaMinA", "HanaMinB", "BabelStone Han")

_HOUSE: Final = Path(__file__).parent.parent
_NOTO: Final = _HOUSE / "node_modules" / "@expo-google-fonts" / "noto-serif-sc"
FONT_FOLDERS: Final = (
    _NOTO / "400Regular",
    _NOTO / "700Bold",
    Path("/usr/share/fonts/truetype/hanazono"),
    Path("/usr/share/fonts/truetype/babelstone"),
)

_PRIVATE_USE: Final = re.compile(f"[{PRIVATE_USE}]")
_MISSING: Final = re.compile(r'the text `("(?:[^"\\]|\\.)*")` could not be displayed')
_STAND_IN: Final = "〇"


@dataclass(frozen=True, slots=True)
class LicenceView:
    """What one page shows.

    verify_url: what the QR code says. test: the page carries the watermark 测试.
    """

    content: LicenceContent
    verify_url: str = field(repr=False)
    test: bool = True


class Renderer:
    """Sets pages. Not for use by several threads at once: one renderer per worker."""

    def __init__(self, fonts: Sequence[Path] = FONT_FOLDERS) -> None:
        self._folders = tuple(fonts)
        self._compilers: dict[str, Any] = {}

    def render(
        self, kind: LicenceType, view: LicenceView, json_document: bytes, keywords: Sequence[str], now: datetime
    ) -> bytes:
        """Return the page as PDF/A-3b, unsealed.

        json_document: the signed licence in UTF-8, attached as `licence.json` byte for byte.
        keywords: for the PDF's metadata. now: when the page is made, UTC-aware.
        Raises GlyphMissing, FontsMissing, RenderFailed.
        """
        page = page_data(kind, view, keywords)
        text = json.dumps(page, ensure_ascii=False)
        if private := _PRIVATE_USE.findall(text):
            # Some fonts do have glyphs there, but of their own making.
            raise GlyphMissing(_named(private))
        try:
            return self._compile(kind, text, json_document.decode(), now)
        except _typst_error() as error:
            if _MISSING.search(error.message):
                raise GlyphMissing(_named(self._missing(kind, text, now))) from error
            raise RenderFailed(kind.slug, str(error.message)) from error

    def _compile(self, kind: LicenceType, view: str, document: str, now: datetime) -> bytes:
        made: bytes = self._compiler(kind).compile(
            sys_inputs={"view": view, "document": document},
            format="pdf",
            pdf_standards=["a-3b"],
            timestamp=int(now.timestamp()),
        )
        return made

    def _missing(self, kind: LicenceType, view: str, now: datetime) -> list[str]:
        """Find every character without a glyph: Typst names one run of text a time, so take it out and ask again."""
        missing: list[str] = []
        while True:
            try:
                self._compile(kind, view, "{}", now)
            except _typst_error() as error:
                found = _MISSING.search(error.message)
                if found is None:
                    return missing
                run = [character for character in _unescaped(found[1]) if character in view]
                if not run:
                    return missing
                missing += run
                view = view.translate(dict.fromkeys(map(ord, run), _STAND_IN))
            else:
                return missing

    def _compiler(self, kind: LicenceType) -> Any:
        compiler = self._compilers.get(kind.slug)
        if compiler is None:
            import typst

            root = kind.folder.parent
            compiler = typst.Compiler(
                str(kind.template), root=str(root), font_paths=self._fonts, ignore_system_fonts=True
            )
            self._compilers[kind.slug] = compiler
        return compiler

    @cached_property
    def _fonts(self) -> Any:
        import typst

        folders = [str(folder) for folder in self._folders if folder.is_dir()]
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
        missing = [family for family in FAMILIES if family not in fonts.families()]
        if missing:
            raise FontsMissing(", ".join(missing))
        return fonts


def page_data(kind: LicenceType, view: LicenceView, keywords: Sequence[str]) -> dict[str, JSON]:
    """Return what the template reads: every drawn line with its label, in words, and what is drawn from coordinates."""
    content = view.content
    items: dict[str, JSON] = {}
    for item in kind.items:
        text = value_of(kind, item, content, item.page_mask) if item.drawn else None
        if text is not None:
            items[item.key] = {"label": label_of(item, content).zh, "value": text}
    return {
        "name": kind.name.zh,
        "title": f"{kind.name.zh}（测试）" if view.test else kind.name.zh,
        "keywords": list(keywords),
        "number": content.number,
        "identifier": content.identifier,
        "paper": [kind.paper.width_mm, kind.paper.height_mm],
        "test": view.test,
        "qr": qr_svg(view.verify_url),
        "items": items,
        "plans": content.fields.get("plans") or [],
    }


def _typst_error() -> type[Any]:
    import typst

    return typst.TypstError


def _named(characters: Sequence[str]) -> str:
    return ", ".join(f"{character} U+{ord(character):04X}" for character in sorted(set(characters)))


def _unescaped(quoted: str) -> str:
    """Read a string that Rust wrote with its debug escapes."""
    text = re.sub(r"\\u\{([0-9a-f]+)\}", lambda match: chr(int(match[1], 16)), quoted[1:-1])
    return text.replace('\\"', '"').replace("\\\\", "\\")
