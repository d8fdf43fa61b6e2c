"""Whether two distinguished names are the same name, though their bytes differ.

Source: RFC 5280 section 7.1, RFC 4518 (string preparation), RFC 4517 section 4.2.11 (caseIgnoreMatch)
"""

import unicodedata
from functools import lru_cache
from typing import Final

from ca.encoding import der, oids
from ca.errors import DerInvalid

CanonicalName = tuple[tuple[tuple[str, str | bytes], ...], ...]
"""The levels of a name in their order; each the sorted (type, prepared text or raw DER) pairs that stand there."""

_PREPARED: Final = frozenset({der.UTF8_STRING, der.PRINTABLE_STRING})
# RFC 5280 section 7.3; PKCS #9 gives an e-mail address caseIgnoreIA5Match
_IA5_NAMES: Final = frozenset({oids.DOMAIN_COMPONENT, oids.EMAIL_ADDRESS})
_SPACES: Final = frozenset("\t\n\v\f\r\x85")
_NOTHING: Final = frozenset("\u00ad\u1806\u034f\ufffc\u200b")


def _mapped(character: str) -> str:
    # RFC 4518 section 2.2: separators become spaces, and what nobody sees becomes nothing
    if character in _SPACES or unicodedata.category(character) in {"Zs", "Zl", "Zp"}:
        return " "
    if (
        character in _NOTHING
        or unicodedata.category(character) in {"Cc", "Cf"}
        or "\u180b" <= character <= "\u180d"
        or "\ufe00" <= character <= "\ufe0f"
    ):
        return ""
    return character


def prepare(text: str) -> str:
    """Return a text as it is compared: case folded, NFKC, spaces at the ends gone and those inside made one.

    Source: RFC 4518 section 2
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.lower().split())
    # Folded between two normalisations, since either can make work for the other; the tables are those of the present
    # Unicode, as names with characters younger than the RFC's version 3.2 are everyday reality
    seen = unicodedata.normalize("NFKC", "".join(map(_mapped, text)))
    return " ".join(unicodedata.normalize("NFKC", seen.casefold()).split())


def _value(kind: str, element: der.Element) -> str | bytes:
    if element.tag in _PREPARED:
        return prepare(der.parse_text(element))
    if element.tag == der.IA5_STRING and kind in _IA5_NAMES:
        return der.parse_text(element).lower()
    # Other kinds may be compared as they are (RFC 5280 section 7.1): two spellings are then two names
    return element.raw


@lru_cache(maxsize=4096)
def canonical(name: bytes) -> CanonicalName:
    """Return what a DER Name comes down to, so that equal values are the same name; raises DerInvalid."""
    levels = []
    for relative in der.children(der.read(name, der.SEQUENCE)):
        pairs = []
        for attribute in der.set_of(der.expect(relative, der.SET)):
            fields = der.Fields(attribute)
            kind = der.parse_oid(fields.take())
            pairs.append((kind, _value(kind, fields.take())))
            fields.end()
        levels.append(tuple(sorted(pairs, key=repr)))
    return tuple(levels)


def same(name: bytes, other: bytes) -> bool:
    """Say whether two DER Names are the same; one that cannot be read is the same as its own bytes only."""
    if name == other:
        return True
    try:
        return canonical(name) == canonical(other)
    except DerInvalid:
        return False
