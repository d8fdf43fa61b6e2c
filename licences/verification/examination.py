"""Step 1: read the bytes. Whatever they are, the result is an `Examined`, never an exception."""

import hashlib
import re

from licences.verification.documents import BLANKS, Examined, Form, Trouble, Unreadable
from licences.verification.request import Lookup

_SD_JWT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(~|\s*\Z)")
_PDF_HEADER_WITHIN = 1024  # ISO 32000-1 annex H, note 13: readers accept the header anywhere in there


def examine(document: bytes, max_bytes: int) -> Examined:
    """Tell what the bytes are and read them; never raises for what is in them."""
    if len(document) > max_bytes:
        return unread(document, "too_large")
    try:
        return _examine(document)
    except MemoryError:
        return unread(document, "memory")
    except RecursionError:
        return unread(document, "too_complex", "nesting")
    except Exception as error:  # noqa: BLE001  a reader's fault is our fault: it may hide a genuine licence
        return unread(document, "crashed", type(error).__name__)


def examine_lookup(lookup: Lookup) -> Examined:
    """Return the examination of a look-up: there are no bytes."""
    return Examined(form="lookup", size=0, file_digest=lookup.digest or b"", lookup=lookup)


def over_limit(size: int, file_digest: bytes) -> Examined:
    """Return the examination of a document that was too large to be kept, of which only size and digest are known."""
    return Examined("unknown", size, file_digest, Trouble("too_large"))


def unread(document: bytes, kind: Unreadable, detail: str = "") -> Examined:
    """Return the examination of a document that could not be read."""
    return Examined("unknown", len(document), hashlib.sha256(document).digest(), Trouble(kind, detail))


def detect(document: bytes) -> Form:
    """Tell the form by content: the name of a file says nothing."""
    if b"%PDF-" in document[:_PDF_HEADER_WITHIN]:
        return "pdf"
    text = document.lstrip(BLANKS)
    if text[:1] == b"{":
        return "json"
    return "sd-jwt" if _SD_JWT.match(text) else "unknown"


def _examine(document: bytes) -> Examined:
    match detect(document):
        case "pdf":
            from licences.verification.examination_pdf import examine_pdf

            return examine_pdf(document)
        case "json" | "sd-jwt" as form:
            from licences.verification.examination_json import examine_json

            return examine_json(document, form)
        case _:
            return unread(document, "unknown" if document.strip(BLANKS) else "empty")
