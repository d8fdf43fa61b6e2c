"""The hash functions that signatures, timestamps and identifiers are over, and their AlgorithmIdentifiers."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ca.encoding import der, oids
from ca.errors import NationalUnavailable

# id by dotted OID, with the hashlib name and the size in octets
NAMES: Final = MappingProxyType(
    {
        oids.SHA256: "SHA-256",
        oids.SHA384: "SHA-384",
        oids.SHA512: "SHA-512",
        oids.SM3: "SM3",
        oids.SHA1: "SHA-1",
    }
)
HASHLIB: Final = MappingProxyType(
    {"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512", "SM3": "sm3", "SHA-1": "sha1"}
)
SIZES: Final = MappingProxyType({"SHA-256": 32, "SHA-384": 48, "SHA-512": 64, "SM3": 32, "SHA-1": 20})

# Anyone with some money finds two documents with one SHA-1: it names keys in OCSP, and is read in old signatures.
_BROKEN: Final = frozenset({"SHA-1"})

# RFC 5754 section 2: parameters are left out when written; NULL is accepted when read
_IDENTIFIERS: Final[Mapping[str, bytes]] = MappingProxyType(
    {name: der.sequence(der.oid(oid)) for oid, name in NAMES.items()}
)
SHA256_IDENTIFIER: Final = _IDENTIFIERS["SHA-256"]


def identifier(name: str) -> bytes:
    """Return the DER of a hash's AlgorithmIdentifier, as it is written: without parameters."""
    return _IDENTIFIERS[name]


def compute(name: str, data: bytes) -> bytes:
    """Return the digest; raises NationalUnavailable where Python has no SM3."""
    try:
        return hashlib.new(HASHLIB[name], data, usedforsecurity=name not in _BROKEN).digest()
    except ValueError as error:
        raise NationalUnavailable(f"Python's hashlib has no {name}") from error


def parse_algorithm(element: der.Element, *, broken: bool = False) -> str | None:
    """Return the id of a hash AlgorithmIdentifier, None if we do not know it; raises DerInvalid.

    broken: accept SHA-1 too, where it only names something.
    """
    fields = der.Fields(element)
    name = NAMES.get(der.parse_oid(fields.take()))
    if name is None or (name in _BROKEN and not broken):
        return None
    parameters = fields.optional(der.NULL)
    fields.end()
    if parameters is not None:
        der.parse_null(parameters)
    return name
