"""Queries on what came from other authorities: certificates that were taken in, and the evidence about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from ca.models import ForeignCertificateRow, ForeignEvidenceRow


def foreign_certificates(session: Session) -> Sequence[ForeignCertificateRow]:
    """Return every certificate of another authority, the first taken in first."""
    order = (ForeignCertificateRow.imported_at, ForeignCertificateRow.digest)
    return session.scalars(select(ForeignCertificateRow).order_by(*order)).all()


def foreign_certificate(session: Session, der: bytes) -> ForeignCertificateRow | None:
    """Return what is known of a certificate (DER), if it was taken in."""
    return session.get(ForeignCertificateRow, hashlib.sha256(der).digest())


def store_foreign_certificate(session: Session, values: Mapping[str, Any]) -> bool:
    """Keep a certificate of another authority; False if it is known."""
    statement = insert(ForeignCertificateRow).values(values).on_conflict_do_nothing()
    return session.scalar(statement.returning(ForeignCertificateRow.digest)) is not None


def newest_evidence(session: Session, kind: str, source: str, about: bytes) -> ForeignEvidenceRow | None:
    """Return the newest list or response of a source."""
    query = select(ForeignEvidenceRow).where(
        ForeignEvidenceRow.kind == kind, ForeignEvidenceRow.source == source, ForeignEvidenceRow.about == about
    )
    return session.scalars(query.order_by(ForeignEvidenceRow.this_update.desc()).limit(1)).first()


def evidence(session: Session) -> Sequence[ForeignEvidenceRow]:
    """Return all evidence that is kept."""
    order = (ForeignEvidenceRow.kind, ForeignEvidenceRow.source, ForeignEvidenceRow.about)
    return session.scalars(select(ForeignEvidenceRow).order_by(*order, ForeignEvidenceRow.this_update)).all()


def evidence_about(session: Session, abouts: Iterable[bytes]) -> Sequence[ForeignEvidenceRow]:
    """Return the evidence about these certificates, or of these issuers, by SHA-256."""
    return session.scalars(select(ForeignEvidenceRow).where(ForeignEvidenceRow.about.in_(set(abouts)))).all()


def last_fetched(session: Session) -> datetime | None:
    """Return when something new came last."""
    return session.scalar(select(func.max(ForeignEvidenceRow.fetched_at)))


def store_evidence(session: Session, values: Mapping[str, Any]) -> None:
    """Keep what was fetched; of the same age as what is there, it takes its place: its times may have been prolonged."""
    statement = insert(ForeignEvidenceRow).values(values)
    key = ("kind", "source", "about", "this_update")
    changed = {name: statement.excluded[name] for name in ("next_update", "fetched_at", "der")}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=changed))


def drop_superseded(session: Session, kind: str, source: str, about: bytes) -> int:
    """Drop what a newer list or response repeats; the last word on a certificate that has expired since stays.

    An authority may leave expired certificates out of later lists (RFC 5280 section 3.3).
    """
    newer = aliased(ForeignEvidenceRow)
    mine = (
        ForeignEvidenceRow.kind == kind,
        ForeignEvidenceRow.source == source,
        ForeignEvidenceRow.about == about,
    )
    superseded = exists().where(
        newer.kind == kind,
        newer.source == source,
        newer.about == about,
        newer.this_update > ForeignEvidenceRow.this_update,
        ~exists().where(
            ForeignCertificateRow.not_after >= ForeignEvidenceRow.this_update,
            ForeignCertificateRow.not_after < newer.this_update,
        ),
    )
    dropped = session.scalars(delete(ForeignEvidenceRow).where(*mine, superseded).returning(ForeignEvidenceRow.about))
    return len(dropped.all())
