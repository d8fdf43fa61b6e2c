"""Read the extensions of certificates: what each of them says, as a value.

Source: RFC 5280 section 4.2
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ca.encoding import der, oids
from ca.errors import DerInvalid
from ca.reading.distribution_points import MAX_POINTS, DistributionPoint, parse_distribution_point
from ca.reading.general_names import GeneralName, parse_general_name, parse_general_names

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


_MAX_POLICIES: Final = 256
"""Policies, and mappings, of one certificate: real ones have a few, and each is combined with each of the next."""


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension as it stands: whether it is critical, and the DER inside its octet string."""

    critical: bool
    value: bytes


Extensions = Mapping[str, Extension]


@dataclass(frozen=True, slots=True)
class Qualifier:
    """What is said about a policy. kind: dotted id; value: its DER."""

    kind: str
    value: bytes

    @property
    def text(self) -> str | None:
        """The address of the practice statement, or the notice's own words; None where it has none that can be read."""
        try:
            element = der.read(self.value)
            if self.kind == oids.QUALIFIER_CPS:
                return der.parse_text(element)
            if self.kind == oids.QUALIFIER_USER_NOTICE:
                # UserNotice ::= SEQUENCE { noticeRef SEQUENCE OPTIONAL, explicitText DisplayText OPTIONAL }
                words = [member for member in der.children(element) if member.tag != der.SEQUENCE]
                return der.parse_text(words[0]) if words else None
        except DerInvalid:
            return None
        return None


@dataclass(frozen=True, slots=True)
class PolicyConstraints:
    """After how many more certificates a policy must be explicit, and mapping ends; None: never."""

    require_explicit_policy: int | None
    inhibit_policy_mapping: int | None


@dataclass(frozen=True, slots=True)
class NameConstraints:
    """Where names below an authority must lie, and where they must not."""

    permitted: tuple[GeneralName, ...]
    excluded: tuple[GeneralName, ...]


@dataclass(frozen=True, slots=True)
class AccessDescription:
    """How something about the issuer can be had: the dotted id of the method, and the place."""

    method: str
    location: GeneralName


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


def basic_constraints(extensions: Extensions) -> tuple[bool, int | None]:
    """Return whether it is an authority, and how long a path below it may be (4.2.1.9); raises DerInvalid."""
    extension = extensions.get(oids.BASIC_CONSTRAINTS)
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


def key_usage(extensions: Extensions) -> frozenset[str] | None:
    """Return the usages by name (4.2.1.3); raises DerInvalid."""
    extension = extensions.get(oids.KEY_USAGE)
    if extension is None:
        return None
    bits = der.parse_named_bits(der.read(extension.value))
    return frozenset(name for name, bit in KEY_USAGES.items() if bit in bits)


def extended_key_usage(extensions: Extensions) -> tuple[str, ...] | None:
    """Return the purposes by their dotted ids (4.2.1.12); raises DerInvalid."""
    extension = extensions.get(oids.EXTENDED_KEY_USAGE)
    if extension is None:
        return None
    return tuple(der.parse_oid(purpose) for purpose in der.children(der.read(extension.value, der.SEQUENCE)))


def subject_key_identifier(extensions: Extensions) -> bytes | None:
    """Return the identifier (4.2.1.2); raises DerInvalid."""
    extension = extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    return None if extension is None else der.parse_octets(der.read(extension.value))


def alternative_names(extensions: Extensions, kind: str) -> tuple[GeneralName, ...]:
    """Return the alternative names of subject or issuer (4.2.1.6, 4.2.1.7); raises DerInvalid."""
    extension = extensions.get(kind)
    return () if extension is None else parse_general_names(der.read(extension.value, der.SEQUENCE))


def certificate_policies(extensions: Extensions) -> MappingProxyType[str, tuple[Qualifier, ...]] | None:
    """Return the policies by their dotted ids with what is said about them (4.2.1.4); raises DerInvalid."""
    extension = extensions.get(oids.CERTIFICATE_POLICIES)
    if extension is None:
        return None
    found: dict[str, tuple[Qualifier, ...]] = {}
    for member in der.children(der.read(extension.value, der.SEQUENCE)):
        fields = der.Fields(member)
        policy = der.parse_oid(fields.take())
        listed = fields.optional(der.SEQUENCE)
        fields.end()
        if policy in found:
            raise DerInvalid("a policy stands twice")
        found[policy] = () if listed is None else tuple(_qualifier(one) for one in der.children(listed))
    if not 1 <= len(found) <= _MAX_POLICIES:
        raise DerInvalid("no policies, or unreasonably many")
    return MappingProxyType(found)


