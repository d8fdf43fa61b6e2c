"""What the steps of issuing hand to each other, and what becomes of a request."""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias
from uuid import UUID

from ledger.actor import Actor
from ledger.errors import DomainError
from ledger.log.promises import Promise
from ledger.subjects import SubjectKeys
from licences.content import Content
from seals.life.grants import Seal, Use

RenditionKind = Literal["json", "pdf"]


@dataclass(frozen=True, slots=True)
class Intent:
    """A licence that is decided and committed, and whose documents do not stand yet. use: what it is sealed under."""

    version_id: UUID
    licence_id: UUID
    identifier: str
    serial: str
    version: int
    status_index: int
    content: Content = field(repr=False)
    keys: SubjectKeys = field(repr=False)
    seal: Seal = field(repr=False)
    use: Use
    seal_use_id: UUID
    actor: Actor
    attempts: int

    def at(self, status_index: int) -> "Intent":
        """Return the intent with its place in the status lists."""
        return replace(self, status_index=status_index)


@dataclass(frozen=True, slots=True)
class Document:
    """One rendition: the plain file for whoever asked, its ciphertext for the store.

    digest: of the document, sha256: of the file, both `sha-256:<hex>`.
    """

    kind: RenditionKind
    data: bytes = field(repr=False)
    digest: str
    sha256: str
    object_key: str
    ciphertext: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Produced:
    """An intent and its documents, sealed and stored, not yet in force."""

    intent: Intent
    json: Document
    pdf: Document


@dataclass(frozen=True, slots=True)
class Failed:
    """An intent whose documents could not be made, or may not be: `reason` is what the row keeps."""

    intent: Intent
    error: DomainError

    @property
    def reason(self) -> str:
        """The stable code of the error."""
        return self.error.code


@dataclass(frozen=True, slots=True)
class Issued:
    """A licence in force. promise: the log's signed word that its event will be in the tree."""

    version_id: UUID
    licence_id: UUID
    identifier: str
    serial: str
    json: Document
    pdf: Document
    event: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class Existing:
    """The same licence was asked for before; nothing was issued."""

    version_id: UUID
    licence_id: UUID
    identifier: str
    serial: str
    stage: Literal["intent", "active"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The request was turned down, by what it says or by who asks; of the licence nothing was written."""

    error: DomainError


Outcome: TypeAlias = "Issued | Existing | Refused | Failed"
"""What became of one request."""
