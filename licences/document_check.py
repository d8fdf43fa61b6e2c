"""Every stored document held against the register and the ledger: it is there, it is whole, and it is the one that was logged."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from ledger import canonical
from ledger.canonical import NotCanonical
from ledger.envelope import EnvelopeInvalid, decrypt
from ledger.fsck_findings import Report
from ledger.log import Sessions
from ledger.objects import ObjectMissing, ObjectStore
from ledger.signing import KeyWrapper
from ledger.store.checking import erased_tag_keys
from ledger.subjects import SubjectKeys, open_subjects
from licences.documents import open_document, sha256_text
from licences.store import checking
from licences.store.checking import CheckedDocument

_CHUNK: Final = 500
_FOLDER: Final = "documents/"


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
            licences = {document.licence_id for document in found}
            erased = set(erased_tag_keys(session, licences))
            keys = open_subjects(session, wrapper, licences - erased)
        if not found:
            break
        for document in found:
            # After an erasure nothing opens, and nothing needs to lie there any more.
            if document.licence_id in erased:
                report.count("erased documents")
            else:
                _check(document, objects, keys[document.licence_id], report)
        progress(len(found))
        place = found[-1].place
    _count_strangers(sessions, objects, report)
    return report


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
    for keys in _chunks(objects.keys(_FOLDER)):
        with sessions() as session:
            report.count("unreferenced objects", len(set(keys) - checking.known_objects(session, keys)))


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(keys)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
