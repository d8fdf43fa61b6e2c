"""What examining the bytes of a document gives: plain facts, before anything is believed or looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from licences.verification.claims import LicenceClaims
from licences.verification.report import JSON
from licences.verification.request import Lookup

BLANKS: Final = b" \t\r\n"
"""What editors and mail put before and after a text; it says nothing, in any form of JSON."""

Form = Literal["pdf", "json", "sd-jwt", "lookup", "unknown"]
Unreadable = Literal[
    # over limits: we stopped reading
    "too_large",
    "too_complex",
    "memory",
    "time_out",
    "crashed",
    # nothing that could be a sealed licence, or not whole
    "empty",
    "unknown",
    "malformed",
    "unsigned",
    # lawful, but not ours to read
    "encrypted",
    "unsupported",
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be read. detail: a stable word of the reader, never data of the document."""

    kind: Unreadable
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One departure from the form that we write; `code` as the reader names it."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and what came with it; the certificates are not yet believed.

    fault: None when it is by the key of `certificate` over these bytes, else which part does not fit.
    certificates: DER, leaf first where the format orders them. algorithm: our id of it (`ES256`).
    token: DER TimeStampToken; imprint: 32 bytes, SHA-256 of what the token must cover.
    claimed_at: the time of signing as the signer claims it.
    """

    fault: Literal["digest", "signature", "certificate"] | None
    algorithm: str
    certificates: tuple[bytes, ...] = field(repr=False)
    token: bytes | None = field(repr=False)
    imprint: bytes
    claimed_at: datetime | None

    @property
    def certificate(self) -> bytes:
        """The signer's certificate, DER."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class SignedData:
    """A signed JSON licence, by itself or embedded in a page. digest: 32 bytes, SHA-256 of `protected.payload`."""

    digest: bytes
    signature: Signature
    claims: Mapping[str, JSON] = field(repr=False)
    licence: LicenceClaims | None
    closed: int
    oddities: tuple[Oddity, ...] = ()
    disclosure_faults: tuple[Oddity, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedPage:
    """A sealed PDF. digest: 32 bytes, the seal's message digest.

    keywords: what the page says it is (`elicence`, identifier, `sha-256:` digest of its JSON), verbatim.
    """

    digest: bytes
    signature: Signature
    oddities: tuple[Oddity, ...]
    coverage_faults: tuple[Oddity, ...]
    keywords: tuple[str, ...]

    @property
    def is_ours(self) -> bool:
        """Whether the page claims to be a licence of this kind; the claim lies under the seal, so it cannot be removed."""
        return "elicence" in self.keywords


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that could be read from what was handed in.

    size: bytes. file_digest: 32 bytes, SHA-256 of the whole file. trouble: why it could not be read, if so.
    page: of a PDF. data: of a JSON licence, or the one embedded in the page; data_trouble: why that could not be read.
    """

    form: Form
    size: int
    file_digest: bytes
    trouble: Trouble | None = None
    page: SealedPage | None = None
    data: SignedData | None = None
    data_trouble: Trouble | None = None
    lookup: Lookup | None = None

    @property
    def signature(self) -> Signature | None:
        """The signature that makes this document genuine: of the page, or of the JSON that stands alone."""
        if self.page is not None:
            return self.page.signature
        return None if self.data is None else self.data.signature

    @property
    def digest(self) -> bytes:
        """The document's digest; of unread bytes, the file's."""
        if self.lookup is not None and self.lookup.digest is not None:
            return self.lookup.digest
        if self.page is not None:
            return self.page.digest
        return self.file_digest if self.data is None else self.data.digest

    @property
    def licence(self) -> LicenceClaims | None:
        """What the licence says of itself, if its JSON is signed; nobody is believed yet."""
        if self.data is None or self.data.signature.fault is not None or self.data.disclosure_faults:
            return None
        return self.data.licence
