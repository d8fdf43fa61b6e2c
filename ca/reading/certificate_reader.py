"""Read a certificate into a value, its bytes kept verbatim beside it."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from ca.encoding import der, oids
from ca.errors import CertificateInvalid, DerInvalid
from ca.reading import extension_reader as extensions_of
from ca.reading import names
from ca.reading.distribution_points import DistributionPoint
from ca.reading.extension_reader import (
    KEY_USAGES,
    AccessDescription,
    Extension,
    NameConstraints,
    PolicyConstraints,
    Qualifier,
    read_extensions,
)
from ca.reading.general_names import GeneralName

__all__ = ["KEY_USAGES", "MAX_SIZE", "Certificate", "Extension", "read_certificate", "read_extensions"]

MAX_SIZE: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate. Names, key and algorithm are their DER; times are UTC; a missing extension is None or empty.

    policies: dotted id to what is said about it; policy_mappings: pairs of the issuer's and the subject's policy.
    """

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
    subject_alternative_names: tuple[GeneralName, ...]
    issuer_alternative_names: tuple[GeneralName, ...]
    policies: MappingProxyType[str, tuple[Qualifier, ...]] | None
    policy_mappings: tuple[tuple[str, str], ...]
    policy_constraints: PolicyConstraints | None
    inhibit_any_policy: int | None
    name_constraints: NameConstraints | None
    crl_distribution_points: tuple[DistributionPoint, ...]
    authority_info_access: tuple[AccessDescription, ...]

    @property
    def subject_text(self) -> str:
        """The subject as one line for people."""
        return names.display(self.subject)

    @property
    def is_self_issued(self) -> bool:
        """Whether issuer and subject are one (RFC 5280 section 3.2), be it under another key."""
        return names.same(self.subject, self.issuer)


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


def _skip_unique_identifiers(fields: der.Fields, version: int) -> None:
    # RFC 5280 section 4.1.2.8: never written by us, and passed over when read
    for number in (1, 2):
        if fields.optional(der.context(number, constructed=False)) is not None and version == 1:
            raise DerInvalid("unique identifiers in version 1")


def _read(data: bytes) -> Certificate:
    tbs, algorithm, signature = signed_parts(data)
    fields = der.Fields(tbs)
    version = _version(fields)
    # RFC 5280 section 4.1.2.2: not positive or too long is wrong to issue, yet to be read
    serial_number = der.parse_integer(fields.take())
    # RFC 5280 section 4.1.1.2: the signed algorithm and the one outside the signature are the same bytes
    if fields.take(der.SEQUENCE).raw != algorithm.raw:
        raise DerInvalid("two different signature algorithms")
    issuer = fields.take(der.SEQUENCE)
    validity = der.Fields(fields.take())
    not_before, not_after = der.parse_time(validity.take()), der.parse_time(validity.take())
    validity.end()
    subject = fields.take(der.SEQUENCE)
    public_key = fields.take(der.SEQUENCE)
    _skip_unique_identifiers(fields, version)
    extensions = explicit_extensions(fields, der.context(3))
    if extensions and version != 3:
        raise DerInvalid("extensions outside version 3")
    fields.end()
    is_ca, path_length = extensions_of.basic_constraints(extensions)
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
        key_usage=extensions_of.key_usage(extensions),
        extended_key_usage=extensions_of.extended_key_usage(extensions),
        subject_key_identifier=extensions_of.subject_key_identifier(extensions),
        subject_alternative_names=extensions_of.alternative_names(extensions, oids.SUBJECT_ALTERNATIVE_NAME),
        issuer_alternative_names=extensions_of.alternative_names(extensions, oids.ISSUER_ALTERNATIVE_NAME),
        policies=extensions_of.certificate_policies(extensions),
        policy_mappings=extensions_of.policy_mappings(extensions),
        policy_constraints=extensions_of.policy_constraints(extensions),
        inhibit_any_policy=extensions_of.inhibit_any_policy(extensions),
        name_constraints=extensions_of.name_constraints(extensions),
        crl_distribution_points=extensions_of.crl_distribution_points(extensions),
        authority_info_access=extensions_of.authority_info_access(extensions),
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
