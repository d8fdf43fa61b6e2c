"""Queries on seals, their grants and standing authorisations, and their stops."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import and_, case, select
from sqlalchemy.orm import Session, defer

from seals.life.grants import ANY, Use
from seals.models import AuthorisationRow, GrantRow, SealRow, StopRow
from seals.store.locks import lock_for_decision

RowT = TypeVar("RowT", SealRow, GrantRow, AuthorisationRow)
SubRowT = TypeVar("SubRowT", GrantRow, AuthorisationRow)
_WITHOUT_PICTURES: Final = defer(SealRow.esl)
"""Where many uses go through: a national seal is as large as a page."""
Facts: TypeAlias = tuple[SealRow, GrantRow, AuthorisationRow | None]


def seal_by_id(session: Session, seal_id: UUID) -> SealRow | None:
    """Return a seal."""
    return session.get(SealRow, seal_id)


def national_form(session: Session, seal_id: UUID) -> bytes | None:
    """Return the national form of a seal (DER, an .esl file), None if it has none."""
    return session.scalar(select(SealRow.esl).where(SealRow.id == seal_id))


def seals_by_id(session: Session, seal_ids: Iterable[UUID]) -> Sequence[SealRow]:
    """Return those seals that there are."""
    return session.scalars(select(SealRow).where(SealRow.id.in_(set(seal_ids)))).all()


def seal_by_code(session: Session, code: str) -> SealRow | None:
    """Return the seal of that number that was handed out last, in use or not."""
    query = select(SealRow).where(SealRow.code == code, SealRow.state != "made")
    return session.scalars(query.order_by(SealRow.generation.desc()).limit(1)).one_or_none()


def newest_by_code(session: Session, code: str) -> SealRow | None:
    """Return the newest seal of that number, be it still in the drawer."""
    query = select(SealRow).where(SealRow.code == code)
    return session.scalars(query.order_by(SealRow.generation.desc()).limit(1)).one_or_none()


def successor(session: Session, seal_id: UUID) -> SealRow | None:
    """Return the seal that replaces another, or shall."""
    return session.scalars(select(SealRow).where(SealRow.replaces == seal_id)).one_or_none()


def seals_past(session: Session, now: datetime) -> Sequence[SealRow]:
    """Return the seals still active or suspended whose period has ended."""
    query = select(SealRow).where(SealRow.state.in_(("active", "suspended")), SealRow.valid_until < now)
    return session.scalars(query.order_by(SealRow.id)).all()


def seal_for_decision(session: Session, seal_id: UUID) -> SealRow | None:
    """Return a seal as it is now, and hold off every use and every other decision until the transaction ends."""
    lock_for_decision(session, seal_id)
    return _fresh(session, SealRow, [seal_id]).get(seal_id)


def grant_for_decision(session: Session, grant_id: UUID) -> GrantRow | None:
    """Return a grant as it is now, and hold off every use of its seal until the transaction ends."""
    return _for_decision(session, GrantRow, grant_id)


def continuing_grant(session: Session, grant_id: UUID) -> GrantRow | None:
    """Return what a grant became on its seal's successor, as `grant_for_decision`; its own seal must be held."""
    return _continuing(session, GrantRow, grant_id)


def continuing_authorisation(session: Session, authorisation_id: UUID) -> AuthorisationRow | None:
    """Return what a standing authorisation became on its seal's successor; as `continuing_grant`."""
    return _continuing(session, AuthorisationRow, authorisation_id)


def authorisation_for_decision(session: Session, authorisation_id: UUID) -> AuthorisationRow | None:
    """Return a standing authorisation as it is now, and hold off every use of its seal until the transaction ends."""
    return _for_decision(session, AuthorisationRow, authorisation_id)


def _for_decision(session: Session, kind: type[SubRowT], row_id: UUID) -> SubRowT | None:
    seal_id = session.scalar(select(kind.seal_id).where(kind.id == row_id))
    if seal_id is None:
        return None
    lock_for_decision(session, seal_id)
    return _fresh(session, kind, [row_id]).get(row_id)


def _continuing(session: Session, kind: type[SubRowT], row_id: UUID) -> SubRowT | None:
    found = session.scalar(select(kind.id).where(kind.continues == row_id))
    return None if found is None else _for_decision(session, kind, found)


