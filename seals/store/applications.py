"""Queries on applications for seals."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from seals.models import ApplicationRow


def application_for_update(session: Session, application_id: UUID) -> ApplicationRow | None:
    """Return an application and hold it: steps on one application follow each other."""
    query = select(ApplicationRow).where(ApplicationRow.id == application_id)
    return session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def applications_of(session: Session, organisation: str, *states: str) -> Sequence[ApplicationRow]:
    """Return an organisation's applications in those states, in all if none is named, the newest first."""
    query = select(ApplicationRow).where(ApplicationRow.organisation == organisation)
    if states:
        query = query.where(ApplicationRow.state.in_(states))
    return session.scalars(query.order_by(ApplicationRow.applied_at.desc(), ApplicationRow.id)).all()
