"""The hash functions that a timestamp may be over, and their AlgorithmIdentifiers."""

from types import MappingProxyType
from typing import Final

from ca import der, oids

# id by dotted OID, with the hashlib name and the size in octets
NAMES: Final = MappingProxyType({oids.SHA256: "SHA-256", oids.SHA384: "SHA-384", oids.SHA512: "SHA-512"})
HASHLIB: Final = MappingProxyType({"SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"})
SIZES: Final = MappingProxyType({"SHA-256": 32, "SHA-384": 48, "SHA-512": 64})

# RFC 5754 section 2: parameters are left out when written; NULL is accepted when read
SHA256_IDENTIFIER: Final = der.sequence(der.oid(oids.SHA256))


def parse_algorithm(element: der.Element) -> str | None:
    """Return the id of a hash AlgorithmIdentifier, None if we do not know it; raises DerInvalid."""
    fields = der.Fields(element)
    name = NAMES.get(der.parse_oid(fields.take()))
    if name is None:
        return None
    parameters = fields.optional(der.NULL)
    fields.end()
    if parameters is not None:
        der.parse_null(parameters)
    return name
