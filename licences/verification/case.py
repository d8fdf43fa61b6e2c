"""What the checks of one verification share: each fact is worked out once, when a check first asks for it."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from licences.verification.claims import LicenceClaims
from licences.verification.documents import Examined, ValidationData
from licences.verification.report import JSON
from licences.verification.request import VerificationRequest
from licences.verification.seal_case import SealCase
from licences.verification.sources import Absent, Record, Sources, Unavailable
from licences.verification.timestamps import Clock, JudgedStamp, judge_stamps
from seals.ses.steps import shown

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList
    from licences.verification.ledger_entry import EntryReading


@dataclass(frozen=True, slots=True)
class Validity:
    """The days on which the licence is valid, from its own signed words or from the record."""

    valid_from: date
    valid_until: date | None


class Case:
    """One document, the sources to ask, and the question."""

    def __init__(self, examined: Examined, sources: Sources, request: VerificationRequest) -> None:
        self.examined = examined
        self.sources = sources
        self.request = request

    @property
    def trust(self) -> "TrustList | None":
        """The verifier's trust list."""
        return self.sources.trust

    @property
    def licence(self) -> LicenceClaims | None:
        """What the licence says of itself, under its own signature."""
        return self.examined.licence

    @property
    def is_licence(self) -> bool:
        """Whether the document says that it is a licence of ours; the saying lies under its signature.

        Such a document is held to everything that we write; of a stranger's we say what we can tell.
        """
        page = self.examined.page
        return page.is_ours if page is not None else self.licence is not None

    @property
    def identifier(self) -> str | None:
        """The licence's identifier: from its signed JSON, the record, or the look-up."""
        if self.licence is not None:
            return self.licence.identifier
        if isinstance(self.record, Record):
            return self.record.identifier
        return None if self.examined.lookup is None else self.examined.lookup.identifier

    @cached_property
    def record(self) -> Record | Absent | Unavailable:
        """The issuer's record of this licence."""
        lookup = self.examined.lookup
        if lookup is not None:
            return self.sources.record(lookup.identifier, lookup.digest, lookup.code)
        identifier = None if self.licence is None else self.licence.identifier
        return self.sources.record(identifier, self.examined.digest, None)

    @property
    def recorded(self) -> bool:
        """Whether exactly this document is in the issuer's record."""
        record = self.record
        if not isinstance(record, Record) or record.stage != "active":
            return False
        return self.examined.digest in record.digests or self.examined.file_digest in record.files

    @property
    def validity(self) -> Validity | None:
        """From when to when the licence is valid."""
        source = self.licence or (self.record if isinstance(self.record, Record) else None)
        return None if source is None else Validity(source.valid_from, source.valid_until)

    @property
    def file_recorded(self) -> bool:
        """Whether the record holds the very file, with every seal in it."""
        record = self.record
        return isinstance(record, Record) and record.stage == "active" and self.examined.file_digest in record.files

    @property
    def sealed_at(self) -> datetime | None:
        """When the recorded document came into force."""
        return self.record.sealed_at if isinstance(self.record, Record) else None

    @cached_property
    def seals(self) -> tuple[SealCase, ...]:
        """Every seal that must hold, the one that makes the document first."""
        return tuple(SealCase(self, one, is_first=number == 0) for number, one in enumerate(self.examined.signatures))

    @property
    def validation(self) -> ValidationData:
        """What the document keeps to prove that certificates were good."""
        return ValidationData() if self.examined.page is None else self.examined.page.validation

    @cached_property
    def evidence_trust(self) -> "TrustList | None":
        """The trust list, with what the document itself keeps of revocation lists and answers."""
        trust, kept = self.trust, self.validation
        if trust is None or not (kept.crls or kept.ocsp):
            return trust
        from licences.verification.validation_data import with_validation_data

        return with_validation_data(trust, kept)

    @cached_property
    def stamps(self) -> tuple[JudgedStamp, ...]:
        """The timestamps over the whole document, oldest first."""
        found = () if self.examined.page is None else self.examined.page.stamps
        clock = Clock(self.request.now, self.request.policy.clock_tolerance)
        return judge_stamps(found, self.evidence_trust, clock)

    @cached_property
    def entry(self) -> "EntryReading":
        """What the ledger proves about this licence."""
        from licences.verification.ledger_entry import read_entry

        return read_entry(self)


def path_evidence(path: "PathReport") -> dict[str, JSON]:
    """Return what EN 319 102-1 says of a path."""
    return {
        "indication": path.indication,
        "sub_indication": path.sub_indication,
        "certificate": None if path.certificate is None else shown(path.certificate),
        "reason": path.reason,
    }
