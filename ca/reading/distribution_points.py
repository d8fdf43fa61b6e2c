"""Distribution points: where revocation is published, and which part of it a list holds.

Source: RFC 5280 sections 4.2.1.13, 5.2.5 and 6.3.3
"""

from dataclasses import dataclass
from typing import Final

from ca.encoding import der
from ca.errors import DerInvalid
from ca.reading.general_names import GeneralName, comparable, directory_names, parse_general_names


@dataclass(frozen=True, slots=True)
class DistributionPoint:
    """Where to look for a certificate's revocation, or which part of it a list holds.

    full_name: other names of one place; relative_name: DER of the attributes (a SET) that the CRL issuer's name is
    lengthened by; reasons: bit numbers of ReasonFlags, None for all; crl_issuer: who signs, where it is not the
    certificate's issuer.
    """

    full_name: tuple[GeneralName, ...] = ()
    relative_name: bytes | None = None
    reasons: frozenset[int] | None = None
    crl_issuer: tuple[GeneralName, ...] = ()

    @property
    def is_named(self) -> bool:
        """Whether it names a place at all."""
        return bool(self.full_name) or self.relative_name is not None


MAX_POINTS: Final = 64
"""Points of one certificate: each is held against each list."""


def parse_distribution_point(element: der.Element) -> DistributionPoint:
    """Read one distribution point of a certificate; raises DerInvalid."""
    fields = der.Fields(element)
    full_name, relative_name = distribution_point_name(fields.optional(der.context(0)))
    reasons = reason_flags(fields.optional(der.context(1, constructed=False)))
    issuer = fields.optional(der.context(2))
    fields.end()
    point = DistributionPoint(full_name, relative_name, reasons, () if issuer is None else parse_general_names(issuer))
    if not point.is_named and not point.crl_issuer:
        raise DerInvalid("a distribution point that names neither place nor issuer")
    return point


def distribution_point_name(element: der.Element | None) -> tuple[tuple[GeneralName, ...], bytes | None]:
    """Return the full names, or the relative one as the DER of its SET; raises DerInvalid."""
    if element is None:
        return (), None
    choice = der.read(element.value)
    if choice.tag == der.context(0):
        return parse_general_names(choice), None
    if choice.tag != der.context(1):
        raise DerInvalid("a distribution point's name of no known kind")
    return (), der.tlv(der.SET, choice.value)


def reason_flags(element: der.Element | None) -> frozenset[int] | None:
    """Return the numbers of the set bits of ReasonFlags under a context tag, None for all; raises DerInvalid."""
    if element is None:
        return None
    return der.parse_named_bits(der.read(der.tlv(der.BIT_STRING, element.value)))


@dataclass(frozen=True, slots=True)
class IssuingDistributionPoint:
    """Which part of a certificate issuer's revocations a list holds.

    point: its name and its reasons; indirect: it may also hold other issuers' certificates.
    """

    point: DistributionPoint
    only_user_certificates: bool
    only_ca_certificates: bool
    only_attribute_certificates: bool
    indirect: bool


def parse_issuing_distribution_point(data: bytes) -> IssuingDistributionPoint:
    """Read a list's own distribution point (RFC 5280 section 5.2.5); raises DerInvalid."""
    fields = der.Fields(der.read(data))
    full_name, relative_name = distribution_point_name(fields.optional(der.context(0)))
    users, authorities = _flag(fields, 1), _flag(fields, 2)
    reasons = reason_flags(fields.optional(der.context(3, constructed=False)))
    indirect, attributes = _flag(fields, 4), _flag(fields, 5)
    fields.end()
    if users + authorities + attributes > 1:
        raise DerInvalid("a list that is for several kinds of certificates only")
    point = DistributionPoint(full_name, relative_name, reasons)
    return IssuingDistributionPoint(point, users, authorities, attributes, indirect)


def _flag(fields: der.Fields, number: int) -> bool:
    element = fields.optional(der.context(number, constructed=False))
    return element is not None and der.parse_true(der.Element(der.BOOLEAN, element.raw, element.value))


def places(point: DistributionPoint, issuer: bytes) -> tuple[GeneralName, ...]:
    """Return the full names of a point; a relative one lengthens the issuer's name (DER)."""
    if point.relative_name is None:
        return point.full_name
    levels = (level.raw for level in der.children(der.read(issuer, der.SEQUENCE)))
    return (GeneralName("directory", der.sequence(*levels, point.relative_name)),)


def point_holds(
    point: DistributionPoint, certificate_issuer: bytes, own: DistributionPoint, list_issuer: bytes
) -> bool:
    """Say whether a list with this point of its own is what a certificate's point leads to; raises DerInvalid.

    certificate_issuer, list_issuer: DER Names.
    Source: RFC 5280 section 6.3.3 (b) (2) (i)
    """
    if not own.is_named:
        return True
    if point.is_named:
        signers = directory_names(point.crl_issuer)
        led_to = places(point, signers[0] if signers else certificate_issuer)
    else:
        led_to = point.crl_issuer
    # A certificate and a list may name thousands of places each: never all of one against all of the other.
    return not frozenset(map(comparable, led_to)).isdisjoint(map(comparable, places(own, list_issuer)))
