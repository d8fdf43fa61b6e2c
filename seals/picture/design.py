"""What a seal shows, and what cannot be drawn as a seal.

Sources of the measures: STANDARDS section 2 for round seals; State Taxation Administration announcement 2011 no. 7 for
发票专用章 (an oval of 40 by 30 mm); usage for the oval 财务专用章 (45 by 30 mm) and the square name seal (20 mm).
"""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from seals.pdf.errors import SealPictureRefused

Form: TypeAlias = Literal["round", "finance", "invoice", "name"]

FORMS: Final = MappingProxyType[str, Form](
    {
        "statutory": "round",
        "internal": "round",
        "special": "round",
        "contract": "round",
        "other": "round",
        "finance": "finance",
        "invoice": "invoice",
        "personal": "name",
    }
)
"""The form of each kind of the register."""

LONGEST_SQUARE_NAME: Final = 6
_LINES: Final = MappingProxyType({"finance": "财务专用章", "invoice": "发票专用章"})
_NAME_LENGTH: Final = range(4, 31)
_PERSON_LENGTH: Final = range(2, 31)
_LINE_LENGTHS: Final = MappingProxyType({"round": range(2, 15), "finance": range(2, 9), "invoice": range(2, 9)})
_DIAMETERS: Final = range(30, 51)
_TAX_CODE: Final = re.compile(r"[0-9A-Z]{15,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SealDesign:
    """What a seal shows.

    kind: of the register; ring_text: the name, 4 to 30 characters (a person's: 2 to 30); bottom_text: 2 to 14 characters
    (in an oval 2 to 8) or None, which leaves ovals their own words; name seals have none; diameter_mm: of a round seal, None for the usual
    one: 45 for the name seal of a government or bureau, 42 for others; test: writes 测试 on it; tax_code: of an invoice
    seal, 15 to 20 figures and capital letters.
    """

    kind: str
    ring_text: str
    bottom_text: str | None = None
    diameter_mm: int | None = None
    test: bool = True
    tax_code: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn legibly; raises SealPictureRefused."""
        if self.kind not in FORMS:
            raise SealPictureRefused(reason="not_a_kind")
        names = _PERSON_LENGTH if self.form == "name" else _NAME_LENGTH
        if not _fits(self.ring_text, names):
            raise SealPictureRefused(reason=f"name_not_of_{names[0]}_to_{names[-1]}_characters")
        if self.bottom_text is not None:
            lengths = _LINE_LENGTHS.get(self.form)
            if lengths is None:
                raise SealPictureRefused(reason="line_on_a_name_seal")
            if not _fits(self.bottom_text, lengths):
                raise SealPictureRefused(reason=f"line_not_of_{lengths[0]}_to_{lengths[-1]}_characters")
        if self.diameter_mm is not None and (self.form != "round" or self.diameter_mm not in _DIAMETERS):
            raise SealPictureRefused(reason="diameter")
        if (self.tax_code is not None) != (self.form == "invoice"):
            raise SealPictureRefused(reason="tax_code")
        if self.tax_code is not None and not _TAX_CODE.fullmatch(self.tax_code):
            raise SealPictureRefused(reason="tax_code")

    @property
    def form(self) -> Form:
        """Return the form that its kind has."""
        return FORMS[self.kind]

    @property
    def line(self) -> str | None:
        """Return the straight line."""
        return self.bottom_text or _LINES.get(self.kind)

    @property
    def size_mm(self) -> tuple[int, int]:
        """Return width and height in millimetres."""
        match self.form:
            case "round":
                diameter = self.diameter_mm or (45 if self.kind == "statutory" else 42)
                return diameter, diameter
            case "finance":
                return 45, 30
            case "invoice":
                return 40, 30
            case "name":
                return 20 if len(characters(self.ring_text)) <= LONGEST_SQUARE_NAME else 40, 20


def characters(text: str) -> tuple[str, ...]:
    """Part a text into what is drawn as one: a character with the marks and variation selectors after it."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.category(character) in {"Mn", "Me", "Mc"}:
            found[-1] += character
        else:
            found.append(character)
    return tuple(found)


def _fits(text: str, lengths: range) -> bool:
    drawable = text.isprintable() and not any(character.isspace() for character in text)
    return drawable and len(characters(text)) in lengths
