"""Distinguished names, as they stand in certificates: read to be shown, and the two attributes a seal is known by."""

from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ca import der, oids
from ca.errors import DerInvalid
from ledger.actor import Uscc

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
