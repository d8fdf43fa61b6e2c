"""The licence identifier (证照标识) of GB/T 36904-2018.

`1.2.156.3005.2.` type code `.` issuer `.` serial `.` version `.` check character, the check being ISO/IEC 7064
MOD 37,36 over the four parts without the dots and without the root.
"""

import re
from dataclasses import dataclass
from typing import Final

from stdnum.iso7064 import mod_37_36

from licences.codes import is_uscc
from licences.type_errors import IdentifierMalformed

ROOT: Final = "1.2.156.3005.2."

_TYPE_CODE: Final = re.compile(r"[0-9A-Z]{18}[0-9]{3}")
_ISSUER: Final = re.compile(r"[0-9A-Z]{1,18}")  # old data also hold division codes and pseudo codes
_SERIAL: Final = re.compile(r"[0-9A-Z]{1,64}")
_VERSION: Final = re.compile(r"[0-9]{3}")
_CHECK: Final = re.compile(r"[0-9A-Z]")
_PARTS: Final = (
    ("type code", _TYPE_CODE),
    ("issuer", _ISSUER),
    ("serial", _SERIAL),
    ("version", _VERSION),
    ("check character", _CHECK),
)


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier read from a text, which is kept verbatim.

    check: the character that stands there. expected_check: the one that should. They differ in imported stock (a
    widespread routine maps A to 11), which is to be flagged, never repaired.
    """

    text: str
    type_code: str
    issuer: str
    serial: str
    version: int
    check: str
    expected_check: str

    @property
    def check_matches(self) -> bool:
        """Tell whether the check character is the right one."""
        return self.check == self.expected_check


def compose(type_code: str, issuer: str, serial: str, version: int) -> str:
    """Return the identifier of a licence version.

    issuer: a USCC. serial: 1 to 32 digits and capitals. version: 1 to 999. Raises IdentifierMalformed.
    """
    if not _TYPE_CODE.fullmatch(type_code):
        raise IdentifierMalformed("type code")
    if not is_uscc(issuer):
        raise IdentifierMalformed("issuer")
    if not _SERIAL.fullmatch(serial) or len(serial) > 32:
        raise IdentifierMalformed("serial")
    if not 1 <= version <= 999:
        raise IdentifierMalformed("version")
    parts = (type_code, issuer, serial, f"{version:03}")
    return f"{ROOT}{'.'.join(parts)}.{_check_character(parts)}"


def parse(text: str) -> Identifier:
    """Read an identifier; a wrong check character is told, not refused. Raises IdentifierMalformed."""
    if not text.startswith(ROOT):
        raise IdentifierMalformed("root")
    parts = text.removeprefix(ROOT).split(".")
    if len(parts) != len(_PARTS):
        raise IdentifierMalformed("number of parts")
    for part, (name, pattern) in zip(parts, _PARTS, strict=True):
        if not pattern.fullmatch(part):
            raise IdentifierMalformed(name)
    type_code, issuer, serial, version, check = parts
    expected = _check_character((type_code, issuer, serial, version))
    return Identifier(text, type_code, issuer, serial, int(version), check, expected)


def _check_character(parts: tuple[str, str, str, str]) -> str:
    return mod_37_36.calc_check_digit("".join(parts))
