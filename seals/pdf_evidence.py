"""What a sealed PDF says, for verification: facts, and every departure from the form in which we seal.

Pure and bounded. Nothing is believed: whether the signer is trusted is judged elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Final, Literal

from ca.signatures import ES256_IDENTIFIER, SCHEMES
from seals.foreign_cms import foreign_state
from seals.pdf_attachments import attachments, information
from seals.pdf_errors import PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf_fields import signature_fields
from seals.pdf_file import PdfFile
from seals.pdf_signature import Fault, SignatureDictionary

__all__ = ["Fault", "PdfEvidence", "PdfSignature", "read_pdf"]

MAX_SIGNATURES: Final = 32
_SHOWN: Final = 20  # object numbers in a fault's detail


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """A seal of ours in a PDF.

    digest: SHA-256 (32 bytes) of the bytes under its byte range; signed_digest: the one that was signed;
    certificates: DER, the signer's first, upwards; token: DER timestamp token or None; signing_time: as claimed (/M);
    docmdp: the certification level, None if it does not certify; canonical_faults: bytes that our writer would have
    written otherwise; coverage_faults: what of the file it does not cover.
    """

    field_name: str
    byte_range: tuple[int, ...]
    digest: bytes
    signed_digest: bytes
    signature: bytes = field(repr=False)
    signature_valid: bool
    algorithm: str
    certificates: tuple[bytes, ...] = field(repr=False)
    token: bytes | None = field(repr=False)
    signing_time: datetime | None
    docmdp: int | None
    canonical_faults: tuple[Fault, ...]
    coverage_faults: tuple[Fault, ...]

    @property
    def signer_certificate(self) -> bytes:
        """DER of the signer's certificate."""
        return self.certificates[0]

    @property
    def imprint(self) -> bytes:
        """What a timestamp of this signature must be over: SHA-256 of the signature value."""
        return sha256(self.signature).digest()

    @property
    def fault(self) -> Literal["certificate", "digest", "signature"] | None:
        """Why these are not the bytes that were sealed; None if they are."""
        if any(fault.code == "cms.signer_certificate" for fault in self.canonical_faults):
            return "certificate"
        if self.digest != self.signed_digest:
            return "digest"
        return None if self.signature_valid else "signature"


@dataclass(frozen=True, slots=True)
class PdfEvidence:
    """All that verification needs of a PDF: our seals in it (none if it is unsigned), its attachments by name, Info texts."""

    signatures: tuple[PdfSignature, ...]
    foreign_signatures: int
    embedded: Mapping[str, bytes] = field(repr=False)
    info: Mapping[str, str] = field(repr=False)

    @property
    def seal(self) -> PdfSignature | None:
        """The seal that makes this document: the one that was there first, so that a later one cannot speak for it."""
        return min(self.signatures, key=lambda one: one.byte_range[2] + one.byte_range[3], default=None)


def read_pdf(data: bytes) -> PdfEvidence:
    """Read a PDF.

    Raises PdfUnreadable (damaged, ambiguous, or a foreign signature that fails), PdfOverLimits, PdfEncrypted, and
    PdfUnsupported for forms that we do not read and for documents that only others have signed.
    """
    file = PdfFile(data)
    filled = [one for one in signature_fields(file) if one.signature is not None]
    if len(filled) > MAX_SIGNATURES:
        raise PdfOverLimits(reason="signatures")
    dictionaries = [SignatureDictionary.read(file, one) for one in filled]
    ours = [one for one in dictionaries if one.is_canonical_form]
    if dictionaries and not ours:
        _refuse_foreign(dictionaries)
    signatures = tuple(_evidence(file, one) for one in ours)
    return PdfEvidence(
        signatures=signatures,
        foreign_signatures=len(dictionaries) - len(ours),
        embedded=_attachments(file, signatures) if signatures else {},
        info=information(file),
    )


def _attachments(file: PdfFile, signatures: tuple[PdfSignature, ...]) -> dict[str, bytes]:
    try:
        return attachments(file)
    except (PdfUnreadable, PdfUnsupported):
        # That the bytes were changed says more than what the change did to an attachment.
        if any(one.fault is not None for one in signatures):
            return {}
        raise


def _refuse_foreign(dictionaries: list[SignatureDictionary]) -> None:
    """Say that others' signatures are not ours to judge, unless one of them plainly fails: that is a changed document."""
    states = {foreign_state(one.contents, one.digest) for one in dictionaries if one.is_detached_cms}
    if "broken" in states:
        raise PdfUnreadable(reason="signature_broken")
    raise PdfUnsupported(reason="foreign_signature")


def _evidence(file: PdfFile, dictionary: SignatureDictionary) -> PdfSignature:
    cms, cms_faults = dictionary.read_cms()
    return PdfSignature(
        field_name=dictionary.field_name,
        byte_range=dictionary.byte_range,
        digest=dictionary.digest(),
        signed_digest=cms.message_digest,
        signature=cms.signature,
        signature_valid=cms.signature_valid(),
        algorithm=SCHEMES[ES256_IDENTIFIER].id,
        certificates=cms.certificates,
        token=cms.token,
        signing_time=dictionary.signing_time,
        docmdp=dictionary.certification(file),
        canonical_faults=(*dictionary.form_faults(), *cms_faults),
        coverage_faults=tuple(_coverage_faults(file, dictionary)),
    )


def _coverage_faults(file: PdfFile, dictionary: SignatureDictionary) -> Iterator[Fault]:
    """Name what lies behind the seal: nothing may, whatever viewers say of it.

    Incremental saving, shadow attacks and painted-over fields all need a later revision. (What is pure validation data
    will be told apart when documents are extended.)
    """
    end = dictionary.byte_range[2] + dictionary.byte_range[3]
    later = [section for section in file.sections if section.start >= end]
    for section in later:
        shown = ", ".join(map(str, islice(section.numbers(), _SHOWN))) + (", …" if section.count > _SHOWN else "")
        yield Fault("coverage.later_revision", f"objects {shown}")
    if not later and end != len(file.data):
        yield Fault("coverage.trailing_bytes", f"{len(file.data) - end} bytes from {end}")
