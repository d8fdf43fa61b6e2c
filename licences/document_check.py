"""Every stored document held against the register and the ledger: it is there, it is whole, and it is the one that was logged."""

import hashlib
from collections.abc import Callable, Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.envelope import EnvelopeInvalid, decrypt
from ledger.formats import canonical
from ledger.formats.canonical import NotCanonical
from ledger.fsck.findings import Report
from ledger.log.log import Sessions
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.signing import KeyWrapper
from ledger.store.checking import erased_tag_keys
from ledger.subjects import SubjectErased, SubjectKeys, open_subjects
from licences.document_sweeping import FOLDER, in_chunks
from licences.documents import open_document, sha256_text
from licences.store import checking
from licences.store.checking import CheckedDocument

_CHUNK: Final = 500


def check_documents(
    sessions: Sessions, objects: ObjectStore, wrapper: KeyWrapper, progress: Callable[[int], None]
) -> Report:
    """Read every document, open it, and compare its digests with the register's and the logged one.

    What lies in the store and belongs to no document is counted: a crash leaves such objects, and work in hand has some.
    progress: told how many documents were looked at. Raises what database, store and keys raise.
    """
    report = Report()
    place = checking.FIRST
    while True:
        with sessions() as session:
            found = checking.documents_after(session, place, _CHUNK)
            keys = _keys(session, wrapper, {document.licence_id for document in found})
        if not found:
            break
        for document in found:
            # After an erasure nothing opens, and nothing needs to lie there any more.
            if document.licence_id not in keys:
                report.count("erased documents")
            else:
                _check(document, objects, keys[document.licence_id], report)
        progress(len(found))
        place = found[-1].place
    _count_strangers(sessions, objects, report)
    return report


def _keys(session: Session, wrapper: KeyWrapper, licences: Collection[UUID]) -> Mapping[UUID, SubjectKeys]:
    """Return the keys of those licences that were not erased."""
    try:
        return open_subjects(session, wrapper, set(licences) - set(erased_tag_keys(session, licences)))
    except SubjectErased:
        return _keys(session, wrapper, licences)  # a moment ago: now it is told


def _check(document: CheckedDocument, objects: ObjectStore, keys: SubjectKeys, report: Report) -> None:
    report.count("documents")
    version, kind, _, _ = document.place
    name = f"{document.identifier} {kind}"
    try:
        ciphertext = objects.get(document.object_key)
    except ObjectMissing:
        report.find("document.missing", name)
        return
    try:
        data = open_document(ciphertext, kind, version, keys)
    except EnvelopeInvalid:
        report.find("document.damaged", name)
        return
    whole = hashlib.sha256(ciphertext).hexdigest() == document.object_key.rpartition("/")[2]
    if not whole or sha256_text(data) != document.sha256:
        report.find("document.damaged", name)
    if document.expected is not None and document.digest != document.expected:
        report.find("document.differs", name)
    if document.logged and _logged(document, keys) != document.digest:
        report.find("document.unlogged", name)


def _logged(document: CheckedDocument, keys: SubjectKeys) -> object:
    """Return the digest that the issued event names."""
    if document.event is None or document.body is None:
        return None
    try:
        event = canonical.loads(decrypt(keys.event, document.body, document.event.encode()))
    except (EnvelopeInvalid, NotCanonical):
        return None
    detail = event.get("detail") if isinstance(event, dict) else None
    return detail.get(document.place[1]) if isinstance(detail, dict) else None


def _count_strangers(sessions: Sessions, objects: ObjectStore, report: Report) -> None:
    for keys in in_chunks(objects.keys(FOLDER)):
        with sessions() as session:
            report.count("unreferenced objects", len(set(keys) - checking.known_objects(session, keys)))
