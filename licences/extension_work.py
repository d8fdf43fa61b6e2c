"""One stored document extended, outside any transaction: opened, judged, extended, checked, its ciphertext stored."""

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from ca.errors import CAError
from ca.reading.certificate_reader import read_certificate
from ca.timestamping.token import read_token
from ledger.envelope import EnvelopeInvalid
from ledger.errors import DomainError
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.subjects import SubjectErased, SubjectKeys
from licences.documents import digest_text, make_document, open_document
from licences.issuing_errors import AttemptsExhausted
from licences.issuing_results import Document
from licences.store.extending import Ended, Taken, Wanted
from seals.errors import SealError
from seals.pdf.errors import SealKeyUnusable
from seals.pdf.evidence import PdfEvidence, read_pdf
from seals.pdf.extension import Extender, Level, ValidationMaterial
from seals.pdf.extension_errors import ExtensionFailed, ExtensionRefused
from seals.pdf.pades import Timestamper

Result: TypeAlias = Literal["extended", "not_due", "unchanged", "failed", "taken"]

MAX_ATTEMPTS: Final = 3
_DOCUMENT_FAULTS: Final = (SealError, EnvelopeInvalid, ObjectMissing, SubjectErased, AttemptsExhausted)
_HOUSE_FAULTS: Final = (DomainError, SQLAlchemyError, OSError)
"""Whatever else is refused, or away: it uses up no attempt, however long it lasts."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Which documents, and what they shall have."""

    wanted: Wanted
    level: Level


@dataclass(frozen=True, slots=True)
class Extended:
    """A document that was extended, stored, and not in the register yet. renew_by: when it must be done again."""

    taken: Taken
    document: Document
    renew_by: datetime


@dataclass(frozen=True, slots=True)
class Left:
    """A document that was not extended. passing: it may fare better next time, so many times; house: the run ends.

    Both: nobody knows whose fault it is. Were it the document's, it must not end every run there ever is.
    """

    taken: Taken
    result: Result
    renew_by: datetime | None = None
    error: Exception | None = None
    passing: bool = False
    house: bool = False

    @property
    def ended(self) -> Ended:
        """What the register keeps of it."""
        if self.passing:
            return Ended(self.taken, attempts=self.taken.attempts)
        if self.house:
            return Ended(self.taken, attempts=self.taken.attempts - 1)
        return Ended(self.taken, self.renew_by, None if self.error is None else _reason(self.error))


def renew_by(evidence: PdfEvidence) -> datetime:
    """Return when a sealed document must have been extended: the end of its newest timestamp's certificate.

    Until there is a document timestamp it is the earliest end among the certificates of its seals and their timestamps:
    what proves that a certificate was good is gathered while it is. Raises ExtensionRefused where a seal has no timestamp.
    Source: EN 319 102-1 section 5.6.2
    """
    if evidence.document_timestamps:
        newest = max(evidence.document_timestamps, key=lambda one: one.end)
        return _end(newest.stamp.signer_certificate)
    ends = []
    for seal in evidence.signatures:
        if seal.token is None:
            raise ExtensionRefused(reason="seal_without_timestamp")
        ends += [_end(seal.signer_certificate), _end(read_token(seal.token).signer_certificate)]
    if not ends:
        raise ExtensionRefused(reason="no_seal")
    return min(ends)


def _end(certificate: bytes) -> datetime:
    return read_certificate(certificate).not_after


class DocumentWork:
    """Extends documents on any number of threads, each with a process of its own; `close` ends these."""

    def __init__(self, objects: ObjectStore, material: ValidationMaterial, timestamper: Timestamper) -> None:
        self._objects = objects
        self._material = material
        self._timestamper = timestamper
        self._own = threading.local()
        self._open = ExitStack()

    def close(self) -> None:
        """End the processes."""
        self._open.close()

    def do(self, taken: Taken, keys: SubjectKeys | None, now: datetime, aim: Aim) -> Extended | Left:
        """Extend a document, if it is time to; keys: None of a licence that was erased. Whatever goes wrong is returned."""
        try:
            return self._do(taken, keys, now, aim)
        except ExtensionFailed as error:
            # A broken installation, or no memory: a million documents would be marked for it, and left alone.
            broken = not Extender.starts()
            passing = not broken and taken.attempts < MAX_ATTEMPTS
            return Left(taken, "failed", error=error, passing=passing, house=broken)
        except SealKeyUnusable as error:
            return Left(taken, "failed", error=error, house=True)
        except _DOCUMENT_FAULTS as error:
            return Left(taken, "failed", error=error)
        except _HOUSE_FAULTS as error:
            return Left(taken, "failed", error=error, house=True)
        except Exception as error:  # noqa: BLE001 - raised by the desk, where the rest of the batch has been written
            return Left(taken, "failed", error=error, passing=True, house=True)

    def _do(self, taken: Taken, keys: SubjectKeys | None, now: datetime, aim: Aim) -> Extended | Left:
        if keys is None:
            raise SubjectErased(taken.licence_id)
        if taken.attempts > MAX_ATTEMPTS:
            raise AttemptsExhausted(identifier=taken.identifier)
        data = open_document(self._objects.get(taken.object_key), "pdf", taken.version_id, keys)
        try:
            until = renew_by(read_pdf(data))
        except CAError as error:  # its own certificates or timestamps, before any authority was asked
            raise ExtensionRefused(reason=error.code) from error
        if aim.wanted.named is None and until >= aim.wanted.horizon:
            return Left(taken, "not_due", until)
        extended = self._extender().extend(data, self._material, self._timestamper, now, aim.level)
        if extended == data:
            return Left(taken, "unchanged", until)
        evidence = read_pdf(extended)
        # The register knows the document by this digest, and so does everybody who has a copy.
        if evidence.seal is None or digest_text(evidence.seal.digest) != taken.digest:
            raise ExtensionRefused(reason="not_the_registered_document")
        document = make_document("pdf", extended, evidence.seal.digest, taken.version_id, keys)
        self._objects.put(document.object_key, document.ciphertext)
        return Extended(taken, document, renew_by(evidence))

    def _extender(self) -> Extender:
        """Return this thread's process."""
        found: Extender | None = getattr(self._own, "extender", None)
        if found is None:
            found = self._own.extender = self._open.enter_context(Extender())
        return found


def _reason(error: Exception) -> str:
    """Return what the register says of a failure: nothing of what stands in the document."""
    return f"{error.code}: {error.message('en')}" if isinstance(error, DomainError) else type(error).__name__
