"""A to-be-signed certificate as the lints see it: read strictly, but with its faults still in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ca.encoding import der
from ca.reading.certificate_reader import Certificate, Extension
from ca.writing.profiles import Profile

_UNIQUE_IDENTIFIERS: Final = (der.context(1, constructed=False), der.context(2, constructed=False))


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be signed, beside what it should be. `above` is the issuer's certificate, None for a root."""

    profile: Profile
    above: Certificate | None
    version: int | None
    serial: der.Element
    algorithm: bytes
    issuer: bytes
    not_before: der.Element
    not_after: der.Element
    subject: bytes
    public_key: bytes
    unique_identifiers: bool
    extensions: Mapping[str, Extension]
    repeated: frozenset[str]

    @property
    def issuer_key(self) -> bytes:
        """DER of the SubjectPublicKeyInfo whose private half is to sign."""
        return self.public_key if self.above is None else self.above.public_key


@dataclass(frozen=True, slots=True)
class Rule:
    """A clause, and what looks for its faults: one message each."""

    clause: str
    check: Callable[[Draft], Iterable[str]]


def read_draft(tbs: bytes, profile: Profile, above: Certificate | None) -> Draft:
    """Read a TBSCertificate; raises DerInvalid where not even its shape is right."""
    fields = der.Fields(der.read(tbs))
    version = fields.optional(der.context(0))
    serial = fields.take(der.INTEGER)
    algorithm = fields.take(der.SEQUENCE).raw
    issuer = fields.take(der.SEQUENCE).raw
    validity = der.Fields(fields.take(der.SEQUENCE))
    not_before, not_after = validity.take(), validity.take()
    validity.end()
    subject = fields.take(der.SEQUENCE).raw
    public_key = fields.take(der.SEQUENCE).raw
    unique = [fields.optional(tag) for tag in _UNIQUE_IDENTIFIERS]
    listed = fields.optional(der.context(3))
    fields.end()
    extensions = [] if listed is None else [_extension(one) for one in der.children(der.read(listed.value))]
    kinds = [kind for kind, _ in extensions]
    return Draft(
        profile=profile,
        above=above,
        version=None if version is None else der.parse_integer(der.read(version.value)),
        serial=serial,
        algorithm=algorithm,
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        subject=subject,
        public_key=public_key,
        unique_identifiers=any(unique),
        extensions=MappingProxyType(dict(extensions)),
        repeated=frozenset(kind for kind in kinds if kinds.count(kind) > 1),
    )


def _extension(element: der.Element) -> tuple[str, Extension]:
    fields = der.Fields(element)
    kind = der.parse_oid(fields.take())
    critical = fields.optional(der.BOOLEAN)
    value = der.parse_octets(fields.take())
    fields.end()
    return kind, Extension(critical is not None and der.parse_true(critical), value)