def standing_stop(session: Session, seal_id: UUID) -> StopRow | None:
    """Return the stop that a seal is under."""
    query = select(StopRow).where(StopRow.seal_id == seal_id, StopRow.resumed_at.is_(None))
    return session.scalars(query).one_or_none()


def stops(session: Session, seal_id: UUID) -> Sequence[StopRow]:
    """Return every stop of a seal, the oldest first."""
    return session.scalars(select(StopRow).where(StopRow.seal_id == seal_id).order_by(StopRow.stopped_at)).all()


def grants_of(session: Session, seal_id: UUID, grantee: str) -> Sequence[GrantRow]:
    """Return the grants of a seal that name a grantee and were not taken back."""
    query = select(GrantRow).where(
        GrantRow.seal_id == seal_id, GrantRow.grantee == grantee, GrantRow.revoked_at.is_(None)
    )
    return session.scalars(query).all()


def authorisations_of(session: Session, seal_id: UUID) -> Sequence[AuthorisationRow]:
    """Return the standing authorisations of a seal, the newest application first."""
    query = select(AuthorisationRow).where(AuthorisationRow.seal_id == seal_id)
    return session.scalars(query.order_by(AuthorisationRow.applied_at.desc(), AuthorisationRow.id)).all()


def grants_for(
    session: Session, organisation: str, licence_type: str, kind: str
) -> list[tuple[SealRow, GrantRow | None]]:
    """Return an organisation's seals with their grants for a licence type, the best first.

    First active seals of the kind that the type asks for, then grants that name the type, then the newest.
    """
    matches = and_(GrantRow.seal_id == SealRow.id, GrantRow.licence_type.in_((licence_type, ANY)))
    query = (
        select(SealRow, GrantRow)
        .options(_WITHOUT_PICTURES)
        .outerjoin(GrantRow, matches)
        .where(SealRow.organisation == organisation, SealRow.state != "made")
        .order_by(
            case((SealRow.state == "active", 0), else_=1),
            case((SealRow.kind == kind, 0), else_=1),
            case((GrantRow.licence_type == licence_type, 0), else_=1),
            GrantRow.valid_from.desc(),
            SealRow.code,
            SealRow.generation.desc(),
        )
    )
    return [(seal, grant) for seal, grant in session.execute(query)]


def authorisations_for(
    session: Session, seal_ids: Iterable[UUID], system: str, licence_type: str
) -> Sequence[AuthorisationRow]:
    """Return the standing authorisations of seals for a system and a licence type, the one that ends last first."""
    query = select(AuthorisationRow).where(
        AuthorisationRow.seal_id.in_(set(seal_ids)),
        AuthorisationRow.system.in_((system, ANY)),
        AuthorisationRow.licence_type.in_((licence_type, ANY)),
    )
    in_force = case((AuthorisationRow.state == "approved", 0), else_=1)
    return session.scalars(query.order_by(in_force, AuthorisationRow.valid_until.desc(), AuthorisationRow.id)).all()


def facts_of(session: Session, uses: Iterable[Use]) -> dict[Use, Facts]:
    """Return seal, grant and standing authorisation (None where none was asked for) as they are committed now."""
    wanted = set(uses)
    seals = _fresh(session, SealRow, {use.seal for use in wanted})
    grants = _fresh(session, GrantRow, {use.grant for use in wanted})
    leave = _fresh(session, AuthorisationRow, {use.authorisation for use in wanted} - {None})
    return {
        use: (seals[use.seal], grants[use.grant], None if use.authorisation is None else leave[use.authorisation])
        for use in wanted
        if use.seal in seals and use.grant in grants and (use.authorisation is None or use.authorisation in leave)
    }


def _fresh(session: Session, kind: type[RowT], ids: Iterable[UUID | None]) -> dict[UUID, RowT]:
    wanted = set(ids)
    if not wanted:
        return {}
    query = select(kind).where(kind.id.in_(wanted)).execution_options(populate_existing=True)
    if kind is SealRow:
        query = query.options(_WITHOUT_PICTURES)
    return {row.id: row for row in session.scalars(query)}
