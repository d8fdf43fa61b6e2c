"""Lints of a certificate's extensions (RFC 5280 section 4.2)."""

from collections.abc import Iterator
from typing import Final

from ca.algorithms import digests
from ca.algorithms.signatures import key_kind
from ca.encoding import der, oids
from ca.reading.extension_reader import KEY_USAGES
from ca.writing.lint_draft import Draft, Rule

_KEY_IDENTIFIER: Final = der.context(0, constructed=False)
_URI: Final = der.context(6, constructed=False)
_KNOWN: Final = frozenset(
    {
        oids.BASIC_CONSTRAINTS,
        oids.KEY_USAGE,
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.AUTHORITY_KEY_IDENTIFIER,
        oids.EXTENDED_KEY_USAGE,
        oids.OCSP_NOCHECK,
        oids.CRL_DISTRIBUTION_POINTS,
        oids.AUTHORITY_INFO_ACCESS,
    }
)


def _once_and_known(draft: Draft) -> Iterator[str]:
    yield from (f"extension {kind} stands twice" for kind in sorted(draft.repeated))
    yield from (f"extension {kind} is not one of ours" for kind in sorted(draft.extensions.keys() - _KNOWN))


def _authority_key_identifier(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.AUTHORITY_KEY_IDENTIFIER)
    if extension is None:
        yield "no authority key identifier"
        return
    if extension.critical:
        yield "the authority key identifier is critical"
    members = der.children(der.read(extension.value, der.SEQUENCE))
    if [member.tag for member in members] != [_KEY_IDENTIFIER]:
        yield "the authority key identifier is not a key identifier alone"
    elif draft.above is None:
        if members[0].value != _subject_key(draft):
            yield "a root's two key identifiers differ"
    elif members[0].value != (draft.above.subject_key_identifier or _named_by(draft.above.public_key)):
        yield "the authority key identifier is not the issuer's subject key identifier"


def _subject_key(draft: Draft) -> bytes | None:
    extension = draft.extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    return None if extension is None else der.parse_octets(der.read(extension.value))


def _subject_key_identifier(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    if extension is None:
        yield "no subject key identifier"
        return
    if extension.critical:
        yield "the subject key identifier is critical"
    # Of another key, it would lead every builder of paths astray
    if (wanted := _named_by(draft.public_key)) is not None and _subject_key(draft) != wanted:
        yield "the subject key identifier is not the one of the key"


def _named_by(public_key: bytes) -> bytes | None:
    """Return what a key is known by (RFC 7093 section 2, method 1; SM3 for a national key), None for no key at all."""
    kind = key_kind(public_key)
    if kind is None:
        return None
    _, bits = der.children(der.read(public_key, der.SEQUENCE))
    hash_name = "SM3" if kind[0] == "SM2" else "SHA-256"
    return digests.compute(hash_name, der.parse_bits(bits))[:20]


def _key_usage(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.KEY_USAGE)
    if extension is None:
        yield "no key usage"
        return
    if not extension.critical:
        yield "the key usage is not critical"
    if der.parse_named_bits(der.read(extension.value)) != {KEY_USAGES[name] for name in draft.profile.key_usage}:
        yield "the key usage is not the profile's"


def _basic_constraints(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.BASIC_CONSTRAINTS)
    if extension is None:
        yield "no basic constraints"
        return
    if not extension.critical:
        yield "the basic constraints are not critical"
    fields = der.Fields(der.read(extension.value))
    authority = fields.optional(der.BOOLEAN)
    length = fields.optional(der.INTEGER)
    fields.end()
    if (authority is not None and der.parse_true(authority)) != draft.profile.is_ca:
        yield "an authority where the profile has an end entity, or the reverse"
    if (None if length is None else der.parse_integer(length)) != draft.profile.path_length:
        yield "the path length is not the profile's"


def _path_length(draft: Draft) -> Iterator[str]:
    above = draft.above
    if above is None:
        return
    if not above.is_ca or (above.key_usage is not None and "keyCertSign" not in above.key_usage):
        yield "the issuer is no authority that signs certificates"
    # RFC 5280 section 4.2.1.9: a self-issued certificate, a link between two roots, does not count
    if draft.profile.is_ca and above.path_length == 0 and draft.subject != above.subject:
        yield "the issuer's path length allows no authority below it"


def _distribution_points(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.CRL_DISTRIBUTION_POINTS)
    if extension is None:
        return
    if extension.critical:
        yield "the distribution points are critical"
    points = der.children(der.read(extension.value, der.SEQUENCE))
    if len(points) != 1 or not _names_one_address(points[0]):
        yield "the distribution points are not one full list at one HTTP address"


def _names_one_address(point: der.Element) -> bool:
    """Whether DistributionPoint is distributionPoint [0] { fullName [0] { URI } } and nothing else."""
    for tag in (der.context(0), der.context(0)):
        members = der.children(point)
        if [member.tag for member in members] != [tag]:
            return False
        point = members[0]
    names = der.children(point)
    return len(names) == 1 and _is_address(names[0])


def _is_address(name: der.Element) -> bool:
    return (
        name.tag == _URI
        and name.value.isascii()
        and name.value.startswith((b"http://", b"https://"))
        and b" " not in name.value
    )


def _information_access(draft: Draft) -> Iterator[str]:
    extension = draft.extensions.get(oids.AUTHORITY_INFO_ACCESS)
    if extension is None:
        return
    if extension.critical:
        yield "the authority information access is critical"
    methods = []
    for description in der.children(der.read(extension.value, der.SEQUENCE)):
        fields = der.Fields(description)
        methods.append(der.parse_oid(fields.take()))
        if not _is_address(fields.take()):
            yield "an access location is not an HTTP address"
        fields.end()
    if sorted(methods) != sorted((oids.ACCESS_OCSP, oids.ACCESS_CA_ISSUERS)):
        yield "the authority information access is not one responder and one certificate"


def _revocable(draft: Draft) -> Iterator[str]:
    points = oids.CRL_DISTRIBUTION_POINTS in draft.extensions
    access = oids.AUTHORITY_INFO_ACCESS in draft.extensions
    if points != access:
        yield "distribution points and authority information access come together"
    if (points or access) and not draft.profile.revocable:
        yield "the profile has no addresses to ask about revocation"


EXTENSION_RULES: Final = (
    Rule("RFC 5280 4.2", _once_and_known),
    Rule("RFC 5280 4.2.1.1", _authority_key_identifier),
    Rule("RFC 5280 4.2.1.2", _subject_key_identifier),
    Rule("RFC 5280 4.2.1.3", _key_usage),
    Rule("RFC 5280 4.2.1.9", _basic_constraints),
    Rule("RFC 5280 6.1.4", _path_length),
    Rule("RFC 5280 4.2.1.13", _distribution_points),
    Rule("RFC 5280 4.2.2.1", _information_access),
    Rule("profile: revocation", _revocable),
)
