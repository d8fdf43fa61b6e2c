"""Queries on revocation lists and trust lists."""

from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ca.errors import CrlInvalid
from ca.models import CrlRow, TrustListRow
from ca.reading.crl_reader import read_crl

_LOCK_TRUST = text("SELECT pg_advisory_xact_lock(hashtextextended('ca.trust_lists', 0))")


def crl_of(session: Session, authority: str) -> CrlRow | None:
    """Return an authority's newest list as everybody may fetch it; before there is one, any that was signed."""
    newest = select(CrlRow).where(CrlRow.authority == authority, CrlRow.der.is_not(None))
    public_first = ((CrlRow.audience == "everybody").desc(), CrlRow.number.desc())
    return session.scalars(newest.order_by(*public_first)).first()


def newest_list(session: Session, authority: str, audience: str) -> CrlRow | None:
    """Return the newest signed list that was made for an audience."""
    query = select(CrlRow).where(CrlRow.authority == authority, CrlRow.audience == audience, CrlRow.der.is_not(None))
    return session.scalars(query.order_by(CrlRow.number.desc())).first()


def last_number(session: Session, authority: str) -> int:
    """Return the highest number that was taken for a list of an authority, 0 if none was."""
    return session.scalar(select(func.max(CrlRow.number)).where(CrlRow.authority == authority)) or 0


def last_update(session: Session, authority: str) -> datetime | None:
    """Return the newest moment that a list of an authority tells of, signed or about to be."""
    return session.scalar(select(func.max(CrlRow.this_update)).where(CrlRow.authority == authority))


def latest_promise(session: Session, authority: str, audience: str) -> datetime | None:
    """Return the latest moment until which lists for an audience hold, signed or about to be."""
    return session.scalar(
        select(func.max(CrlRow.next_update)).where(CrlRow.authority == authority, CrlRow.audience == audience)
    )


def take_number(session: Session, row: CrlRow) -> None:
    """Write down the number and times of a list that will be signed."""
    session.add(row)
    session.flush()


def store_list(session: Session, authority: str, number: int, der: bytes) -> bool:
    """Keep a list under the number that was taken for it; False if there is one already."""
    statement = (
        update(CrlRow)
        .where(CrlRow.authority == authority, CrlRow.number == number, CrlRow.der.is_(None))
        .values(der=der)
        .returning(CrlRow.number)
    )
    return session.scalar(statement) is not None


def register_crl(session: Session, authority: str, der: bytes, *, audience: str, revision: int) -> bool:
    """Keep a list that was signed elsewhere, in a ceremony; False if its number is known. Raises CrlInvalid."""
    crl = read_crl(der)
    if crl.number is None or crl.next_update is None:
        raise CrlInvalid("a list without a number or without nextUpdate")
    values = {
        "authority": authority,
        "number": crl.number,
        "audience": audience,
        "revision": revision,
        "this_update": crl.this_update,
        "next_update": crl.next_update,
        "der": der,
    }
    statement = insert(CrlRow).values(values).on_conflict_do_nothing().returning(CrlRow.number)
    return session.scalar(statement) is not None


def newest_trust(session: Session) -> TrustListRow | None:
    """Return the trust list that counts, None before the first."""
    return session.scalars(select(TrustListRow).order_by(TrustListRow.number.desc()).limit(1)).first()


def last_trust_number(session: Session) -> int:
    """Return the number of the trust list that counts, 0 before the first."""
    return session.scalar(select(func.max(TrustListRow.number))) or 0


def store_trust(session: Session, number: int, data: bytes, valid_from: datetime, valid_until: datetime) -> bool:
    """Keep a signed trust list as the newest, under the number that stands in it; False if there is one as new."""
    session.execute(_LOCK_TRUST)
    if number <= last_trust_number(session):
        return False
    session.add(TrustListRow(number=number, data=data, valid_from=valid_from, valid_until=valid_until))
    session.flush()
    return True
