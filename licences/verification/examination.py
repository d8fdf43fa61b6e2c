"""Step 1: read the bytes. Whatever they are, the result is an `Examined`, never an exception."""

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from licences.verification.documents import BLANKS, BYTE_ORDER_MARK, Examined, Form, Trouble, Unreadable
from licences.verification.request import Lookup

_SD_JWT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*(~|\s*\Z)")
_ARMOUR: Final = re.compile(rb"-----BEGIN (CMS|PKCS7)-----")
_ZIP: Final = b"PK\x03\x04"
_SEQUENCE, _INTEGER, _OBJECT_IDENTIFIER = 0x30, 0x02, 0x06
_DER_FORMS: Final[tuple[tuple[tuple[int, ...], Form], ...]] = (
    ((_SEQUENCE, _OBJECT_IDENTIFIER), "detached"),
    ((_SEQUENCE, _SEQUENCE, _INTEGER), "ses-signature"),
    ((_SEQUENCE, _SEQUENCE, _SEQUENCE), "ses-seal"),
)
_DEPTH: Final = 3
_PDF_HEADER_WITHIN = 1024  # ISO 32000-1 annex H, note 13: readers accept the header anywhere in there


def examine(document: bytes, max_bytes: int, companion: bytes | None = None) -> Examined:
    """Tell what the bytes are and read them; never raises for what is in them.

    companion: what lay beside them: the seal (.p7s) of a file of any kind, or the file of a seal; by their content it is
    told which is which.
    """
    if len(document) > max_bytes or (companion is not None and len(companion) > max_bytes):
        return unread(document, "too_large")
    return _guarded(document, lambda: _examine(document) if companion is None else _examine_pair(document, companion))


def examine_file(file: Path, seal: bytes) -> Examined:
    """Read the seal beside a file that is too large to be held; nothing but the digest is made of the file.

    Raises OSError if the file cannot be read.
    """
    from licences.verification.examination_detached import examine_pair

    return _guarded(b"", lambda: examine_pair(seal, file))


def _guarded(document: bytes, read: Callable[[], Examined]) -> Examined:
    try:
        return read()
    except OSError:
        raise
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
    # First, for the first file of a package may be a page of PDF; nobody's PDF begins as a package.
    if document.startswith(_ZIP):
        return "ofd"
    if b"%PDF-" in document[:_PDF_HEADER_WITHIN]:
        return "pdf"
    text = document.removeprefix(BYTE_ORDER_MARK).lstrip(BLANKS)
    if text[:1] == b"{":
        return "json"
    if _ARMOUR.match(text):
        return "detached"
    return "sd-jwt" if _SD_JWT.match(text) else _detect_der(document)


def _detect_der(document: bytes) -> Form:
    """Tell by the tags at the beginning: a CMS begins with its type, a signature value with a version inside."""
    tags = tuple(_leading_tags(document))
    return next((form for leading, form in _DER_FORMS if tags[: len(leading)] == leading), "unknown")


def _leading_tags(data: bytes) -> Iterator[int]:
    """Yield the tag of the first element, of the first inside it, and so on; lengths are for the readers to judge."""
    place = 0
    for _ in range(_DEPTH):
        head = data[place : place + 2]
        if len(head) < 2:
            return
        yield head[0]
        place += 2 + (head[1] & 0x7F if head[1] & 0x80 else 0)


def _examine(document: bytes) -> Examined:  # noqa: PLR0911  one a form
    match detect(document):
        case "pdf":
            from licences.verification.examination_pdf import examine_pdf

            return examine_pdf(document)
        case "json" | "sd-jwt" as form:
            from licences.verification.examination_json import examine_json

            return examine_json(document, form)
        case "ofd":
            from licences.verification.examination_ofd import examine_ofd

            return examine_ofd(document)
        case "ses-seal":
            from licences.verification.examination_national import examine_seal

            return examine_seal(document)
        case "ses-signature":
            from licences.verification.examination_national import examine_signature

            return examine_signature(document, None)
        case "detached":
            from licences.verification.examination_detached import examine_alone

            return examine_alone(document)
        case _:
            return unread(document, "unknown" if document.strip(BLANKS) else "empty")


def _examine_pair(document: bytes, companion: bytes) -> Examined:
    """Read a document with what lay beside it; a companion that belongs to nothing is as if it were not there."""
    from licences.verification.examination_detached import examine_pair, with_seal_beside

    form = detect(document)
    if form == "ses-signature":
        from licences.verification.examination_national import examine_signature

        return examine_signature(document, companion)
    if detect(companion) == "detached":
        # Also a seal may be sealed; of two seals the one beside is over the other.
        return with_seal_beside(_examine(document), document, companion)
    return examine_pair(document, companion) if form == "detached" else _examine(document)
