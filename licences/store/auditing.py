"""Queries of auditors: which licences a department issued, a company holds, or a case led to."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from licences.models import HolderRow, VersionRow


def licences_issued(
    session: Session, issuer: str, since: datetime | None, until: datetime | None, limit: int
) -> Sequence[UUID]:
    """Return the licences that a department issued in a period, the oldest first."""
    query = select(VersionRow.licence_id).where(VersionRow.issuer == issuer, VersionRow.stage == "active")
    if since is not None:
        query = query.where(VersionRow.activated_at >= since)
    if until is not None:
        query = query.where(VersionRow.activated_at < until)
    return session.scalars(query.order_by(VersionRow.activated_at, VersionRow.id).limit(limit)).all()


def licences_held(session: Session, code_indexes: Sequence[bytes], limit: int) -> Sequence[UUID]:
    """Return the licences whose holder has one of these keyed indexes."""
    query = (
        select(VersionRow.licence_id)
        .join(HolderRow, HolderRow.version_id == VersionRow.id)
        .where(HolderRow.code_index.in_(code_indexes), VersionRow.stage == "active")
    )
    return session.scalars(query.order_by(VersionRow.activated_at, VersionRow.id).limit(limit)).all()


def licences_of_case(session: Session, business_index: bytes, limit: int) -> Sequence[UUID]:
    """Return the licences that a case led to, by the keyed index of its number in whatever system decided it."""
    query = select(VersionRow.licence_id).where(
        VersionRow.business_index == business_index, VersionRow.stage == "active"
    )
    return session.scalars(query.order_by(VersionRow.activated_at, VersionRow.id).limit(limit)).all()


def identifiers(session: Session, licences: Collection[UUID]) -> Mapping[UUID, tuple[str, ...]]:
    """Return the identifiers of licences, one for each version in force, the first version first."""
    rows = session.execute(
        select(VersionRow.licence_id, VersionRow.identifier)
        .where(VersionRow.licence_id == any_(literal(list(licences), ARRAY(Uuid))), VersionRow.stage == "active")
        .order_by(VersionRow.licence_id, VersionRow.version)
    )
    found: dict[UUID, tuple[str, ...]] = {}
    for licence, identifier in rows:
        found[licence] = (*found.get(licence, ()), identifier)
    return found
