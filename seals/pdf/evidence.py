"""What a sealed PDF says, for verification: facts, and every departure from the form in which we seal.

Pure and bounded. Nothing is believed: whether the signer is trusted is judged elsewhere.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from ca.algorithms import digests
from ca.errors import NationalUnavailable, TokenInvalid
from ca.timestamping.token import read_token
from seals.cms.cms import SealCms
from seals.cms.foreign_cms import foreign_state
from seals.cms.seal_evidence import SealEvidence
from seals.pdf.attachments import attachments, information
from seals.pdf.coverage import Coverage, DocumentTimestamp, coverage_after
from seals.pdf.errors import PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.fields import signature_fields
from seals.pdf.file import PdfFile
from seals.pdf.signature import Fault, SignatureDictionary

__all__ = ["DocumentTimestamp", "Fault", "PdfEvidence", "PdfSignature", "read_pdf"]

MAX_SIGNATURES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSignature(SealEvidence):
    """A seal of ours in a PDF; what it covers are the bytes under its byte range, its signing time is /M.

    docmdp: the certification level, None if it does not certify; coverage_faults: what of the file it does not cover and
    that is neither validation data nor a later seal.
    """

    field_name: str
    byte_range: tuple[int, ...]
    docmdp: int | None
    coverage_faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class PdfEvidence:
    """All that verification needs of a PDF: our seals in it (none if it is unsigned), its attachments by name, Info texts.

    document_timestamps: those behind the first seal, in their order. They and each further seal are allowed revisions in
    their form; whether whoever made them is trusted is judged elsewhere, and must be: an untrusted one is a fault.
    """

    signatures: tuple[PdfSignature, ...]
    foreign_signatures: int
    document_timestamps: tuple[DocumentTimestamp, ...]
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
    _refuse_foreign(dictionaries, ours)
    values = [one.read_cms() for one in ours]
    certificates = _certificates([cms for cms, _ in values])
    try:
        coverages = [coverage_after(file, one.byte_range[2] + one.byte_range[3], certificates) for one in ours]
    except NationalUnavailable as error:  # a document timestamp by SM2, and no library that could judge it
        raise PdfUnsupported(reason="algorithm_unavailable") from error
    signatures = tuple(
        _evidence(file, one, value, coverage) for one, value, coverage in zip(ours, values, coverages, strict=True)
    )
    return PdfEvidence(
        signatures=signatures,
        foreign_signatures=len(dictionaries) - len(ours) - sum(one.is_document_timestamp for one in dictionaries),
        document_timestamps=max((one.timestamps for one in coverages), key=len, default=()),
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


def _refuse_foreign(dictionaries: list[SignatureDictionary], ours: list[SignatureDictionary]) -> None:
    """Say that others' signatures are not ours to judge, unless one of them plainly fails: that is a changed document.

    Also under a seal of ours: whoever seals a changed document has not made it whole.
    """
    others = [one for one in dictionaries if one.is_detached_cms and one not in ours]
    if "broken" in {foreign_state(one.contents, one.digest) for one in others}:
        raise PdfUnreadable(reason="signature_broken")
    if dictionaries and not ours:
        raise PdfUnsupported(reason="foreign_signature")


def _certificates(values: list[SealCms]) -> tuple[bytes, ...]:
    """Return all certificates of the signatures and their timestamps."""
    found = {one for cms in values for one in cms.certificates}
    for cms in values:
        if cms.token is not None:
            with suppress(TokenInvalid, NationalUnavailable):
                found.update(read_token(cms.token).certificates)
    return tuple(sorted(found))


def _evidence(
    file: PdfFile, dictionary: SignatureDictionary, value: tuple[SealCms, list[Fault]], coverage: Coverage
) -> PdfSignature:
    cms, cms_faults = value
    digest, hash_name = dictionary.digest(), digests.HASHLIB[cms.scheme.hash]
    covered = digest if hash_name == "sha256" else dictionary.digest(hash_name)
    return PdfSignature(
        field_name=dictionary.field_name,
        byte_range=dictionary.byte_range,
        digest=digest,
        covered_digest=covered,
        signed_digest=cms.message_digest,
        signature=cms.signature,
        signature_valid=cms.signature_valid(),
        algorithm=cms.scheme.algorithm,
        certificates=cms.certificates,
        token=cms.token,
        signing_time=dictionary.signing_time,
        docmdp=dictionary.certification(file),
        canonical_faults=(*dictionary.form_faults(), *cms_faults),
        coverage_faults=coverage.faults,
    )