def _qualifier(element: der.Element) -> Qualifier:
    fields = der.Fields(element)
    kind = der.parse_oid(fields.take())
    value = fields.take().raw
    fields.end()
    return Qualifier(kind, value)


def policy_mappings(extensions: Extensions) -> tuple[tuple[str, str], ...]:
    """Return the (issuer's policy, subject's policy) pairs (4.2.1.5); raises DerInvalid."""
    extension = extensions.get(oids.POLICY_MAPPINGS)
    if extension is None:
        return ()
    found = []
    for member in der.children(der.read(extension.value, der.SEQUENCE)):
        fields = der.Fields(member)
        found.append((der.parse_oid(fields.take()), der.parse_oid(fields.take())))
        fields.end()
    if not 1 <= len(found) <= _MAX_POLICIES:
        raise DerInvalid("no policy mappings, or unreasonably many")
    return tuple(found)


def _count(element: der.Element | None, number: int) -> int | None:
    if element is None:
        return None
    count = der.parse_integer(element, der.context(number, constructed=False))
    if count < 0:
        raise DerInvalid("a negative number of certificates")
    return count


def policy_constraints(extensions: Extensions) -> PolicyConstraints | None:
    """Return the limits on policies (4.2.1.11); raises DerInvalid."""
    extension = extensions.get(oids.POLICY_CONSTRAINTS)
    if extension is None:
        return None
    fields = der.Fields(der.read(extension.value))
    explicit = _count(fields.optional(der.context(0, constructed=False)), 0)
    mapping = _count(fields.optional(der.context(1, constructed=False)), 1)
    fields.end()
    if explicit is None and mapping is None:
        raise DerInvalid("empty policy constraints")
    return PolicyConstraints(explicit, mapping)


def inhibit_any_policy(extensions: Extensions) -> int | None:
    """Return after how many more certificates anyPolicy counts no more (4.2.1.14); raises DerInvalid."""
    extension = extensions.get(oids.INHIBIT_ANY_POLICY)
    if extension is None:
        return None
    count = der.parse_integer(der.read(extension.value))
    if count < 0:
        raise DerInvalid("a negative number of certificates")
    return count


def name_constraints(extensions: Extensions) -> NameConstraints | None:
    """Return where names below may lie (4.2.1.10); raises DerInvalid."""
    extension = extensions.get(oids.NAME_CONSTRAINTS)
    if extension is None:
        return None
    fields = der.Fields(der.read(extension.value))
    permitted = _subtrees(fields.optional(der.context(0)))
    excluded = _subtrees(fields.optional(der.context(1)))
    fields.end()
    if not permitted and not excluded:
        raise DerInvalid("empty name constraints")
    return NameConstraints(permitted, excluded)


def _subtrees(element: der.Element | None) -> tuple[GeneralName, ...]:
    found = []
    for member in der.children(element) if element is not None else ():
        fields = der.Fields(member)
        found.append(parse_general_name(fields.take()))
        # RFC 5280 section 4.2.1.10: minimum is zero, which DER leaves out, and maximum is absent
        fields.end()
    if element is not None and not found:
        raise DerInvalid("an empty list of subtrees")
    return tuple(found)


def crl_distribution_points(extensions: Extensions) -> tuple[DistributionPoint, ...]:
    """Return where revocation is published (4.2.1.13); raises DerInvalid."""
    extension = extensions.get(oids.CRL_DISTRIBUTION_POINTS)
    if extension is None:
        return ()
    members = der.children(der.read(extension.value, der.SEQUENCE))
    if not 1 <= len(members) <= MAX_POINTS:
        raise DerInvalid("no distribution points, or unreasonably many")
    return tuple(map(parse_distribution_point, members))


def authority_info_access(extensions: Extensions) -> tuple[AccessDescription, ...]:
    """Return where the issuer's certificate and status can be had (4.2.2.1); raises DerInvalid."""
    extension = extensions.get(oids.AUTHORITY_INFO_ACCESS)
    if extension is None:
        return ()
    found = []
    for member in der.children(der.read(extension.value, der.SEQUENCE)):
        fields = der.Fields(member)
        found.append(AccessDescription(der.parse_oid(fields.take()), parse_general_name(fields.take())))
        fields.end()
    return tuple(found)
