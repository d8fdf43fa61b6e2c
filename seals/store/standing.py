"""How a seal stands, as verifiers ask: by the certificate that signed a document."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from seals.models import SealRow, StopRow


def seal_with_stops(session: Session, code: str, certificate: bytes) -> tuple[SealRow, Sequence[StopRow]] | None:
    """Return the seal that signs by this certificate (DER), as PDF and JSON or in the national form, and all its stops.

    code: the seal number that the certificate names.
    """
    query = (
        select(SealRow, StopRow)
        .outerjoin(StopRow, StopRow.seal_id == SealRow.id)
        .where(SealRow.code == code, or_(SealRow.certificate == certificate, SealRow.esl_certificate == certificate))
        .order_by(SealRow.generation.desc(), StopRow.stopped_at)
    )
    rows = session.execute(query).all()
    if not rows:
        return None
    seal: SealRow = rows[0][0]
    return seal, [stop for found, stop in rows if found.id == seal.id and stop is not None]
