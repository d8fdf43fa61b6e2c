"""Reading a sealed PDF: the strict reader's evidence as the checks want it."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

from licences.verification.documents import (
    DocumentStamp,
    Examined,
    Oddity,
    SealedPage,
    Signature,
    SignedData,
    Trouble,
    ValidationData,
)
from licences.verification.examination_json import read_data
from seals.pdf.attachments import information
from seals.pdf.coverage import DocumentTimestamp
from seals.pdf.dss import read_store
from seals.pdf.errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.evidence import PdfEvidence, PdfSignature, read_pdf
from seals.pdf.file import PdfFile
from seals.pdf.foreign import ForeignPdf, ForeignSignature, read_foreign_pdf
from seals.pdf.signature import Fault

DATA_FILE: Final = "licence.json"
_FOREIGN: Final = "foreign_signature"
_STORE: Final = b"/DSS"
_MOST_VALIDATION_DATA: Final = 32 * 1024 * 1024
_BETWEEN_KEYWORDS: Final = re.compile(r"[,;\s]+")


def examine_pdf(document: bytes) -> Examined:
    """Read a PDF and the licence's data inside it."""
    file_digest = hashlib.sha256(document).digest()
    try:
        return _read(document, file_digest)
    except PdfEncrypted:
        trouble = Trouble("encrypted")
    except PdfUnsupported as fault:
        trouble = Trouble("unsupported", fault.reason)
    except PdfOverLimits as fault:
        trouble = Trouble("too_complex", fault.reason)
    except PdfUnreadable as fault:
        trouble = Trouble("malformed", fault.reason)
    return Examined("pdf", len(document), file_digest, trouble)


def _read(document: bytes, file_digest: bytes) -> Examined:
    try:
        return _examined(document, file_digest, read_pdf(document))
    except PdfUnsupported as fault:
        if fault.reason != _FOREIGN:
            raise
    page = _foreign_page(document, read_foreign_pdf(document))
    return Examined("pdf", len(document), file_digest, page=page)


def _examined(document: bytes, file_digest: bytes, evidence: PdfEvidence) -> Examined:
    seal = evidence.seal
    if seal is None:
        return Examined("pdf", len(document), file_digest, Trouble("unsigned"))
    embedded = evidence.embedded.get(DATA_FILE)
    data = None if embedded is None else read_data(embedded)
    return Examined(
        form="pdf",
        size=len(document),
        file_digest=file_digest,
        page=_page(document, seal, evidence),
        data=data if isinstance(data, SignedData) else None,
        data_trouble=data if isinstance(data, Trouble) else None,
    )


def _page(document: bytes, seal: PdfSignature, evidence: PdfEvidence) -> SealedPage:
    later = sorted((one for one in evidence.signatures if one is not seal), key=_end)
    return SealedPage(
        digest=seal.digest,
        signature=_signature(seal),
        # Whatever one of the seals does not cover is behind the last of them.
        oddities=_oddities(fault for one in evidence.signatures for fault in one.canonical_faults),
        coverage_faults=_oddities(fault for one in evidence.signatures for fault in one.coverage_faults),
        keywords=_keywords(evidence.info),
        later_seals=tuple(map(_signature, later)),
        stamps=_stamps(evidence.document_timestamps),
        validation=_validation_data(document),
        # A seal of ours over what others had signed: theirs are not among the judged, so it must not look as if they were.
        uncertain=(Oddity("signature.other_maker", ""),) if evidence.foreign_signatures else (),
    )


def _foreign_page(document: bytes, found: ForeignPdf) -> SealedPage:
    first, *later = map(_foreign_signature, found.signatures)
    return SealedPage(
        digest=found.signatures[0].digest,
        signature=first,
        oddities=(),
        coverage_faults=_oddities(found.gaps),
        keywords=_keywords(information(PdfFile(document))),
        later_seals=tuple(later),
        stamps=_stamps(found.document_timestamps),
        validation=_validation_data(document),
        uncertain=_oddities(found.later),
        foreign=True,
    )


def _end(seal: PdfSignature) -> int:
    return seal.byte_range[2] + seal.byte_range[3]


def _signature(seal: PdfSignature) -> Signature:
    return Signature(
        fault=seal.fault,
        algorithm=seal.algorithm,
        certificates=seal.certificates,
        token=seal.token,
        imprint=seal.imprint,
        claimed_at=seal.signing_time,
        name=seal.field_name,
        end=_end(seal),
        digest_algorithm="SHA-384" if len(seal.signed_digest) == 48 else "SHA-256",
    )


def _foreign_signature(found: ForeignSignature) -> Signature:
    return Signature(
        fault=None,
        foreign=True,
        algorithm=found.cms.scheme,
        certificates=found.cms.certificates,
        token=found.cms.token,
        imprint=found.imprint,
        claimed_at=found.signing_time,
        name=found.field_name,
        end=found.end,
        digest_algorithm=f"SHA-{found.cms.hash.removeprefix('sha')}",
    )


def _stamps(found: Iterable[DocumentTimestamp]) -> tuple[DocumentStamp, ...]:
    return tuple(DocumentStamp(one.field_name, one.end, one.token) for one in found)


def _validation_data(document: bytes) -> ValidationData:
    """Return the certificates, lists and answers that the document keeps; most keep none, and are not read again."""
    if _STORE not in document:
        return ValidationData()
    try:
        store = read_store(PdfFile(document))
    except PdfOverLimits:
        raise
    except (PdfUnreadable, PdfUnsupported):
        # Either it lies behind the seal, where coverage has said so, or it was there before: then it proves nothing.
        return ValidationData()
    if sum(len(der) for _, der in store.items) > _MOST_VALIDATION_DATA:
        raise PdfOverLimits(reason="dss")
    return ValidationData(store.of("certificate"), store.of("crl"), store.of("ocsp"))


def _keywords(info: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(word for word in _BETWEEN_KEYWORDS.split(info.get("Keywords", "").strip()) if word)


def _oddities(faults: Iterable[Fault]) -> tuple[Oddity, ...]:
    return tuple(dict.fromkeys(Oddity(fault.code, fault.detail) for fault in faults))
