"""What the door answers about a licence."""

from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from licences.acts import current_status
from licences.issuing_errors import LicenceUnknown
from licences.models import RenditionRow, VersionRow
from licences.store import reading


class DocumentOut(BaseModel):
    """One rendition: where it is, its document digest and its file digest."""

    href: str
    media_type: str
    digest: str
    sha256: str
    size: int


class LicenceOut(BaseModel):
    """A sealed licence."""

    identifier: str
    serial: str
    version: int
    type: str
    issuer: str
    stage: str = Field(description="`active` once its documents stand")
    status: str | None = Field(description="in force or not, at the moment of the answer; null before it was issued")
    issue_date: date
    valid_from: date
    valid_until: date | None = Field(description="last local day, inclusive; null means 长期")
    repeated: bool = Field(description="true where this licence had been issued before and nothing was done")
    documents: dict[str, DocumentOut]
    proof: str = Field(description="where the .tlog-proof will be, normally within a second of issuing")
    promise: str | None = Field(None, description="our signed promise of an entry in the ledger (a signed note)")


def own_version(session: Session, identifier: str) -> VersionRow:
    """Return the version of an identifier that the session's unit may see; raises LicenceUnknown."""
    row = reading.version_by_identifier(session, identifier)
    if row is None:
        raise LicenceUnknown(identifier=identifier)
    return row


def licence_out(
    session: Session, version: VersionRow, base_url: str, now: datetime, *, promise: str | None
) -> LicenceOut:
    """Return the answer about a version that this session may see."""
    licence = reading.licence_by_id(session, version.licence_id)
    assert licence is not None
    here = f"{base_url}/v1/licences/{version.identifier}"
    return LicenceOut(
        identifier=version.identifier,
        serial=licence.serial,
        version=version.version,
        type=licence.type_code,
        issuer=version.issuer,
        stage=version.stage,
        status=_status(session, version, now),
        issue_date=version.issue_date,
        valid_from=version.valid_from,
        valid_until=version.valid_until,
        repeated=promise is None,
        documents={row.kind: _document(row, here) for row in reading.renditions(session, version.id)},
        proof=f"{here}/proof",
        promise=promise,
    )


def _status(session: Session, version: VersionRow, now: datetime) -> str | None:
    return current_status(reading.statuses(session, version.id), now).value if version.stage == "active" else None


def _document(row: RenditionRow, here: str) -> DocumentOut:
    return DocumentOut(
        href=f"{here}/{row.kind}", media_type=row.media, digest=row.digest, sha256=row.sha256, size=row.size
    )
