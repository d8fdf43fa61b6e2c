"""What a verification may ask of the world. It is handed in: the engine itself looks nothing up.

Every answer is one of: what was found, `Absent` (there is no such source, or it has nothing), `Unavailable`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Literal, Protocol

from licences.verification.report import JSON

if TYPE_CHECKING:
    from ca.judging.trust import TrustList
    from ledger.formats.checkpoints import Checkpoint
    from licences.catalogue import Catalogue


class Absent(Enum):
    """Why there is no answer, where that is nobody's failure."""

    NO_SOURCE = "no_source"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class Pending:
    """The published ledger does not hold it yet, and has promised to by `deadline`."""

    deadline: datetime


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The source exists and did not answer. reason: a stable word."""

    reason: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the issuer's register holds on one version of a licence.

    digests: the digests of all its renditions, PDF and JSON, 32 bytes each. files: the same of the files themselves.
    sealed_at: when it became active.
    """

    identifier: str
    stage: Literal["intent", "active", "failed"]
    digests: frozenset[bytes]
    files: frozenset[bytes]
    sealed_at: datetime | None
    type_code: str
    issuer_code: str
    issue_date: date
    valid_from: date
    valid_until: date | None
    trust_level: str


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One act on a licence. effective_at: when it takes effect; recorded_at: when it was written down; until: its end."""

    status: str
    effective_at: datetime
    recorded_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusHistory:
    """All status rows of one version, from its issue on."""

    rows: tuple[StatusRow, ...]


@dataclass(frozen=True, slots=True)
class StatusToken:
    """A Token Status List as the signed text that was handed in."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealStop:
    """A stop of a seal, from when to when (None: it stands). in_question: whether its key may be in strange hands."""

    state: str
    reason: str
    since: datetime
    until: datetime | None
    in_question: bool = False


@dataclass(frozen=True, slots=True)
class SealStanding:
    """What the register of seals says of one. invalid_from: since when nothing it sealed is good (a compromise)."""

    state: str
    stops: tuple[SealStop, ...] = ()
    invalid_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnchorStanding:
    """What a chain holds of the log, as it was last looked at. chain: `eip155:<chain>:<contract>`.

    size, root: what is anchored, 0 entries before the first time; proof: RFC 6962's, between the asked size and this one,
    whichever is larger, None where it cannot be made. since: when an anchor that holds the asked entry was first seen.
    """

    chain: str
    size: int
    root: bytes
    looked_at: datetime
    proof: tuple[bytes, ...] | None = ()
    since: datetime | None = None


class Sources(Protocol):
    """The world as one verification sees it; the answers to one identifier belong together."""

    @property
    def trust(self) -> "TrustList | None":
        """The verifier's trust list."""
        ...

    @property
    def catalogue(self) -> "Catalogue | None":
        """The licence types, for the face."""
        ...

    def record(self, identifier: str | None, digest: bytes | None, code: str | None) -> Record | Absent | Unavailable:
        """Return the register's record: by identifier, else by document or file digest, else by a QR code's secret."""
        ...

    def content(self, identifier: str) -> Mapping[str, JSON]:
        """Return the licence's content in the shape of its signed JSON, for the face of a look-up; empty if there is none.

        Asked only of a licence that the register holds, when no document says what it is about.
        """
        ...

    def status(self, identifier: str) -> StatusHistory | StatusToken | Absent | Unavailable:
        """Return what says whether the licence is in force."""
        ...

    def seal(self, certificate: bytes) -> SealStanding | Absent | Unavailable:
        """Return how the seal of this certificate (DER) stands in our register; NOT_FOUND for another house's."""
        ...

    def proof(self, identifier: str) -> bytes | Pending | Absent | Unavailable:
        """Return the `.tlog-proof` of its issuing; Pending until the published ledger holds it."""
        ...

    def anchor(self, index: int, checkpoint: "Checkpoint") -> AnchorStanding | Absent | Unavailable:
        """Return what a chain holds of the log; NO_SOURCE where it is anchored nowhere.

        index: of the entry; checkpoint: what proves it, signed by a log of the trust list.
        """
        ...
