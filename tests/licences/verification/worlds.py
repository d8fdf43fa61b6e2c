"""Sources of which every answer can be set, and the short way to a report."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from ca.judging.trust import TrustList
from ledger.formats.checkpoints import Checkpoint
from licences.catalogue import Catalogue
from licences.verification.engine import verify
from licences.verification.report import JSON, Report
from licences.verification.request import Lookup, verification_request
from licences.verification.sources import (
    Absent,
    AnchorStanding,
    Pending,
    Record,
    SealStanding,
    StatusHistory,
    StatusRow,
    StatusToken,
    Unavailable,
)
from tests.licences.verification.sealed import BUREAU, NOW, SEALED_AT, TYPE_CODE, Sealed, licence, world


@dataclass(frozen=True, slots=True)
class SetSources:
    """Answers as the test set them."""

    trust: TrustList | None = field(default_factory=lambda: world().trust())
    a_record: Record | Absent | Unavailable = Absent.NO_SOURCE
    a_content: Mapping[str, JSON] = field(default_factory=dict)
    a_status: StatusHistory | StatusToken | Absent | Unavailable = field(
        default_factory=lambda: StatusToken(world().status_list())
    )
    a_proof: bytes | Pending | Absent | Unavailable = Absent.NOT_FOUND
    a_seal: SealStanding | Absent | Unavailable = Absent.NO_SOURCE
    an_anchor: AnchorStanding | Absent | Unavailable = Absent.NO_SOURCE
    catalogue: Catalogue | None = field(default_factory=Catalogue.load)

    def record(self, identifier: str | None, digest: bytes | None, code: str | None) -> Record | Absent | Unavailable:
        return self.a_record

    def content(self, identifier: str) -> Mapping[str, JSON]:
        return self.a_content

    def status(self, identifier: str) -> StatusHistory | StatusToken | Absent | Unavailable:
        return self.a_status

    def seal(self, certificate: bytes) -> SealStanding | Absent | Unavailable:
        return self.a_seal

    def proof(self, identifier: str) -> bytes | Pending | Absent | Unavailable:
        return self.a_proof

    def anchor(self, index: int, checkpoint: Checkpoint) -> AnchorStanding | Absent | Unavailable:
        return self.an_anchor


def report(
    document: bytes | Lookup | None = None,
    *,
    now: datetime = NOW,
    sources: Any = None,
    companion: bytes | None = None,
    **asked: Any,
) -> Report:
    """Verify the genuine licence, or what is given."""
    given = licence().pdf.data if document is None else document
    return verify(given, sources or SetSources(), verification_request(now, **asked), companion)


def record_of(sealed: Sealed, **changes: Any) -> Record:
    """What the register would hold on a licence."""
    record = Record(
        identifier=sealed.identifier,
        stage="active",
        digests=frozenset({sealed.pdf.digest, sealed.json.digest}),
        files=frozenset(),
        sealed_at=SEALED_AT,
        type_code=TYPE_CODE,
        issuer_code=BUREAU,
        issue_date=date(2026, 11, 12),
        valid_from=date(2026, 11, 12),
        valid_until=None,
        trust_level="A",
    )
    return replace(record, **changes)


def act(status: str, effective: str, recorded: str | None = None, until: str | None = None) -> StatusRow:
    """A status row; days at midnight UTC."""
    return StatusRow(status, _day(effective), _day(recorded or effective), None if until is None else _day(until))


def history(*rows: StatusRow) -> StatusHistory:
    """The issue on 12 November, and what followed."""
    return StatusHistory((act("active", "2026-11-12"), *rows))


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
