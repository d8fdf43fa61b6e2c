"""Documents at rest: ciphertext under the licence's own key, named by its own digest."""

import hashlib
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.envelope import decrypt, encrypt
from ledger.objects.objects import ObjectStore
from ledger.signing import KeyWrapper
from ledger.subjects import SubjectKeys, open_subject
from licences.issuing_errors import LicenceUnknown
from licences.issuing_results import Document, RenditionKind
from licences.store import reading

ORIGINAL = "original"
"""正本; copies (副本) have their numbers."""
MEDIA = {"pdf": "application/pdf", "json": "application/jose+json"}

_CONTEXT = b"elicence/document/v1\n"


def digest_text(digest: bytes) -> str:
    """Return a 32-byte SHA-256 digest as rows and events write it."""
    return f"sha-256:{digest.hex()}"


def sha256_text(data: bytes) -> str:
    """Return the digest of some bytes as rows and events write it."""
    return digest_text(hashlib.sha256(data).digest())


def make_document(kind: RenditionKind, data: bytes, digest: bytes, version_id: UUID, keys: SubjectKeys) -> Document:
    """Return a document ready for the store. digest: 32 bytes, the document's own (the seal's message digest)."""
    ciphertext = encrypt(keys.document, data, _context(version_id, kind))
    # The name says nothing of the content, and the same name never holds other bytes.
    name = hashlib.sha256(ciphertext).hexdigest()
    return Document(
        kind=kind,
        data=data,
        digest=digest_text(digest),
        sha256=sha256_text(data),
        object_key=f"documents/{name[:2]}/{name}",
        ciphertext=ciphertext,
    )


def load_document(
    session: Session, objects: ObjectStore, wrapper: KeyWrapper, identifier: str, kind: RenditionKind
) -> bytes:
    """Return the file of a licence's document as it was sealed.

    Raises LicenceUnknown, ObjectMissing, SubjectErased, EnvelopeInvalid.
    """
    version = reading.version_by_identifier(session, identifier)
    found = None if version is None else reading.rendition(session, version.id, kind, ORIGINAL)
    if version is None or found is None:
        raise LicenceUnknown(identifier=identifier)
    keys = open_subject(session, wrapper, version.licence_id)
    return open_document(objects.get(found.object_key), kind, version.id, keys)


def open_document(ciphertext: bytes, kind: str, version_id: UUID, keys: SubjectKeys) -> bytes:
    """Return the file that an object of the store holds; raises EnvelopeInvalid."""
    return decrypt(keys.document, ciphertext, _context(version_id, kind))


def _context(version_id: UUID, kind: str) -> bytes:
    return _CONTEXT + version_id.bytes + kind.encode("ascii")
