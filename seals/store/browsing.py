"""Queries of who looks at the register of seals: custodians and auditors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, false, select
from sqlalchemy.orm import Session

from seals.models import ApplicationRow, AuthorisationRow, GrantRow, OrganisationRow, SealRow, UseRow


@dataclass(frozen=True, slots=True)
class UsesWanted:
    """Which uses: None for any. possible: only those of which nobody knows whether anything was put in force.

    outcome: `used`, `abandoned`, `refused`, `open`; begin, end: when it was opened, from and before; operator: an account.
    """

    organisation: str | None = None
    seal: UUID | None = None
    outcome: str | None = None
    operator: str | None = None
    begin: datetime | None = None
    end: datetime | None = None
    possible: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the same as conditions on uses and their seals."""
        given = (
            (self.organisation, SealRow.organisation == self.organisation),
            (self.seal, UseRow.seal_id == self.seal),
            (self.operator, UseRow.actor["id"].astext == self.operator),
            (self.begin, UseRow.opened_at >= self.begin if self.begin else false()),
            (self.end, UseRow.opened_at < self.end if self.end else false()),
            (self.outcome, UseRow.closed_at.is_(None) if self.outcome == "open" else UseRow.outcome == self.outcome),
            # Refused after the signature: the document was made, and never put in force (`open_uses`).
            (
                self.possible or None,
                UseRow.closed_at.is_(None) | ((UseRow.outcome == "refused") & UseRow.document.is_not(None)),
            ),
        )
        return [condition for value, condition in given if value is not None]


def seals(
    session: Session, organisation: str | None, states: Sequence[str], limit: int, ending: datetime | None = None
) -> Sequence[SealRow]:
    """Return seals of a unit, or all; in these states, or any; by number, the newest of each first.

    ending: only those in use whose period is over by then.
    """
    query = select(SealRow).order_by(SealRow.code, SealRow.generation.desc()).limit(limit)
    if organisation is not None:
        query = query.where(SealRow.organisation == organisation)
    if states:
        query = query.where(SealRow.state.in_(states))
    if ending is not None:
        query = query.where(SealRow.state.in_(("active", "suspended")), SealRow.valid_until <= ending)
    return session.scalars(query).all()


def seal_generation(session: Session, code: str, generation: int) -> SealRow | None:
    """Return the seal of a number and a generation."""
    return session.scalars(select(SealRow).where(SealRow.code == code, SealRow.generation == generation)).one_or_none()


def applications(
    session: Session, organisation: str | None, states: Sequence[str], limit: int
) -> Sequence[ApplicationRow]:
    """Return applications of a unit, or all; in these states, or any; the newest first."""
    query = select(ApplicationRow).order_by(ApplicationRow.applied_at.desc(), ApplicationRow.id).limit(limit)
    if organisation is not None:
        query = query.where(ApplicationRow.organisation == organisation)
    if states:
        query = query.where(ApplicationRow.state.in_(states))
    return session.scalars(query).all()


def application(session: Session, application_id: UUID) -> ApplicationRow | None:
    """Return an application."""
    return session.get(ApplicationRow, application_id)


def application_of(session: Session, seal_id: UUID) -> ApplicationRow | None:
    """Return the application that a seal was made for; one that was brought in has none."""
    return session.scalars(select(ApplicationRow).where(ApplicationRow.seal_id == seal_id)).one_or_none()


def grants(session: Session, seal_id: UUID) -> Sequence[GrantRow]:
    """Return every grant of a seal, revoked ones among them, the newest first."""
    query = select(GrantRow).where(GrantRow.seal_id == seal_id)
    return session.scalars(query.order_by(GrantRow.valid_from.desc(), GrantRow.id)).all()


def seal_of_grant(session: Session, grant_id: UUID) -> SealRow | None:
    """Return the seal of a grant."""
    return session.scalars(
        select(SealRow).join(GrantRow, GrantRow.seal_id == SealRow.id).where(GrantRow.id == grant_id)
    ).one_or_none()


def seal_of_authorisation(session: Session, authorisation_id: UUID) -> SealRow | None:
    """Return the seal of a standing authorisation."""
    return session.scalars(
        select(SealRow)
        .join(AuthorisationRow, AuthorisationRow.seal_id == SealRow.id)
        .where(AuthorisationRow.id == authorisation_id)
    ).one_or_none()


def uses(session: Session, wanted: UsesWanted, limit: int) -> list[tuple[UseRow, str, str]]:
    """Return uses with the numbers and names of their seals, the newest first."""
    query = (
        select(UseRow, SealRow.code, SealRow.name)
        .join(SealRow, SealRow.id == UseRow.seal_id)
        .where(*wanted.conditions())
        .order_by(UseRow.opened_at.desc(), UseRow.id)
        .limit(limit)
    )
    return [(use, code, name) for use, code, name in session.execute(query)]


def organisations(session: Session) -> Sequence[OrganisationRow]:
    """Return every organisation under each of its names."""
    query = select(OrganisationRow).order_by(OrganisationRow.uscc, OrganisationRow.valid_from)
    return session.scalars(query).all()
