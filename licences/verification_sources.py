"""What the engine may ask on line: the register, the statuses and the ledger, over a session of the caller.

The session should be opened for the purpose `verification`, which lets it see every issuer's rows and change none. A
database or store that does not answer becomes `Unavailable`, and the verdict `indeterminate`: never `invalid`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ca.errors import CertificateInvalid
from ca.judging.trust import TrustList
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import seal_holder
from ledger.anchor.standing import anchored
from ledger.envelope import EnvelopeInvalid
from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import Vkey
from ledger.log.reading import inclusion, promised_by
from ledger.objects.objects import ObjectMissing, ObjectStore, ObjectStoreUnavailable
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectErased, SubjectUnknown, open_subject
from licences.blind_index import holder_members
from licences.catalogue import Catalogue
from licences.content import Content, open_content
from licences.documents import digest_text
from licences.models import VersionRow
from licences.store import reading
from licences.verification.report import JSON
from licences.verification.sources import (
    Absent,
    AnchorStanding,
    Pending,
    Record,
    SealStanding,
    SealStop,
    StatusHistory,
    StatusRow,
    Unavailable,
)
from seals.life.stops import Effect
from seals.models import SealRow, StopRow
from seals.store.standing import seal_with_stops

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UnavailableSources:
    """What is left when the register cannot be reached: the document and the trust list."""

    reason: str
    trust: TrustList | None
    catalogue: Catalogue | None

    def record(self, identifier: str | None, digest: bytes | None, code: str | None) -> Unavailable:
        """Say that the register does not answer."""
        del identifier, digest, code
        return Unavailable(self.reason)

    def content(self, identifier: str) -> Mapping[str, JSON]:
        """Return nothing: no look-up is answered without the register."""
        del identifier
        return {}

    def status(self, identifier: str) -> Unavailable:
        """Say that the register does not answer."""
        del identifier
        return Unavailable(self.reason)

    def seal(self, certificate: bytes) -> Unavailable:
        """Say that the register does not answer."""
        del certificate
        return Unavailable(self.reason)

    def proof(self, identifier: str) -> Unavailable:
        """Say that the register does not answer."""
        del identifier
        return Unavailable(self.reason)

    def anchor(self, index: int, checkpoint: Checkpoint) -> Unavailable:
        """Say that the register does not answer."""
        del index, checkpoint
        return Unavailable(self.reason)


class DatabaseSources:
    """The answers for one verification; make a new one for the next."""

    def __init__(
        self,
        session: Session,
        objects: ObjectStore,
        wrapper: KeyWrapper,
        *,
        trust: TrustList | None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._session = session
        self._objects = objects
        self._wrapper = wrapper
        self._versions: dict[str, VersionRow | None] = {}
        self.trust = trust
        self.catalogue: Catalogue | None = catalogue or Catalogue.load()

    def record(self, identifier: str | None, digest: bytes | None, code: str | None) -> Record | Absent | Unavailable:
        """Return the register's record: by identifier, else by document or file digest, else by a QR code's secret."""

        def look() -> Record | Absent:
            version = self._find(identifier, digest, code)
            return Absent.NOT_FOUND if version is None else self._record(version)

        return self._asked(look)

    def content(self, identifier: str) -> Mapping[str, JSON]:
        """Return the licence's content in the shape of its signed JSON; empty if it was erased."""

        def look() -> Mapping[str, JSON]:
            version = self._version(identifier)
            return {} if version is None else self._content(version)

        found = self._asked(look)
        return {} if isinstance(found, Unavailable) else found

    def status(self, identifier: str) -> StatusHistory | Absent | Unavailable:
        """Return every act on the licence."""

        def look() -> StatusHistory | Absent:
            version = self._version(identifier)
            if version is None:
                return Absent.NOT_FOUND
            rows = reading.statuses(self._session, version.id)
            return StatusHistory(
                tuple(StatusRow(row.status, row.effective_at, row.recorded_at, row.until) for row in rows)
            )

        return self._asked(look)

    def seal(self, certificate: bytes) -> SealStanding | Absent | Unavailable:
        """Return how the seal of this certificate (DER) stands in our register, with every stop that it ever had."""

        def look() -> SealStanding | Absent:
            holder = seal_holder(read_certificate(certificate).subject)
            found = None if holder is None else seal_with_stops(self._session, holder.code, certificate)
            return Absent.NOT_FOUND if found is None else _standing(*found)

        try:
            return self._asked(look)
        except CertificateInvalid:
            return Absent.NOT_FOUND

    def proof(self, identifier: str) -> bytes | Pending | Absent | Unavailable:
        """Return the proof of the licence's issuing; Pending until the published log holds it."""

        def look() -> bytes | Pending | Absent:
            version = self._version(identifier)
            acts = [] if version is None else reading.statuses(self._session, version.id)
            if not acts:
                return Absent.NOT_FOUND
            # The first act on a version is its issue, and its event the one the log holds.
            event = acts[0].event_id
            proof = inclusion(self._session, self._objects, self._wrapper, event)
            return Pending(promised_by(self._session, event)) if proof is None else proof.text.encode("utf-8")

        try:
            return self._asked(look)
        except (ObjectMissing, ObjectStoreUnavailable):
            return Unavailable("object_store")
        except FatalLedgerError:
            return Unavailable("log_contradicts_itself")
        except SubjectErased:
            # The opening went with the key; the entry stays, and proves nothing about a document any more.
            return Absent.NOT_FOUND

    def anchor(self, index: int, checkpoint: Checkpoint) -> AnchorStanding | Absent | Unavailable:
        """Return what the anchorer last saw on the chain: no chain is called while somebody waits for a verdict."""

        def look() -> AnchorStanding | Absent:
            vkey = None if self.trust is None else self.trust.log_keys.get(checkpoint.origin)
            if vkey is None:
                return Absent.NO_SOURCE
            seen = anchored(self._session, self._objects, index, checkpoint, Vkey.parse(vkey))
            if seen is None:
                return Absent.NO_SOURCE
            return AnchorStanding(
                seen.look.chain, seen.look.size, seen.look.root, seen.look.looked_at, seen.proof, seen.since
            )

        try:
            return self._asked(look)
        except (ObjectMissing, ObjectStoreUnavailable):
            return Unavailable("object_store")
        except FatalLedgerError:
            return Unavailable("log_contradicts_itself")

    def _asked(self, look: Callable[[], T]) -> T | Unavailable:
        try:
            return look()
        except SQLAlchemyError:
            return Unavailable("database")

    def _find(self, identifier: str | None, digest: bytes | None, code: str | None) -> VersionRow | None:
        if identifier is not None:
            return self._version(identifier)
        if digest is not None:
            return reading.version_by_digest(self._session, digest_text(digest))
        if code is not None:
            return reading.version_by_code(self._session, digest_text(sha256(code.encode("utf-8")).digest()))
        return None

    def _version(self, identifier: str) -> VersionRow | None:
        if identifier not in self._versions:
            self._versions[identifier] = reading.version_by_identifier(self._session, identifier)
        return self._versions[identifier]

    def _record(self, version: VersionRow) -> Record:
        self._versions[version.identifier] = version
        licence = reading.licence_by_id(self._session, version.licence_id)
        assert licence is not None
        documents = reading.renditions(self._session, version.id)
        stages: dict[str, Literal["intent", "active", "failed"]] = {"intent": "intent", "active": "active"}
        return Record(
            identifier=version.identifier,
            stage=stages.get(version.stage, "failed"),
            digests=frozenset(_digest(document.digest) for document in documents),
            files=frozenset(_digest(document.sha256) for document in documents),
            sealed_at=version.activated_at,
            type_code=licence.type_code,
            issuer_code=version.issuer,
            issue_date=version.issue_date,
            valid_from=version.valid_from,
            valid_until=version.valid_until,
            trust_level=version.trust_level,
        )

    def _content(self, version: VersionRow) -> Mapping[str, JSON]:
        try:
            keys = open_subject(self._session, self._wrapper, version.licence_id)
            content = open_content(version.payload, version.id, keys)
        except (SubjectErased, SubjectUnknown, EnvelopeInvalid):
            return {}
        return _as_claims(content, version)


def _standing(seal: SealRow, stops: Sequence[StopRow]) -> SealStanding:
    return SealStanding(
        state=seal.state,
        stops=tuple(
            SealStop(one.state, one.reason, one.stopped_at, one.resumed_at, one.effect == Effect.IN_QUESTION)
            for one in stops
        ),
        invalid_from=seal.invalid_from,
    )


def _as_claims(content: Content, version: VersionRow) -> dict[str, JSON]:
    request = content.request
    return {
        "licence": {
            "identifier": version.identifier,
            "number": request.number,
            "issuer": {"code": request.issuer, "name": content.issuer_name},
            "issue_date": request.issue_date.isoformat(),
            "valid_from": request.valid_from.isoformat(),
            "valid_until": None if request.valid_until is None else request.valid_until.isoformat(),
        },
        "holders": [dict[str, JSON](holder_members(holder)) for holder in request.holders],
        "fields": dict(request.fields),
    }


def _digest(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("sha-256:"))
