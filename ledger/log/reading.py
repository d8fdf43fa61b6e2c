"""What the log answers: the proof of an event, the checkpoint, and the objects served below /log/."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy.orm import Session

from ledger import entries, envelope, store, subjects
from ledger.entries import Opening
from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote
from ledger.formats.tlog_proof import TlogProof, VerifiedEntry, verify_proof
from ledger.log.served import LogObject, LogPathUnknown, log_object, read_checkpoint, tile_fetch
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.signing import KeyWrapper
from ledger.subject_keys import SubjectKeys
from ledger.tree.merkle import ProofInvalid, inclusion_proof, leaf_hash, verify_inclusion
from ledger.tree.tiles import TileReader

__all__ = [
    "LogObject",
    "LogPathUnknown",
    "TlogProof",
    "VerifiedEntry",
    "inclusion",
    "inclusions",
    "log_object",
    "promised_by",
    "read_checkpoint",
    "verify_proof",
]


def inclusion(session: Session, objects: ObjectStore, wrapper: KeyWrapper, event_id: str) -> TlogProof | None:
    """Return the proof that the published log contains an event, None while it is pending or unknown.

    Raises as `inclusions`.
    """
    return inclusions(session, objects, wrapper, [event_id]).get(event_id)


def promised_by(session: Session, event_id: str) -> datetime:
    """Return by when the published log has promised to contain an event; raises FatalLedgerError if there is none."""
    deadline = store.deadline(session, event_id)
    if deadline is None:
        raise FatalLedgerError(reason=f"the event {event_id} is gone")
    return deadline


def inclusions(
    session: Session, objects: ObjectStore, wrapper: KeyWrapper, event_ids: Collection[str]
) -> dict[str, TlogProof]:
    """Return the proofs of those events that the published log contains; every tile is read once.

    Raises SubjectErased, and FatalLedgerError if the log does not contain what the database says.
    """
    try:
        note = read_checkpoint(objects)
    except ObjectMissing:
        return {}  # nothing is published yet
    checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
    placed = store.placed_events(session, event_ids, checkpoint.size)
    keys = subjects.open_subjects(session, wrapper, {event.subject for event in placed})
    reader = TileReader(checkpoint.size, tile_fetch(objects))
    return {event.id: _prove(event, keys[event.subject], reader, checkpoint, note) for event in placed}


def _prove(
    event: store.PlacedEvent, keys: SubjectKeys, reader: TileReader, checkpoint: Checkpoint, note: str
) -> TlogProof:
    index, leaf = event.place.index, leaf_hash(event.place.entry)
    proof = inclusion_proof(index, checkpoint.size, reader.nodes)
    opening = _open(event, keys)
    try:
        verify_inclusion(index, checkpoint.size, leaf, proof, checkpoint.root)
    except ProofInvalid as error:
        raise FatalLedgerError(reason=f"the tiles do not prove entry {index}") from error
    if opening.entry != event.place.entry:
        raise FatalLedgerError(reason=f"the event of entry {index} is not the one it commits to")
    return TlogProof(index=index, hashes=proof, checkpoint=note, extra=opening.to_bytes())


def _open(event: store.PlacedEvent, keys: SubjectKeys) -> Opening:
    link = entries.link_digest(
        entries.link_salt(keys.salt, event.id), event.subject, event.place.seq, event.place.previous
    )
    return Opening(
        tag=event.place.tag,
        body=envelope.decrypt(keys.event, event.body, event.id.encode()),
        body_salt=entries.body_salt(keys.salt, event.id),
        link_digest=link,
    )
