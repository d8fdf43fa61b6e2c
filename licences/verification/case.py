"""What the checks of one verification share: each fact is worked out once, when a check first asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from licences.verification.claims import LicenceClaims
from licences.verification.documents import Examined
from licences.verification.request import VerificationRequest
from licences.verification.sources import Absent, Record, Sources, Unavailable

if TYPE_CHECKING:
    from ca.paths import PathReport
    from ca.timestamps import TimestampToken
    from ca.trust import TrustList


@dataclass(frozen=True, slots=True)
class Existence:
    """The earliest moment at which the document is proved to have existed (EN 319 102-1 section 5.5, "POE")."""

    at: datetime
    by: Literal["timestamp", "record"]


@dataclass(frozen=True, slots=True)
class BadToken:
    """A timestamp token that does not hold. reason: a stable word."""

    reason: str


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
        """The signature's timestamp, if its own signature holds and it covers this signature; else why not."""
        signature = self.examined.signature
        if signature is None or signature.token is None:
            return None
        from ca.timestamps import TokenInvalid, read_token

        try:
            token = read_token(signature.token)
        except TokenInvalid as fault:
            return BadToken(fault.reason)
        # A good token of another document proves nothing about this one: the copied timestamp.
        return token if token.imprint == signature.imprint else BadToken("covers_something_else")

    @cached_property
    def token_path(self) -> "PathReport | None":
        """The path of the timestamp authority at the time it names; None without trust list or readable token."""
        token = self.token
        if self.trust is None or token is None or isinstance(token, BadToken):
            return None
        from ca.paths import validate_path

        return validate_path(
            token.signer_certificate, token.certificates, self.trust, at=token.gen_time, usage="timestamp"
        )

    @cached_property
    def existence(self) -> Existence | None:
        """What proves that the document existed at some time; None when nothing does."""
        token = self.token
        if token is not None and not isinstance(token, BadToken):
            path = self.token_path
            if path is not None and path.outcome == "passed":
                return Existence(token.gen_time, "timestamp")
        record = self.record
        if isinstance(record, Record) and record.sealed_at is not None and self.recorded:
            return Existence(record.sealed_at, "record")
        return None

    @property
    def judged_at(self) -> datetime:
        """The moment at which the seal's certificate is judged: when the document is proved to have existed, else now."""
        return self.request.now if self.existence is None else self.existence.at

    @cached_property
    def path(self) -> "PathReport | None":
        """The path of the seal's certificate; None without trust list or signature."""
        signature = self.examined.signature
        if self.trust is None or signature is None:
            return None
        from ca.paths import validate_path

        return validate_path(
            signature.certificate, signature.certificates[1:], self.trust, at=self.judged_at, usage="seal"
        )

    def path_evidence(self, path: "PathReport") -> dict[str, str | None]:
        """Return what EN 319 102-1 says of a path."""
        return {
            "indication": path.indication,
            "sub_indication": path.sub_indication,
            "certificate": path.certificate,
            "reason": path.reason,
        }


def without_nothing(evidence: Mapping[str, str | None]) -> dict[str, str]:
    """Return the evidence without members that say nothing."""
    return {name: value for name, value in evidence.items() if value is not None}
