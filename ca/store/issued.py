"""Queries on authorities and certificates.

Whoever locks several rows takes certificates first, by serial, then authorities, by id: so that two acts wait for each
other and never kill each other.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ca.models import AuthorityRow, CertificateRow, RevocationRow

COMPROMISES: Final = ("keyCompromise", "cACompromise", "aACompromise")

# Two acts on one key wait for each other: what a compromise revokes includes what is being issued at this moment.
_LOCK_KEY: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('ca.key ' || encode(:digest, 'hex'), 0))")


def serial_text(serial: int) -> str:
    """Return a serial number as it stands in the database."""
    return f"{serial:040x}"


def authorities(session: Session) -> Sequence[AuthorityRow]:
    """Return every authority, those above first."""
    order = (AuthorityRow.hierarchy, AuthorityRow.role != "root", AuthorityRow.role, AuthorityRow.generation)
    return session.scalars(select(AuthorityRow).order_by(*order)).all()


def authority(session: Session, authority_id: str) -> AuthorityRow | None:
    """Return an authority by the name of its key."""
    return session.get(AuthorityRow, authority_id)


def lock_authority(session: Session, authority_id: str, *, shared: bool = False) -> AuthorityRow | None:
    """Return an authority as it is now and keep it so until the transaction ends."""
    query = select(AuthorityRow).where(AuthorityRow.id == authority_id).with_for_update(read=shared)
    return session.scalar(query.execution_options(populate_existing=True))


def authority_certificate(session: Session, authority_id: str) -> CertificateRow | None:
    """Return the certificate of an authority."""
    joined = select(CertificateRow).join(AuthorityRow, AuthorityRow.serial_number == CertificateRow.serial_number)
    return session.scalar(joined.where(AuthorityRow.id == authority_id))


def retire_authority(session: Session, serial: str, reason: str) -> None:
    """Let an authority issue no more whose own certificate was revoked; one whose key others know says nothing more.

    serial: of any revoked certificate; most are no authority's.
    """
    query = select(AuthorityRow).where(AuthorityRow.serial_number == serial).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is not None and row.state != "ended":
        row.state = "ended" if reason in COMPROMISES else "retiring"
        session.flush()


def raise_revision(session: Session, authority_ids: Collection[str]) -> None:
    """Note that what these authorities have revoked has changed."""
    for authority_id in sorted(authority_ids):
        session.execute(
            update(AuthorityRow).where(AuthorityRow.id == authority_id).values(revision=AuthorityRow.revision + 1)
        )


def certificates(session: Session, *, authority: str | None = None) -> Sequence[CertificateRow]:
    """Return the certificates that we issued, of one authority if it is named, the newest first."""
    query = select(CertificateRow).where(CertificateRow.state == "issued")
    if authority is not None:
        query = query.where(CertificateRow.authority == authority)
    return session.scalars(query.order_by(CertificateRow.issued_at.desc(), CertificateRow.serial_number)).all()


def certificate_by_serial(session: Session, serial: int) -> CertificateRow | None:
    """Return the certificate of that serial number, if it was issued."""
    row = session.get(CertificateRow, serial_text(serial), populate_existing=True)
    return row if row is not None and row.state == "issued" else None


def certificate_by_key_name(session: Session, key_name: str) -> CertificateRow | None:
    """Return the newest certificate issued for a key of ours."""
    query = select(CertificateRow).where(CertificateRow.key_name == key_name, CertificateRow.state == "issued")
    return session.scalars(query.order_by(CertificateRow.issued_at.desc(), CertificateRow.serial_number)).first()


def by_request(session: Session, request_id: str) -> CertificateRow | None:
    """Return what became of a request."""
    query = select(CertificateRow).where(CertificateRow.request_id == request_id)
    return session.scalar(query.execution_options(populate_existing=True))


def lock_certificates(session: Session, serials: Collection[str]) -> dict[str, CertificateRow]:
    """Return those certificates as they are now and keep them so until the transaction ends."""
    query = select(CertificateRow).where(CertificateRow.serial_number.in_(set(serials)))
    locked = query.order_by(CertificateRow.serial_number).with_for_update()
    rows = session.scalars(locked.execution_options(populate_existing=True))
    return {row.serial_number: row for row in rows}


def insert_intent(session: Session, values: Mapping[str, Any]) -> bool:
    """Add an intent; False if the request, or the certificate to be replaced, has one already.

    Waits for others that are adding theirs.
    """
    statement = insert(CertificateRow).values(values).on_conflict_do_nothing()
    return session.scalar(statement.returning(CertificateRow.serial_number)) is not None


def intended(session: Session) -> Sequence[CertificateRow]:
    """Return the intents whose certificates are not issued yet, the oldest first."""
    query = select(CertificateRow).where(CertificateRow.state == "intended")
    return session.scalars(query.order_by(CertificateRow.requested_at, CertificateRow.serial_number)).all()


def lock_key(session: Session, key_digest: bytes) -> None:
    """Wait for whoever issues to this key or revokes for it, until the transaction ends."""
    session.execute(_LOCK_KEY, {"digest": key_digest})


def serials_of_key(session: Session, key_digest: bytes) -> Sequence[str]:
    """Return the serial numbers given to a key: certificates that are issued or may still be."""
    query = select(CertificateRow.serial_number).where(
        CertificateRow.key_digest == key_digest, CertificateRow.state != "abandoned"
    )
    return session.scalars(query).all()


def is_compromised(session: Session, key_digest: bytes) -> bool:
    """Tell whether a certificate of this key was revoked because others know the key."""
    found = (
        select(RevocationRow.id)
        .join(CertificateRow, CertificateRow.serial_number == RevocationRow.serial_number)
        .where(
            CertificateRow.key_digest == key_digest,
            RevocationRow.reason.in_(COMPROMISES),
            RevocationRow.lifted_at.is_(None),
        )
    )
    return session.scalar(found.limit(1)) is not None
