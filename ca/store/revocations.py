"""Queries on what is revoked."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from ca.models import CertificateRow, LostRevocationRow, RevocationRow
from ca.ocsp.responder import CertificateStatus
from ca.reading.crl_reader import Reason, Revoked
from ca.store.issued import serial_text


def standing(session: Session, serials: Collection[str]) -> dict[str, RevocationRow]:
    """Return the revocations and holds that are in force now, by serial number."""
    query = select(RevocationRow).where(
        RevocationRow.serial_number.in_(set(serials)), RevocationRow.lifted_at.is_(None)
    )
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {row.serial_number: row for row in rows}


def stopped(session: Session, serials: Collection[int]) -> frozenset[int]:
    """Return which certificates are revoked or on hold now, by one query, whichever of our authorities issued them.

    Those that a restore has lost are among them.
    """
    wanted = {serial_text(serial) for serial in serials}
    known = select(RevocationRow.serial_number).where(
        RevocationRow.serial_number.in_(wanted), RevocationRow.lifted_at.is_(None)
    )
    lost = select(LostRevocationRow.serial_number).where(LostRevocationRow.serial_number.in_(wanted))
    return frozenset(int(text, 16) for text in session.scalars(known.union_all(lost)))


def history(session: Session, serial: int) -> Sequence[RevocationRow]:
    """Return every revocation and hold of a certificate, the oldest first, lifted ones too."""
    query = select(RevocationRow).where(RevocationRow.serial_number == serial_text(serial))
    return session.scalars(query.order_by(RevocationRow.recorded_at, RevocationRow.lifted_at.nulls_last())).all()


def revoked_of(session: Session, authority: str) -> tuple[Revoked, ...]:
    """Return what stands in an authority's full list now, by serial number; expired certificates stay in it."""
    known = (
        select(
            RevocationRow.serial_number,
            RevocationRow.revocation_date,
            RevocationRow.reason,
            RevocationRow.invalidity_date,
        )
        .join(CertificateRow, CertificateRow.serial_number == RevocationRow.serial_number)
        .where(CertificateRow.authority == authority, RevocationRow.lifted_at.is_(None))
    )
    lost = select(
        LostRevocationRow.serial_number,
        LostRevocationRow.revocation_date,
        LostRevocationRow.reason,
        LostRevocationRow.invalidity_date,
    ).where(LostRevocationRow.authority == authority)
    query = known.union_all(lost).order_by("serial_number")
    return tuple(
        Revoked(int(row.serial_number, 16), row.revocation_date, cast("Reason", row.reason), row.invalidity_date)
        for row in session.execute(query)
    )


def lost(session: Session, authority: str) -> dict[str, LostRevocationRow]:
    """Return an authority's revocations whose certificates a restore has lost, by serial number."""
    query = select(LostRevocationRow).where(LostRevocationRow.authority == authority)
    return {row.serial_number: row for row in session.scalars(query)}


def holds_since(session: Session, authority: str, until: datetime) -> Sequence[str]:
    """Return the serial numbers of an authority's certificates that were put on hold by then and still are."""
    query = (
        select(RevocationRow.serial_number)
        .join(CertificateRow, CertificateRow.serial_number == RevocationRow.serial_number)
        .where(
            CertificateRow.authority == authority,
            RevocationRow.lifted_at.is_(None),
            RevocationRow.reason == "certificateHold",
            RevocationRow.recorded_at <= until,
        )
        .order_by(RevocationRow.serial_number)
    )
    return session.scalars(query).all()


def statuses(session: Session, authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
    """Return how certificates of an authority stand now, by one query; one that it never issued is not in the answer.

    authority: the name of its key.
    """
    wanted = {serial_text(serial) for serial in serials}
    known = (
        select(
            CertificateRow.serial_number,
            RevocationRow.revocation_date,
            RevocationRow.reason,
        )
        .outerjoin(
            RevocationRow,
            (RevocationRow.serial_number == CertificateRow.serial_number) & RevocationRow.lifted_at.is_(None),
        )
        .where(
            CertificateRow.authority == authority,
            CertificateRow.state == "issued",
            CertificateRow.serial_number.in_(wanted),
        )
    )
    lost = select(
        LostRevocationRow.serial_number,
        LostRevocationRow.revocation_date,
        LostRevocationRow.reason,
    ).where(LostRevocationRow.authority == authority, LostRevocationRow.serial_number.in_(wanted))
    query = known.union_all(lost)
    return {int(row.serial_number, 16): _status(row) for row in session.execute(query)}


def _status(row: Row[str, object, str]) -> CertificateStatus:
    if row.reason is None:
        return CertificateStatus("good", None, None)
    held = row.reason == "certificateHold"
    return CertificateStatus("on_hold" if held else "revoked", row.revocation_date, cast("Reason", row.reason))
