"""Queries of those who look for a certificate, and of the responders that answer for them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from ca.models import CertificateRow, RevocationRow

Standing = Literal["good", "revoked", "on_hold", "expired"]

_DIGITS: Final = 40
_HOLD: Final = "certificateHold"


def certificates_beginning(session: Session, digits: str) -> Sequence[CertificateRow]:
    """Return the issued certificates whose serial number begins with these hexadecimal digits, two at the most."""
    query = select(CertificateRow).where(
        CertificateRow.state == "issued",
        # A range, because a LIKE would not use the index.
        CertificateRow.serial_number.between(digits.ljust(_DIGITS, "0"), digits.ljust(_DIGITS, "f")),
    )
    return session.scalars(query.limit(2)).all()


def search(
    session: Session,
    now: datetime,
    limit: int,
    *,
    authority: str | None = None,
    profile: str | None = None,
    standing: Standing | None = None,
    subject: str | None = None,
) -> Sequence[tuple[CertificateRow, RevocationRow | None]]:
    """Return issued certificates, each with the revocation or hold that stands, the newest first, `limit` at the most.

    subject: a part of the name, whatever the case.
    """
    wanted: list[ColumnElement[bool]] = [CertificateRow.state == "issued"]
    if authority is not None:
        wanted.append(CertificateRow.authority == authority)
    if profile is not None:
        wanted.append(CertificateRow.profile == profile)
    if subject is not None:
        wanted.append(CertificateRow.subject.icontains(subject, autoescape=True))
    if standing is not None:
        wanted += _standing(standing, now)
    query = (
        select(CertificateRow, RevocationRow)
        .outerjoin(
            RevocationRow,
            (RevocationRow.serial_number == CertificateRow.serial_number) & RevocationRow.lifted_at.is_(None),
        )
        .where(*wanted)
        # A ceremony issues many at one moment: together with their issuer, and not in the chance order of their serials.
        .order_by(
            CertificateRow.issued_at.desc(),
            CertificateRow.authority,
            CertificateRow.key_name.nulls_last(),
            CertificateRow.serial_number,
        )
        .limit(limit)
    )
    return [(row, revocation) for row, revocation in session.execute(query)]


def successor(session: Session, serial: str) -> CertificateRow | None:
    """Return the certificate that replaces the one of a serial number."""
    query = select(CertificateRow).where(CertificateRow.replaces == serial, CertificateRow.state == "issued")
    return session.scalar(query)


def responders(session: Session, now: datetime) -> Sequence[tuple[CertificateRow, CertificateRow]]:
    """Return the certificates of the OCSP responders whose keys are ours, each with that of its authority.

    Those that have ended or are revoked are left out.
    """
    above = aliased(CertificateRow)
    revoked = select(RevocationRow.id).where(
        RevocationRow.serial_number == CertificateRow.serial_number, RevocationRow.lifted_at.is_(None)
    )
    query = (
        select(CertificateRow, above)
        .join(above, above.serial_number == CertificateRow.issuer_serial)
        .where(
            CertificateRow.profile == "ocsp",
            CertificateRow.state == "issued",
            CertificateRow.key_name.is_not(None),
            CertificateRow.not_after > now,
            ~revoked.exists(),
        )
        .order_by(CertificateRow.serial_number)
    )
    return [(row, authority) for row, authority in session.execute(query)]


def _standing(standing: Standing, now: datetime) -> list[ColumnElement[bool]]:
    match standing:
        case "revoked":
            return [RevocationRow.id.is_not(None), RevocationRow.reason != _HOLD]
        case "on_hold":
            return [RevocationRow.reason == _HOLD]
        case "expired":
            return [RevocationRow.id.is_(None), CertificateRow.not_after < now]
        case "good":
            return [RevocationRow.id.is_(None), CertificateRow.not_after >= now]
