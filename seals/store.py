"""Every query on the seal register."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, or_, select, text, update
from sqlalchemy.orm import Session

from seals.models import GrantRow, OrganisationRow, SealRow, UseRow

ANY = "*"


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


def seal_by_id(session: Session, seal_id: UUID) -> SealRow | None:
    """Return a seal."""
    return session.get(SealRow, seal_id)


def seal_by_code(session: Session, code: str) -> SealRow | None:
    """Return the seal of that number."""
    return session.scalars(select(SealRow).where(SealRow.code == code)).one_or_none()


def seals_by_id(session: Session, seal_ids: Iterable[UUID]) -> Sequence[SealRow]:
    """Return those seals that there are."""
    return session.scalars(select(SealRow).where(SealRow.id.in_(set(seal_ids)))).all()


def seal_for_update(session: Session, seal_id: UUID) -> SealRow | None:
    """Return a seal and hold it against every activation until the transaction ends."""
    query = select(SealRow).where(SealRow.id == seal_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def grant_for_update(session: Session, grant_id: UUID) -> GrantRow | None:
    """Return a grant and hold it against every activation until the transaction ends."""
    query = select(GrantRow).where(GrantRow.id == grant_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def grants_of(session: Session, seal_id: UUID, grantee: str) -> Sequence[GrantRow]:
    """Return the grants of a seal that name a grantee and were not taken back."""
    query = select(GrantRow).where(
        GrantRow.seal_id == seal_id, GrantRow.grantee == grantee, GrantRow.revoked_at.is_(None)
    )
    return session.scalars(query).all()


def grants_for(
    session: Session, organisation: str, licence_type: str, kind: str
) -> list[tuple[SealRow, GrantRow | None]]:
    """Return an organisation's seals with their grants for a licence type, the best first.

    First active seals of the kind that the type asks for, then grants that name the type, then the newest.
    """
    matches = (GrantRow.seal_id == SealRow.id) & GrantRow.licence_type.in_((licence_type, ANY))
    query = (
        select(SealRow, GrantRow)
        .outerjoin(GrantRow, matches)
        .where(SealRow.organisation == organisation)
        .order_by(
            case((SealRow.state == "active", 0), else_=1),
            case((SealRow.kind == kind, 0), else_=1),
            case((GrantRow.licence_type == licence_type, 0), else_=1),
            GrantRow.valid_from.desc(),
            SealRow.code,
        )
    )
    return [(seal, grant) for seal, grant in session.execute(query)]


def share_lock(
    session: Session, pairs: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], tuple[SealRow, GrantRow]]:
    """Return seals and grants as committed now, locked FOR SHARE: whoever would stop them waits for us, or we for them.

    Locked in one order, so that two batches cannot wait for each other.
    """
    wanted = sorted(set(pairs))
    fresh = {"populate_existing": True}
    seals = select(SealRow).where(SealRow.id.in_({seal for seal, _ in wanted})).order_by(SealRow.id)
    grants = select(GrantRow).where(GrantRow.id.in_({grant for _, grant in wanted})).order_by(GrantRow.id)
    found_seals = {row.id: row for row in session.scalars(seals.with_for_update(read=True).execution_options(**fresh))}
    found_grants = {
        row.id: row for row in session.scalars(grants.with_for_update(read=True).execution_options(**fresh))
    }
    return {
        (seal, grant): (found_seals[seal], found_grants[grant])
        for seal, grant in wanted
        if seal in found_seals and grant in found_grants
    }


def stop(session: Session, seal_id: UUID, state: str, reason: str, at: datetime) -> None:
    """Take a seal out of use."""
    session.execute(update(SealRow).where(SealRow.id == seal_id).values(state=state, stop_reason=reason, stopped_at=at))


_CLOSE = text(
    "UPDATE seals.uses SET closed_at = :closed_at, outcome = :outcome, document = closing.document "
    "FROM unnest(CAST(:ids AS uuid[]), CAST(:documents AS text[])) AS closing (id, document) "
    "WHERE uses.id = closing.id AND uses.closed_at IS NULL"
)


def close_uses(session: Session, uses: Sequence[tuple[UUID, str | None]], outcome: str, closed_at: datetime) -> None:
    """Close use records, each with the digest of what was sealed."""
    session.execute(
        _CLOSE,
        {
            "closed_at": closed_at,
            "outcome": outcome,
            "ids": [use for use, _ in uses],
            "documents": [document for _, document in uses],
        },
    )


def open_uses(session: Session, before: datetime) -> Sequence[UseRow]:
    """Return the uses opened before that moment and never closed: possible uses, to be looked into."""
    query = select(UseRow).where(UseRow.closed_at.is_(None), UseRow.opened_at < before).order_by(UseRow.opened_at)
    return session.scalars(query).all()
