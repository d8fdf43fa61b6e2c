"""Queries of the expiry watch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from ca.models import AuthorityRow, CertificateRow, RevocationRow

_SERVICES: Final = ("timestamp", "trust", "status", "receipt", "seal-maker")


def unreplaced(session: Session, begin: datetime, end: datetime) -> Sequence[CertificateRow]:
    """Return certificates in force that end between two moments and have no successor.

    A successor names them as what it replaces; or it is for a key of ours too, in the same hierarchy, with the same
    profile and subject and a longer life (persons may share a name, and are no successors); an authority has one in the
    next generation, and so has a service, of which a hierarchy has one, under whatever name.
    """
    later, revocation = aliased(CertificateRow), aliased(RevocationRow)
    issuer, later_issuer = aliased(AuthorityRow), aliased(AuthorityRow)
    revoked = exists().where(
        revocation.serial_number == CertificateRow.serial_number,
        revocation.lifted_at.is_(None),
        revocation.reason != "certificateHold",
    )
    gone = exists().where(
        revocation.serial_number == later.serial_number,
        revocation.lifted_at.is_(None),
        revocation.reason != "certificateHold",
    )
    named = later.replaces == CertificateRow.serial_number
    same_house = exists().where(
        issuer.id == CertificateRow.authority,
        later_issuer.id == later.authority,
        issuer.hierarchy == later_issuer.hierarchy,
    )
    ours = CertificateRow.key_name.is_not(None) & later.key_name.is_not(None)
    named_alike = (later.subject == CertificateRow.subject) | CertificateRow.profile.in_(_SERVICES)
    alike = (later.profile == CertificateRow.profile) & named_alike & ours & same_house
    successor = exists().where(
        later.state == "issued", later.not_after > CertificateRow.not_after, named | alike, ~gone
    )
    followed = exists().where(
        AuthorityRow.serial_number == CertificateRow.serial_number, AuthorityRow.state != "active"
    )
    query = select(CertificateRow).where(
        CertificateRow.state == "issued",
        CertificateRow.not_after.between(begin, end),
        ~revoked,
        ~successor,
        ~followed,
    )
    return session.scalars(query).all()
