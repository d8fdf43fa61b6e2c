"""Distinguished names: written, read to be shown, and the two attributes a seal is known by."""

import re
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Self

from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.name_comparison import canonical, same
from ledger.actor import Uscc

__all__ = ["DistinguishedName", "SealHolder", "attributes", "canonical", "display", "encode", "same", "seal_holder"]

_SHORT: Final = MappingProxyType(
    {
        oids.COMMON_NAME: "CN",
        oids.COUNTRY_NAME: "C",
        oids.LOCALITY_NAME: "L",
        oids.STATE_OR_PROVINCE_NAME: "ST",
        oids.ORGANIZATION_NAME: "O",
        oids.ORGANIZATIONAL_UNIT_NAME: "OU",
    }
)
_USCC_LENGTH: Final = 18
# GB 32100: the letters I, O, S, V, Z are never used; a seal code is a division and a number (STANDARDS: esID)
_SEAL_ORGANISATION: Final = re.compile(r"[0-9A-HJ-NP-RTUW-Y]{18}\s?\S.*")
_SEAL_CODE: Final = re.compile(r"[0-9]{14}")
# RFC 5280 appendix A.1: countries are PrintableString, two octets; upper bounds are in characters
_PRINTABLE_ONLY: Final = frozenset({oids.COUNTRY_NAME, oids.SERIAL_NUMBER})
_MAX_NAME: Final = 64


def encode(*pairs: tuple[str, str]) -> bytes:
    """Return the DER Name of (dotted type, text) pairs, one to a level; raises DerInvalid.

    Countries and serial numbers are PrintableString, all else UTF8String.
    Source: RFC 5280 section 4.1.2.4
    """
    relative = []
    for kind, text in pairs:
        tag = der.PRINTABLE_STRING if kind in _PRINTABLE_ONLY else der.UTF8_STRING
        relative.append(der.tlv(der.SET, der.sequence(der.oid(kind), der.text(text, tag))))
    return der.sequence(*relative)


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A certificate's subject: CN and O of at most 64 characters, and a country of two letters."""

    common_name: str
    organisation: str
    country: str = "CN"

    def encode(self) -> bytes:
        """Return the DER Name, C first."""
        return encode(
            (oids.COUNTRY_NAME, self.country),
            (oids.ORGANIZATION_NAME, self.organisation),
            (oids.COMMON_NAME, self.common_name),
        )

    @classmethod
    def read(cls, name: bytes) -> Self:
        """Return the name that a foreign DER Name spells; raises DerInvalid if it says less, or anything else.

        A certificate never says less than what was asked for without a word: what cannot be kept is refused.
        """
        found = dict(pairs := attributes(name))
        known = {oids.COUNTRY_NAME, oids.ORGANIZATION_NAME, oids.COMMON_NAME}
        if len(pairs) != len(found) or found.keys() - known or not found.keys() >= known - {oids.COUNTRY_NAME}:
            raise DerInvalid("a name other than one CN, one O and at most one C")
        return cls(found[oids.COMMON_NAME], found[oids.ORGANIZATION_NAME], found.get(oids.COUNTRY_NAME, "CN"))

    @property
    def fault(self) -> str | None:
        """What is wrong with the name, or None."""
        texts = (self.common_name, self.organisation)
        if not all(0 < len(text) <= _MAX_NAME and text.isprintable() and text == text.strip() for text in texts):
            return "a name is empty, longer than 64 characters or holds odd characters"
        if not re.fullmatch("[A-Z]{2}", self.country):
            return "the country is not two capital letters"
        return None

    @property
    def names_seal(self) -> bool:
        """Whether CN is a seal code of 14 digits and O a USCC of 18 characters followed by the unit's name."""
        code = _SEAL_CODE.fullmatch(self.common_name)
        return bool(code and _SEAL_ORGANISATION.fullmatch(self.organisation))


@lru_cache(maxsize=2048)
def attributes(name: bytes) -> tuple[tuple[str, str], ...]:
    """Return the (dotted type, text) pairs of a DER Name in their order; raises DerInvalid."""
    found = []
    for relative in der.children(der.read(name, der.SEQUENCE)):
        for attribute in der.set_of(der.expect(relative, der.SET)):
            fields = der.Fields(attribute)
            kind = der.parse_oid(fields.take())
            found.append((kind, der.parse_text(fields.take())))
            fields.end()
    return tuple(found)


def display(name: bytes) -> str:
    """Return a DER Name as one line for people; a name that cannot be read is shown as such."""
    try:
        pairs = attributes(name)
    except DerInvalid:
        return "(unreadable name)"
    shown = ", ".join(f"{_SHORT.get(kind, kind)}={text}" for kind, text in pairs)
    # A name comes from a stranger's file: no control or bidirectional character of it may reach a terminal or a page.
    return "".join(character if character.isprintable() else "\ufffd" for character in shown)


@dataclass(frozen=True, slots=True)
class SealHolder:
    """What a seal certificate says of its seal: the seal code, the unit's USCC and the unit's name."""

    code: str
    uscc: Uscc
    organisation: str


def seal_holder(name: bytes) -> SealHolder | None:
    """Return whose seal a certificate's subject names, or None if it is not one of the government profile.

    Source: government seal certificates carry CN = the seal code and O = USCC followed by the unit's name.
    """
    try:
        pairs = attributes(name)
    except DerInvalid:
        return None
    codes = [text for kind, text in pairs if kind == oids.COMMON_NAME]
    units = [text for kind, text in pairs if kind == oids.ORGANIZATION_NAME]
    if len(codes) != 1 or len(units) != 1 or len(units[0]) <= _USCC_LENGTH:
        return None
    return SealHolder(codes[0], Uscc(units[0][:_USCC_LENGTH]), units[0][_USCC_LENGTH:].strip())
