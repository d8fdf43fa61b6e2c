"""What the checks of one verification share: each fact is worked out once, when a check first asks for it."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from licences.verification.claims import LicenceClaims
from licences.verification.documents import Examined
from licences.verification.report import JSON
from licences.verification.request import VerificationRequest
from licences.verification.sources import Absent, Record, Sources, Unavailable

if TYPE_CHECKING:
    from ca.judging.paths import PathReport
    from ca.judging.trust import TrustList
    from ca.timestamping.token import TimestampToken
    from licences.verification.ledger_entry import EntryReading


@dataclass(frozen=True, slots=True)
class Existence:
    """The earliest moment at which the document is proved to have existed (EN 319 102-1 section 5.5, "POE")."""

    at: datetime
    by: Literal["timestamp", "record", "ledger"]


@dataclass(frozen=True, slots=True)
class BadToken:
    """A timestamp token that does not hold. reason: a stable word."""

    reason: str


@dataclass(frozen=True, slots=True)
class UnjudgedToken(BadToken):
    """A timestamp token of which this machine cannot say whether it holds."""


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

    @cached_property
    def token(self) -> "TimestampToken | BadToken | None":
        """The signature's timestamp, if its own signature holds and it covers this signature; else why not, or why untold."""
        signature = self.examined.signature
        if signature is None or signature.token is None:
            return None
        from ca.errors import NationalUnavailable, TokenInvalid
        from ca.timestamping.token import read_token

        try:
            token = read_token(signature.token)
        except TokenInvalid as fault:
            return BadToken(fault.reason)
        except NationalUnavailable:
            return UnjudgedToken("algorithm_unavailable")
        # A good token of another document proves nothing about this one: the copied timestamp.
        covers = (token.hash_algorithm, token.imprint) == ("SHA-256", signature.imprint)
        return token if covers else BadToken("covers_something_else")

    @cached_property
    def token_path(self) -> "PathReport | None":
        """The path of the timestamp authority at the time it names; None without trust list or readable token."""
        token = self.token
        if self.trust is None or token is None or isinstance(token, BadToken):
            return None
        from ca.judging.paths import validate_path

        return validate_path(
            token.signer_certificate, token.certificates, self.trust, at=token.gen_time, usage="timestamp", proven=True
        )

    @property
    def token_aged(self) -> bool:
        """Whether the timestamp stands on nothing but a certificate or an algorithm that has run out.

        A key may be broken once its certificate has run out, and old times be stamped with it (EN 319 102-1 section
        5.6). The record's own digest, or an entry of the log, proves the age of the document better.
        """
        token = self.token
        if self.trust is None or token is None or isinstance(token, BadToken):
            return False
        from ca.judging.trust import algorithm_allowed
        from ca.reading.certificate_reader import read_certificate

        now = self.request.now
        holds = read_certificate(token.signer_certificate).not_after >= now
        allowed = algorithm_allowed(self.trust, token.signature_algorithm, now)
        return not (holds and allowed) and not self.recorded and self.entry.about_this_at is None

    @cached_property
    def entry(self) -> "EntryReading":
        """What the ledger proves about this licence."""
        from licences.verification.ledger_entry import read_entry

        return read_entry(self)

    @cached_property
    def existence(self) -> Existence | None:
        """What proves that the document existed at some time; None when nothing does."""
        stamped_at = self._stamped_at
        if stamped_at is not None:
            return Existence(stamped_at, "timestamp")
        record = self.record
        if isinstance(record, Record) and record.sealed_at is not None and self.recorded:
            return Existence(record.sealed_at, "record")
        if self.entry.about_this_at is not None:
            return Existence(self.entry.about_this_at, "ledger")
        return None

    @property
    def _stamped_at(self) -> datetime | None:
        """The time of the timestamp, where it proves anything."""
        token, path = self.token, self.token_path
        if token is None or isinstance(token, BadToken) or path is None or path.outcome != "passed":
            return None
        from_future = token.gen_time > self.request.now + self.request.policy.clock_tolerance
        return None if from_future or self.token_aged else token.gen_time

    @property
    def judged_at(self) -> datetime:
        """The moment at which the seal's certificate is judged: when the document is proved to have existed, else now."""
        return self.request.now if self.existence is None else self.existence.at

    @cached_property
    def path(self) -> "PathReport | None":
        """The path of the seal's certificate at that moment; None without trust list or signature."""
        return self._path_at(self.judged_at)

    @cached_property
    def path_now(self) -> "PathReport | None":
        """The same path at the present moment."""
        return self._path_at(self.request.now)

    def _path_at(self, at: datetime) -> "PathReport | None":
        signature = self.examined.signature
        if self.trust is None or signature is None:
            return None
        from ca.judging.paths import validate_path

        proven = self.existence is not None
        return validate_path(
            signature.certificate, signature.certificates[1:], self.trust, at=at, usage="seal", proven=proven
        )


def path_evidence(path: "PathReport") -> dict[str, JSON]:
    """Return what EN 319 102-1 says of a path."""
    return {
        "indication": path.indication,
        "sub_indication": path.sub_indication,
        "certificate": path.certificate,
        "reason": path.reason,
    }
