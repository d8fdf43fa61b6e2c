"""What examining the bytes of a document gives: plain facts, before anything is believed or looked up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from licences.verification.claims import LicenceClaims
from licences.verification.report import JSON
from licences.verification.request import Lookup
from seals.ses.steps import Step
from seals.ses.values import SesSeal, SesSignature

BLANKS: Final = b" \t\r\n"
"""What editors and mail put before and after a text; it says nothing, in any form of JSON."""

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""What some editors put before a text in UTF-8."""

Form = Literal["pdf", "json", "sd-jwt", "ofd", "ses-seal", "ses-signature", "detached", "lookup", "unknown"]
"""What was handed in. ses-seal: a national seal by itself (.esl); ses-signature: a national signature value by itself;
detached: a file of any kind with its seal beside it (.p7s)."""
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
    # half of a pair
    "incomplete",
]
SignatureFault = Literal[
    # these are not the bytes that were sealed
    "digest",
    "signature",
    "certificate",
    "document",
    "format",
    # nobody can tell here
    "digest_algorithm",
    "extension",
]
SealFault = Literal["format", "signature", "file", "signer", "extension"]


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
class NationalSeal:
    """A national seal (SES), alone or in a signature value; nobody is believed yet.

    value: the signature that carries it, None of a seal by itself. documents: what the value may be over, by its
    propertyInfo; None where that is not at hand. package_steps: what the package around it was checked for.
    fault, detail: why the seal itself is not whole; None where nothing says so.
    """

    seal: SesSeal
    value: SesSignature | None = None
    documents: Mapping[str, bytes] | None = field(default=None, repr=False)
    package_steps: tuple[Step, ...] = ()
    fault: SealFault | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature and what came with it; the certificates are not yet believed.

    fault: None when it is by the key of `certificate` over these bytes, else what does not fit, or could not be told.
    certificates: DER, leaf first where the format orders them. algorithm, digest_algorithm: our ids (`ES256`, `SHA-256`).
    token: DER TimeStampToken; imprint: 32 bytes, SHA-256 of what the token must cover; national_imprint: SM3 of it.
    claimed_at: the time of signing as the signer claims it. name: of its field or file, a stranger's text. end: where in
    the file the bytes end that it covers, where later bytes can be told from them. beside: whether it lies in a file of
    its own. foreign: whether another program made it, whose spelling is its own. detail: a stable word, or names of files that may be shown.
    """

    fault: SignatureFault | None
    algorithm: str
    certificates: tuple[bytes, ...] = field(repr=False)
    token: bytes | None = field(repr=False)
    imprint: bytes
    claimed_at: datetime | None
    name: str = ""
    end: int = 0
    digest_algorithm: str = "SHA-256"
    national_imprint: bytes = b""
    national: NationalSeal | None = None
    beside: bool = False
    foreign: bool = False
    detail: str = ""

    @property
    def certificate(self) -> bytes:
        """The signer's certificate, DER."""
        return self.certificates[0]


@dataclass(frozen=True, slots=True)
class DocumentStamp:
    """A timestamp over the whole file up to `end`, which is where its own revision ends. name: of its field."""

    name: str
    end: int
    token: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ValidationData:
    """What a document keeps beside its seals to prove that certificates were good (DSS), DER; nothing is believed."""

    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsp: tuple[bytes, ...] = field(default=(), repr=False)


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

    signature: of the seal that was there first; later_seals: those put into fields that were made for them, in their
    order. stamps: document timestamps, oldest first. uncertain: what lies behind other makers' signatures, or those
    signatures themselves, where it cannot be judged. foreign: whether others signed it, in forms of theirs.
    keywords: what the page says it is (`elicence`, identifier, `sha-256:` digest of its JSON), verbatim.
    """

    digest: bytes
    signature: Signature
    oddities: tuple[Oddity, ...]
    coverage_faults: tuple[Oddity, ...]
    keywords: tuple[str, ...]
    later_seals: tuple[Signature, ...] = ()
    stamps: tuple[DocumentStamp, ...] = ()
    validation: ValidationData = ValidationData()
    uncertain: tuple[Oddity, ...] = ()
    foreign: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether the page claims to be a licence of this kind; the claim lies under the seal, so it cannot be removed."""
        return "elicence" in self.keywords


@dataclass(frozen=True, slots=True)
class Examined:
    """Everything that could be read from what was handed in.

    size: bytes. file_digest: 32 bytes, SHA-256 of the whole file. trouble: why it could not be read, if so.
    page: of a PDF. data: of a JSON licence, or the one embedded in the page; data_trouble: why that could not be read.
    seals: those of an OFD package, a national signature value, or beside the file. bare_seal: a national seal by itself.
    oddities, coverage_faults, uncertain: of these, as of a page.
    """

    form: Form
    size: int
    file_digest: bytes
    trouble: Trouble | None = None
    page: SealedPage | None = None
    data: SignedData | None = None
    data_trouble: Trouble | None = None
    lookup: Lookup | None = None
    seals: tuple[Signature, ...] = ()
    bare_seal: NationalSeal | None = None
    oddities: tuple[Oddity, ...] = ()
    coverage_faults: tuple[Oddity, ...] = ()
    uncertain: tuple[Oddity, ...] = ()

    @property
    def signature(self) -> Signature | None:
        """The signature that makes this document genuine: of the page, or of the JSON that stands alone."""
        return next(iter(self.signatures), None)

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """Every signature that must hold, the one that makes the document first; those inside a page's data apart."""
        if self.page is not None:
            return (self.page.signature, *self.page.later_seals, *self.seals)
        return self.seals if self.data is None else (self.data.signature, *self.seals)

    @property
    def national_seals(self) -> tuple[NationalSeal, ...]:
        """Every national seal, in signatures or by itself."""
        found = tuple(one.national for one in self.signatures if one.national is not None)
        return found if self.bare_seal is None else (*found, self.bare_seal)

    @property
    def digest(self) -> bytes:
        """The document's digest; of what is known by none of its own, the file's."""
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
