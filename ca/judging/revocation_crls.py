"""What revocation lists say of a certificate: direct and indirect ones, partitions, deltas, lists of another key.

Source: RFC 5280 sections 5.2.4 and 6.3.3
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from ca.algorithms import signatures
from ca.errors import CrlInvalid, DerInvalid, NationalUnavailable
from ca.judging.revocation_statement import ALL_REASONS, Statement
from ca.reading import names
from ca.reading.certificate_reader import Certificate, read_certificate
from ca.reading.crl_reader import RevocationList, read_crl
from ca.reading.distribution_points import DistributionPoint, IssuingDistributionPoint, point_holds
from ca.reading.general_names import GeneralName, directory_names


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in whose scope a certificate is, and what it says of it; a delta list with the full one it continues."""

    list: RevocationList
    base: RevocationList | None
    statement: Statement


@lru_cache(maxsize=1024)
def list_signed_by(crl: bytes, key: bytes) -> bool:
    """Say whether the key (DER of SubjectPublicKeyInfo) signed the list (DER); raises NationalUnavailable."""
    found = read_crl(crl)
    return signatures.verify(key, found.signature_algorithm, found.tbs, found.signature)


def may_sign_lists(certificate: Certificate) -> bool:
    """Say whether the key may sign revocation lists (RFC 5280 section 6.3.3 (f))."""
    return certificate.key_usage is None or "cRLSign" in certificate.key_usage


@lru_cache(maxsize=1024)
def listings(data: bytes, crls: tuple[bytes, ...]) -> tuple[Listing, ...]:
    """Return what each list (DER) in whose scope the certificate (DER) is says, whoever signed it."""
    certificate = read_certificate(data)
    full: list[tuple[RevocationList, frozenset[int]]] = []
    deltas: list[tuple[RevocationList, frozenset[int]]] = []
    for one in crls:
        try:
            crl = read_crl(one)
            reasons = _reasons(crl, certificate) if crl.understood else frozenset[int]()
        except (CrlInvalid, DerInvalid):
            continue
        if reasons:
            (full if crl.delta_base is None else deltas).append((crl, reasons))
    found = [_listing(crl, None, reasons, certificate) for crl, reasons in full]
    # With each full list: whoever can add one with a false signature could otherwise take a delta list's ground away
    found.extend(
        _listing(delta, base, reasons, certificate)
        for delta, reasons in deltas
        for base, _ in full
        if _continues(delta, base)
    )
    return tuple(found)


def _listing(
    crl: RevocationList, base: RevocationList | None, reasons: frozenset[int], certificate: Certificate
) -> Listing:
    of, serial = certificate.issuer, certificate.serial_number
    entry = crl.find(of, serial)
    if entry is None and base is not None and not crl.removes(of, serial):
        entry = base.find(of, serial)
    return Listing(
        crl,
        base,
        Statement(
            this_update=crl.this_update,
            next_update=crl.next_update,
            entry=entry,
            reasons=reasons,
            algorithms=frozenset(_algorithms(one for one in (crl, base) if one is not None)),
            expired_from=crl.expired_certificates_from,
            number=crl.number,
        ),
    )


def _algorithms(crls: Iterable[RevocationList]) -> Iterator[str]:
    for crl in crls:
        scheme = signatures.SCHEMES.get(crl.signature_algorithm)
        if scheme is not None:
            yield scheme.id


def _continues(delta: RevocationList, base: RevocationList) -> bool:
    """Say whether a delta list may be read on top of a full one (5.2.4, 6.3.3 (c))."""
    if delta.number is None or delta.delta_base is None or base.number is None:
        return False
    same_scope = delta.issuing_distribution_point == base.issuing_distribution_point
    same_key = delta.authority_key_identifier == base.authority_key_identifier
    in_order = delta.delta_base <= base.number < delta.number
    return in_order and same_scope and same_key and names.same(delta.issuer, base.issuer)


def _reasons(crl: RevocationList, certificate: Certificate) -> frozenset[int]:
    """Return for which reasons the list speaks of the certificate, none where it is out of its scope (6.3.3 (b), (d))."""
    own = crl.issuing_distribution_point
    if own is not None and not _is_of_kind(own, certificate):
        return frozenset()
    # After the points that the certificate names, the one that every certificate has: its issuer's own lists.
    implicit = DistributionPoint((GeneralName("directory", certificate.issuer),))
    found = frozenset[int]()
    for point in (*certificate.crl_distribution_points, implicit):
        if _leads_to(point, crl, certificate):
            found |= ALL_REASONS if point.reasons is None else point.reasons & ALL_REASONS
    return found if own is None or own.point.reasons is None else found & own.point.reasons


def _is_of_kind(own: IssuingDistributionPoint, certificate: Certificate) -> bool:
    if own.only_attribute_certificates:
        return False
    return not (own.only_ca_certificates if not certificate.is_ca else own.only_user_certificates)


def _leads_to(point: DistributionPoint, crl: RevocationList, certificate: Certificate) -> bool:
    own = crl.issuing_distribution_point
    if point.crl_issuer:
        # (b) (1): another one signs for this issuer, and the list says that it is not about its own certificates only
        if own is None or not own.indirect or not designates(point, crl.issuer):
            return False
    elif not names.same(crl.issuer, certificate.issuer):
        return False
    return own is None or point_holds(point, certificate.issuer, own.point, crl.issuer)


def designates(point: DistributionPoint, name: bytes) -> bool:
    """Say whether a distribution point names this one (DER Name) as the signer of its lists."""
    return any(names.same(issuer, name) for issuer in directory_names(point.crl_issuer))


def is_signed_by(listing: Listing, signer: Certificate) -> bool:
    """Say whether this is who signed the list, and with the same key the full one under it."""
    if not may_sign_lists(signer) or not names.same(signer.subject, listing.list.issuer):
        return False
    try:
        whole = listing.base is None or list_signed_by(listing.base.der, signer.public_key)
        return whole and list_signed_by(listing.list.der, signer.public_key)
    except NationalUnavailable:
        return False  # nobody can tell here: as good as no list
