"""The queries of this package."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ca.ceremony import Ceremony, Credential
from ca.certificate_reader import read_certificate
from ca.models import CertificateRow


def store_certificates(session: Session, ceremony: Ceremony, now: datetime) -> int:
    """Keep the certificates of a ceremony; those that are there already stay as they are. Returns how many are new.

    Never commits.
    """
    rows = [_row(ceremony, credential, now) for credential in ceremony.credentials()]
    statement = insert(CertificateRow).on_conflict_do_nothing().returning(CertificateRow.serial_number)
    return len(session.execute(statement, rows).all())


def certificates(session: Session) -> Sequence[CertificateRow]:
    """Return every certificate that we issued, the newest first."""
    order = (CertificateRow.issued_at.desc(), CertificateRow.serial_number)
    return session.scalars(select(CertificateRow).order_by(*order)).all()


def _row(ceremony: Ceremony, credential: Credential, now: datetime) -> dict[str, Any]:
    certificate = read_certificate(credential.cert_der)
    return {
        "serial_number": _hexadecimal(certificate.serial_number),
        "profile": credential.profile.name,
        "subject": certificate.subject_text,
        "der": certificate.der,
        "key_name": credential.key_name,
        "issued_at": now,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "issuer_serial": _hexadecimal(read_certificate(ceremony.issuer(credential).cert_der).serial_number),
    }


def _hexadecimal(serial_number: int) -> str:
    return f"{serial_number:040x}"
