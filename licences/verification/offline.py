"""Verification with no network: what files say, handed in as bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from licences.verification.errors import MaterialUnreadable
from licences.verification.report import JSON
from licences.verification.sources import (
    Absent,
    AnchorStanding,
    Record,
    SealStanding,
    StatusHistory,
    StatusToken,
    Unavailable,
)

if TYPE_CHECKING:
    from ca.judging.trust import TrustList
    from ledger.formats.checkpoints import Checkpoint
    from licences.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class OfflineSources:
    """A trust list, a status list and one document's ledger proof; each may be missing. There is no register."""

    trust: "TrustList | None" = None
    status_list: str | None = field(default=None, repr=False)
    ledger_proof: bytes | None = field(default=None, repr=False)

    @property
    def catalogue(self) -> "Catalogue":
        """The licence types of this installation, read when a face is to be shown."""
        from licences.catalogue import Catalogue

        return Catalogue.load()

    def record(self, identifier: str | None, digest: bytes | None, code: str | None) -> Record | Absent | Unavailable:
        """Return that there is no register off line."""
        del identifier, digest, code
        return Absent.NO_SOURCE

    def content(self, identifier: str) -> Mapping[str, JSON]:
        """Return that there is no register off line."""
        del identifier
        return {}

    def status(self, identifier: str) -> StatusHistory | StatusToken | Absent | Unavailable:
        """Return the status list; it speaks of the licence by index."""
        del identifier
        return Absent.NO_SOURCE if self.status_list is None else StatusToken(self.status_list)

    def seal(self, certificate: bytes) -> SealStanding | Absent | Unavailable:
        """Return that there is no register off line: a stop reaches the verifier by revocation lists."""
        del certificate
        return Absent.NO_SOURCE

    def proof(self, identifier: str) -> bytes | Absent | Unavailable:
        """Return the proof that lay beside the document."""
        del identifier
        return Absent.NOT_FOUND if self.ledger_proof is None else self.ledger_proof

    def anchor(self, index: int, checkpoint: "Checkpoint") -> AnchorStanding | Absent | Unavailable:
        """Return that no chain is asked off line: `elicence anchor check` does that."""
        del index, checkpoint
        return Absent.NO_SOURCE


def offline_sources(
    now: datetime, *, trust: bytes | None = None, status: bytes | None = None, proof: bytes | None = None
) -> OfflineSources:
    """Read the material of an off-line verification.

    A trust list that cannot be used is the verifier's own mistake: raises MaterialUnreadable. A status list or proof
    that cannot be used is a finding of the report.
    """
    return OfflineSources(
        trust=None if trust is None else _trust(trust, now),
        status_list=None if status is None else status.decode("ascii", errors="replace"),
        ledger_proof=proof,
    )


def _trust(data: bytes, now: datetime) -> "TrustList":
    from ca.errors import TrustListInvalid
    from ca.judging.trust import load_trust

    try:
        return load_trust(data, now)
    except TrustListInvalid as fault:
        raise MaterialUnreadable(name="trust list", reason=fault.reason) from fault
