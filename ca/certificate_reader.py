"""Read a certificate into a value, its bytes kept verbatim beside it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ca import der, names, oids
from ca.errors import CertificateInvalid, DerInvalid

MAX_SIZE: Final = 64 * 1024
_MAX_SERIAL_OCTETS: Final = 20

# RFC 5280 section 4.2.1.3
KEY_USAGES: Final = MappingProxyType(
    {
        "digitalSignature": 0,
        "nonRepudiation": 1,
        "keyEncipherment": 2,
        "dataEncipherment": 3,
        "keyAgreement": 4,
        "keyCertSign": 5,
        "cRLSign": 6,
        "encipherOnly": 7,
        "decipherOnly": 8,
    }
)


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as it stands: whether it is critical, and the DER inside its octet string."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate. Names, key and algorithm are their DER; times are UTC; a missing extension is None."""

    der: bytes
    tbs: bytes
    serial_number: int
    signature_algorithm: bytes
    signature: bytes
    issuer: bytes
    subject: bytes
    not_before: datetime
    not_after: datetime
    public_key: bytes
    extensions: MappingProxyType[str, Extension]
    is_ca: bool
    path_length: int | None
    key_usage: frozenset[str] | None
    extended_key_usage: tuple[str, ...] | None
    subject_key_identifier: bytes | None

    @property
    def subject_text(self) -> str:
        """The subject as one line for people."""
        return names.display(self.subject)


def read_extensions(element: der.Element) -> MappingProxyType[str, Extension]:
    """Return extensions by their dotted ids; raises DerInvalid on a repeated one (RFC 5280 section 4.2)."""
    found: dict[str, Extension] = {}
    for member in der.children(der.expect(element, der.SEQUENCE)):
        fields = der.Fields(member)
        kind = der.parse_oid(fields.take())
        critical = fields.optional(der.BOOLEAN)
        value = der.parse_octets(fields.take())
        fields.end()
        if kind in found:
            raise DerInvalid("an extension stands twice")
        found[kind] = Extension(critical is not None and der.parse_true(critical), value)
    if not found:
        raise DerInvalid("an empty list of extensions")
    return MappingProxyType(found)


def _basic_constraints(extension: Extension | None) -> tuple[bool, int | None]:
    if extension is None:
        return False, None
    fields = der.Fields(der.read(extension.value))
    authority = fields.optional(der.BOOLEAN)
    is_ca = authority is not None and der.parse_true(authority)
    length = fields.optional(der.INTEGER)
    fields.end()
    path_length = None if length is None else der.parse_integer(length)
    if path_length is not None and (path_length < 0 or not is_ca):
        raise DerInvalid("basic constraints that contradict themselves")
    return is_ca, path_length


def _key_usage(extension: Extension | None) -> frozenset[str] | None:
    if extension is None:
        return None
    bits = der.parse_named_bits(der.read(extension.value))
    return frozenset(name for name, bit in KEY_USAGES.items() if bit in bits)


def _extended_key_usage(extension: Extension | None) -> tuple[str, ...] | None:
    if extension is None:
        return None
    return tuple(der.parse_oid(purpose) for purpose in der.children(der.read(extension.value, der.SEQUENCE)))


def _version(fields: der.Fields) -> int:
    explicit = fields.optional(der.context(0))
    if explicit is None:
        return 1
    inner = der.Fields(explicit, der.context(0))
    version = der.parse_integer(inner.take()) + 1
    inner.end()
    if version not in {2, 3}:
        raise DerInvalid("an unknown version")
    return version


def _serial_number(fields: der.Fields) -> int:
    element = fields.take(der.INTEGER)
    serial = der.parse_integer(element)
    # RFC 5280 section 4.1.2.2
    if serial <= 0 or len(element.value) > _MAX_SERIAL_OCTETS:
        raise DerInvalid("a serial number that is not positive or has more than 20 octets")
    return serial


def explicit_extensions(fields: der.Fields, tag: int) -> MappingProxyType[str, Extension]:
    """Return the extensions under an explicit tag at the end of a certificate or list; empty if there are none."""
    explicit = fields.optional(tag)
    if explicit is None:
        return MappingProxyType({})
    inner = der.Fields(explicit, tag)
    extensions = read_extensions(inner.take())
    inner.end()
    return extensions


def signed_parts(data: bytes) -> tuple[der.Element, der.Element, bytes]:
    """Return what is signed, the signature's algorithm and the signature: the shape of certificates and lists.

    Source: RFC 5280 sections 4.1.1 and 5.1.1
    """
    outer = der.Fields(der.read(data))
    tbs = outer.take(der.SEQUENCE)
    algorithm = outer.take(der.SEQUENCE)
    signature = der.parse_bits(outer.take())
    outer.end()
    return tbs, algorithm, signature


def _read(data: bytes) -> Certificate:
    tbs, algorithm, signature = signed_parts(data)
    fields = der.Fields(tbs)
    version = _version(fields)
    serial_number = _serial_number(fields)
    # RFC 5280 section 4.1.1.2: the signed algorithm and the one outside the signature are the same bytes
    if fields.take(der.SEQUENCE).raw != algorithm.raw:
        raise DerInvalid("two different signature algorithms")
    issuer = fields.take(der.SEQUENCE)
    validity = der.Fields(fields.take())
    not_before, not_after = der.parse_time(validity.take()), der.parse_time(validity.take())
    validity.end()
    subject = fields.take(der.SEQUENCE)
    public_key = fields.take(der.SEQUENCE)
    extensions = explicit_extensions(fields, der.context(3))
    if extensions and version != 3:
        raise DerInvalid("extensions outside version 3")
    fields.end()
    is_ca, path_length = _basic_constraints(extensions.get(oids.BASIC_CONSTRAINTS))
    identifier = extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    return Certificate(
        der=data,
        tbs=tbs.raw,
        serial_number=serial_number,
        signature_algorithm=algorithm.raw,
        signature=signature,
        issuer=issuer.raw,
        subject=subject.raw,
        not_before=not_before,
        not_after=not_after,
        public_key=public_key.raw,
        extensions=extensions,
        is_ca=is_ca,
        path_length=path_length,
        key_usage=_key_usage(extensions.get(oids.KEY_USAGE)),
        extended_key_usage=_extended_key_usage(extensions.get(oids.EXTENDED_KEY_USAGE)),
        subject_key_identifier=None if identifier is None else der.parse_octets(der.read(identifier.value)),
    )


@lru_cache(maxsize=2048)
def _read_once(data: bytes) -> Certificate:
    with der.complaining_as(CertificateInvalid):
        return _read(data)


def read_certificate(data: bytes) -> Certificate:
    """Read a certificate of at most 64 KiB; raises CertificateInvalid.

    Source: RFC 5280 section 4.1
    """
    if len(data) > MAX_SIZE:
        raise CertificateInvalid("larger than 64 KiB")
    return _read_once(bytes(data))
