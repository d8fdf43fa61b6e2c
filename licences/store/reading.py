"""Queries that only look."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.orm import Session

from licences.models import LicenceRow, RenditionRow, StatusRow, VersionRow


def version_by_identifier(session: Session, identifier: str) -> VersionRow | None:
    """Return the version of that identifier."""
    return session.scalars(select(VersionRow).where(VersionRow.identifier == identifier)).one_or_none()


def version_for_update(session: Session, identifier: str) -> VersionRow | None:
    """Return the version of that identifier and hold it: acts on one licence follow each other."""
    query = select(VersionRow).where(VersionRow.identifier == identifier)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def version_by_digest(session: Session, digest: str) -> VersionRow | None:
    """Return the version that has a document, or a file, of that digest (`sha-256:<hex>`)."""
    query = (
        select(VersionRow)
        .join(RenditionRow, RenditionRow.version_id == VersionRow.id)
        .where(or_(RenditionRow.digest == digest, RenditionRow.sha256 == digest))
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def version_by_code(session: Session, code_digest: str) -> VersionRow | None:
    """Return the version whose QR code has a secret of that digest."""
    return session.scalars(select(VersionRow).where(VersionRow.code_digest == code_digest)).one_or_none()


def licence_by_id(session: Session, licence_id: UUID) -> LicenceRow | None:
    """Return a licence."""
    return session.get(LicenceRow, licence_id)


def rendition(session: Session, version_id: UUID, kind: str, copy: str) -> RenditionRow | None:
    """Return one document of a version, as it was extended last."""
    query = select(RenditionRow).where(
        RenditionRow.version_id == version_id,
        RenditionRow.kind == kind,
        RenditionRow.copy == copy,
        RenditionRow.superseded_at.is_(None),
    )
    return session.scalars(query).one_or_none()


def renditions(session: Session, version_id: UUID) -> Sequence[RenditionRow]:
    """Return the documents of a version in every generation, of each the newest last."""
    query = select(RenditionRow).where(RenditionRow.version_id == version_id)
    order = RenditionRow.kind, RenditionRow.copy, RenditionRow.generation
    return session.scalars(query.order_by(*order)).all()


def statuses(session: Session, version_id: UUID) -> Sequence[StatusRow]:
    """Return every act on a version, the oldest first."""
    query = select(StatusRow).where(StatusRow.version_id == version_id)
    return session.scalars(query.order_by(StatusRow.recorded_at, StatusRow.effective_at)).all()


_CHANGED = text("""
    SELECT v.status_index, s.status, s.effective_at, s.recorded_at, s.until
      FROM licences.versions v JOIN licences.statuses s ON s.version_id = v.id
     WHERE v.status_index >= :first AND v.status_index < :end
       AND v.id IN (SELECT version_id FROM licences.statuses WHERE status <> 'active')
     ORDER BY v.status_index
""")


def changed_statuses(session: Session, first: int, end: int) -> Sequence[Row[Any]]:
    """Return all acts on those versions of a range of status indices that were ever anything but active."""
    return session.execute(_CHANGED, {"first": first, "end": end}).all()


def highest_status_index(session: Session) -> int | None:
    """Return the highest status index given so far."""
    return session.scalar(select(func.max(VersionRow.status_index)))
