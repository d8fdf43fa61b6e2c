"""Reading a sealed PDF: the strict reader's evidence as the checks want it."""

import hashlib
import re
from typing import Final

from licences.verification.documents import Examined, Oddity, SealedPage, Signature, SignedData, Trouble
from licences.verification.examination_json import read_data
from seals.pdf.errors import PdfEncrypted, PdfOverLimits, PdfUnreadable, PdfUnsupported
from seals.pdf.evidence import PdfEvidence, PdfSignature, read_pdf

DATA_FILE: Final = "licence.json"
_BETWEEN_KEYWORDS: Final = re.compile(r"[,;\s]+")


def examine_pdf(document: bytes) -> Examined:
    """Read a PDF and the licence's data inside it."""
    file_digest = hashlib.sha256(document).digest()
    try:
        evidence = read_pdf(document)
    except PdfEncrypted:
        trouble = Trouble("encrypted")
    except PdfUnsupported as fault:
        trouble = Trouble("unsupported", fault.reason)
    except PdfOverLimits as fault:
        trouble = Trouble("too_complex", fault.reason)
    except PdfUnreadable as fault:
        trouble = Trouble("malformed", fault.reason)
    else:
        return _examined(document, file_digest, evidence)
    return Examined("pdf", len(document), file_digest, trouble)


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
        page=_page(seal, evidence),
        data=data if isinstance(data, SignedData) else None,
        data_trouble=data if isinstance(data, Trouble) else None,
    )


def _page(seal: PdfSignature, evidence: PdfEvidence) -> SealedPage:
    keywords = _BETWEEN_KEYWORDS.split(evidence.info.get("Keywords", "").strip())
    return SealedPage(
        digest=seal.digest,
        signature=Signature(
            fault=seal.fault,
            algorithm=seal.algorithm,
            certificates=seal.certificates,
            token=seal.token,
            imprint=seal.imprint,
            claimed_at=seal.signing_time,
        ),
        oddities=tuple(Oddity(fault.code, fault.detail) for fault in seal.canonical_faults),
        coverage_faults=(
            *(Oddity(fault.code, fault.detail) for fault in seal.coverage_faults),
            # Whom these revisions come from is not judged yet, and until then they count as anybody's.
            *(Oddity("coverage.unjudged_timestamp", one.field_name) for one in evidence.document_timestamps),
            *(Oddity("coverage.unjudged_seal", one.field_name) for one in evidence.signatures if one is not seal),
        ),
        keywords=tuple(word for word in keywords if word),
    )
