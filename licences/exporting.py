"""Many licences taken out at once: the sealed page, the signed JSON and the proof of each."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ledger.log.reading import inclusions
from ledger.objects.objects import ObjectStore
from ledger.signing import KeyWrapper
from ledger.subject_keys import SubjectKeys
from ledger.subjects import SubjectErased, open_subjects
from licences.documents import ORIGINAL, open_document
from licences.store import exporting
from licences.store.exporting import Issued

PAGE: Final = 128
_READERS: Final = 4


@dataclass(frozen=True, slots=True)
class LicenceFiles:
    """One licence. name: of its files, the serial. proof: a `.tlog-proof`, None while the sequencer has not come."""

    identifier: str
    name: str
    pdf: bytes = field(repr=False)
    json: bytes = field(repr=False)
    proof: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """A licence that was taken out."""

    identifier: str
    name: str
    proved: bool


def export(
    sessions: Callable[[], AbstractContextManager[Session]],
    objects: ObjectStore,
    wrapper: KeyWrapper,
    take: Callable[[LicenceFiles], None],
    only: Sequence[str] | None = None,
) -> Iterator[Taken]:
    """Hand every licence in force to `take`, on several threads, and yield what was taken, a page at a time.

    only: the identifiers wanted. Licences that were erased are passed over: they have no files any more.
    Raises ObjectMissing, EnvelopeInvalid, FatalLedgerError, and what `take` raises.
    """
    after = ""
    with ThreadPoolExecutor(_READERS, thread_name_prefix="export") as pool:
        while True:
            with sessions() as session:
                licences = exporting.page(session, ORIGINAL, after, PAGE, only)
                if not licences:
                    return
                keys = _keys(session, wrapper, licences)
                left = [licence for licence in licences if licence.licence_id in keys]
                proofs = inclusions(session, objects, wrapper, [licence.event_id for licence in left])
            texts = {event: proof.text for event, proof in proofs.items()}
            hand_over = partial(_hand_over, objects, keys, texts, take)
            yield from pool.map(hand_over, left)
            after = licences[-1].identifier


def _keys(session: Session, wrapper: KeyWrapper, licences: Sequence[Issued]) -> dict[UUID, SubjectKeys]:
    """Return the keys of those licences that were not erased."""
    wanted = {licence.licence_id for licence in licences}
    while True:
        try:
            return open_subjects(session, wrapper, wanted)
        except SubjectErased as error:
            wanted.remove(error.subject)


def _hand_over(
    objects: ObjectStore,
    keys: dict[UUID, SubjectKeys],
    proofs: dict[str, str],
    take: Callable[[LicenceFiles], None],
    licence: Issued,
) -> Taken:
    pdf, json = (
        open_document(objects.get(licence.object_keys[kind]), kind, licence.version_id, keys[licence.licence_id])
        for kind in ("pdf", "json")
    )
    # A serial names a licence through all its versions, and the first one is the usual one.
    name = licence.serial if licence.version == 1 else f"{licence.serial}-{licence.version:03}"
    proof = proofs.get(licence.event_id)
    take(LicenceFiles(licence.identifier, name, pdf, json, proof))
    return Taken(licence.identifier, name, proof is not None)
