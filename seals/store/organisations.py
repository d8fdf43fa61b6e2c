"""Queries on organisations and their names."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from seals.models import OrganisationRow


def organisation_on(session: Session, uscc: str, day: date) -> OrganisationRow | None:
    """Return the organisation under the name it has on that day."""
    query = (
        select(OrganisationRow)
        .where(OrganisationRow.uscc == uscc, OrganisationRow.valid_from <= day)
        .where(or_(OrganisationRow.valid_to.is_(None), OrganisationRow.valid_to >= day))
        .order_by(OrganisationRow.valid_from.desc())
        .limit(1)
    )
    return session.scalars(query).one_or_none()


def organisation_names(session: Session, uscc: str) -> Sequence[OrganisationRow]:
    """Return every name of an organisation, the oldest first."""
    query = select(OrganisationRow).where(OrganisationRow.uscc == uscc).order_by(OrganisationRow.valid_from)
    return session.scalars(query).all()
