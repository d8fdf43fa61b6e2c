"""PDF signatures of other makers: whether the bytes are those that were signed, and what lies behind them.

The spelling is theirs, and nothing is said of it; our own rule for what may follow a signature is the same for all.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from ca.errors import NationalUnavailable, TokenInvalid
from ca.timestamping.token import read_token
from seals.cms.cms import split_padding
from seals.cms.foreign_cms import ForeignCms, read_foreign
from seals.pdf.coverage import Coverage, DocumentTimestamp, coverage_after
from seals.pdf.errors import PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.fields import signature_fields
from seals.pdf.file import PdfFile
from seals.pdf.signature import Fault, SignatureDictionary

MAX_SIGNATURES: Final = 32


@dataclass(frozen=True, slots=True)
class ForeignSignature:
    """A signature that holds over the bytes under its byte range; nobody is believed yet.

    digest: SHA-256 of those bytes, 32 bytes; end: where they end in the file; signing_time: as claimed.
    """

    field_name: str
    digest: bytes
    end: int
    cms: ForeignCms
    signing_time: datetime | None

    @property
    def imprint(self) -> bytes:
        """What a timestamp of this signature must be over: SHA-256 of the signature value."""
        return sha256(self.cms.signature).digest()


@dataclass(frozen=True, slots=True)
class ForeignPdf:
    """Signatures in the order in which they were made, the timestamps behind the first, and what nobody can judge there.

    gaps: signatures that leave out other bytes than their own value, or hide something behind that; later: a revision
    behind the first one that is neither validation data, a document timestamp nor a further signature that shows nothing
    or fills a field made for it, or is another program's way of adding them.
    """

    signatures: tuple[ForeignSignature, ...]
    document_timestamps: tuple[DocumentTimestamp, ...] = field(repr=False)
    gaps: tuple[Fault, ...]
    later: tuple[Fault, ...]


def read_foreign_pdf(data: bytes) -> ForeignPdf:
    """Read a PDF that only others have signed.

    Raises PdfUnreadable (one of its signatures plainly fails, among other reasons), PdfOverLimits, PdfEncrypted, and
    PdfUnsupported where one of them is of a form or algorithm that is not judged.
    """
    file = PdfFile(data)
    filled = [one for one in signature_fields(file) if one.signature is not None]
    if len(filled) > MAX_SIGNATURES:
        raise PdfOverLimits(reason="signatures")
    dictionaries = [SignatureDictionary.read(file, one) for one in filled]
    made = [one for one in dictionaries if not one.is_document_timestamp]
    signatures = tuple(sorted((_signature(one) for one in made), key=lambda one: one.end))
    if not signatures:
        raise PdfUnsupported(reason="foreign_signature")
    coverage = _coverage(file, signatures)
    return ForeignPdf(
        signatures=signatures,
        document_timestamps=coverage.timestamps,
        gaps=tuple(fault for one in made for fault in _gaps(one)),
        later=coverage.faults,
    )


def _gaps(dictionary: SignatureDictionary) -> Iterator[Fault]:
    yield from (fault for fault in dictionary.spelling_faults() if fault.code == "byte_range.gap")
    # How others spell their values is theirs; but what pads the space that was kept is nothing, whoever wrote it.
    if split_padding(dictionary.contents)[1].strip(b"\x00"):
        yield Fault("contents.padding", dictionary.field_name)


def _signature(dictionary: SignatureDictionary) -> ForeignSignature:
    cms = read_foreign(dictionary.contents) if dictionary.is_detached_cms else None
    state = "unknown" if cms is None else cms.state(dictionary.digest)
    if cms is None or state == "unknown":
        raise PdfUnsupported(reason="foreign_signature")
    if state == "broken":
        raise PdfUnreadable(reason="signature_broken")
    return ForeignSignature(
        field_name=dictionary.field_name,
        digest=dictionary.digest(),
        end=dictionary.byte_range[2] + dictionary.byte_range[3],
        cms=cms,
        signing_time=dictionary.signing_time or cms.signing_time,
    )


def _coverage(file: PdfFile, signatures: tuple[ForeignSignature, ...]) -> Coverage:
    certificates = {der for one in signatures for der in one.cms.certificates}
    for one in signatures:
        certificates.update(_of_token(one.cms.token))
    try:
        # From the first one on: whoever signs second must not pass a changed page off as what the first had signed.
        return coverage_after(file, signatures[0].end, tuple(sorted(certificates)), of_others=True)
    except NationalUnavailable as error:
        raise PdfUnsupported(reason="algorithm_unavailable") from error


def _of_token(token: bytes | None) -> tuple[bytes, ...]:
    if token is None:
        return ()
    try:
        return read_token(token).certificates
    except (TokenInvalid, NationalUnavailable):
        return ()
