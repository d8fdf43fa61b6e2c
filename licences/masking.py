"""What a stranger may see of a name, a code or an address: enough to compare, not enough to learn."""

import re
import unicodedata
from typing import Final

from licences.codes import CITIZEN_ID_CODE_TYPE, ORGANISATION_CODE_TYPES
from licences.licence_type import MaskName

STARS: Final = "****"

_NUMERALS: Final = "0-9０-９一二三四五六七八九十百千零〇两A-Za-zＡ-Ｚａ-ｚ#"
_UNITS: Final = "号幢栋座楼弄单层室户门组队附"
# A house number: any digit, or a Chinese numeral or letter standing before a unit (五一路 is a road, 五号 is not).
_HOUSE: Final = re.compile(rf"[0-9０-９#]|[{_NUMERALS}]+[-—－/之]?[{_NUMERALS}]*(?=[{_UNITS}])")
_ROAD: Final = re.compile(r".*[路街道巷村镇乡区市县里]")


def mask(name: MaskName, text: str, code_type: str | None) -> str:
    """Hide a text. code_type: of the holder it belongs to, where it belongs to one."""
    if name == "place":
        return mask_place(text)
    if name == "birthday":
        return mask_birthday(text) if code_type == CITIZEN_ID_CODE_TYPE else text
    if code_type in ORGANISATION_CODE_TYPES:
        return text  # an organisation's name and code are public record
    return mask_name(text) if name == "name" else mask_code(text)


def mask_name(name: str) -> str:
    """Return the first character and a star for each other one, three at most: `张*`."""
    characters = _characters(name)
    return "".join(characters[:1]) + "*" * min(len(characters) - 1, 3)


def mask_code(code: str) -> str:
    """Return the first four characters (two of a short code) and stars: `4401**************`."""
    shown = 4 if len(code) >= 12 else 2 if len(code) >= 6 else 0
    return code[:shown] + "*" * (len(code) - shown)


def mask_birthday(code: str) -> str:
    """Return a citizen id number with digits 11 to 14, month and day of birth, hidden."""
    return code[:10] + STARS + code[14:]


def mask_place(place: str) -> str:
    """Return an address up to its first house number; one without any, up to its last road or village."""
    house = _HOUSE.search(place)
    if house:
        return place[: house.start()] + STARS
    road = _ROAD.match(place)
    end = min(road.end() if road else 6, max(len(place) - 1, 0))
    return place[:end] + STARS


def _characters(text: str) -> list[str]:
    """Split text so that marks and variation selectors stay with the character they belong to."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.category(character) in {"Mn", "Me", "Mc"}:
            found[-1] += character
        else:
            found.append(character)
    return found
