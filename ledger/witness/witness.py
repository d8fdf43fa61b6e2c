"""A witness (c2sp.org/tlog-witness): cosigns a checkpoint of a log that it watches if it continues the one before.

Having nothing but a key and the latest checkpoint of each log, a witness makes it impossible to show one history to some
and another to others, as long as both sides ask it. It looks at no entry and learns nothing of what is logged.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import CosignatureRefused, Cosigner, LogKey
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, SignedNote
from ledger.tree.merkle import ProofInvalid, verify_consistency
from ledger.witness.errors import (
    WitnessConflict,
    WitnessFork,
    WitnessLogUnsigned,
    WitnessOriginUnknown,
    WitnessProofInvalid,
    WitnessRefusal,
    WitnessRequestUnreadable,
    WitnessUnable,
)
from ledger.witness.protocol import TEXT_TYPE, AddCheckpoint, Answer, refusal
from ledger.witness.store import Fork, Latest, WitnessStore

_LOG: Final = logging.getLogger(__name__)
_WAITED: Final = timedelta(seconds=15)
"""More than any request waits for the store."""


class Witness:
    """A witness with one or more keys; any number of threads and processes may share its store."""

    def __init__(self, store: WitnessStore, *cosigners: Cosigner) -> None:
        self._store = store
        self._cosigners = cosigners

    def add_checkpoint(self, body: bytes, now: datetime) -> str:
        """Cosign the checkpoint of a request; return the signature lines. Raises the errors of WitnessRefusal.

        The checkpoint is on the disk before this returns.
        Source: c2sp.org/tlog-witness, "add-checkpoint".
        """
        request = AddCheckpoint.parse(body)
        signed, checkpoint = _read(request.note)
        # Before anybody is kept waiting: strangers get no further.
        with self._store.reading() as memory:
            keys = memory.keys(checkpoint.origin)
        note = _signed_by(keys, signed)
        # One step: a request for a larger tree must not be overtaken by one for a smaller.
        with self._store.exclusive() as memory:
            latest = memory.latest(checkpoint.origin)
            fork = _check(request, checkpoint, latest)
            if fork is None:
                at = _moment(now, latest)
                lines = self._cosign(checkpoint, at)
                kept = Latest(checkpoint.size, checkpoint.root, note, lines, int(at.timestamp()))
                memory.keep(checkpoint.origin, kept)
            else:
                memory.keep_fork(Fork(checkpoint.origin, checkpoint.size, latest.cosigned, note, now))
        if fork is not None:
            _LOG.critical("the log %s has signed two roots for size %d", checkpoint.origin, checkpoint.size)
            raise fork
        return lines

    def answer(self, body: bytes, now: datetime) -> Answer:
        """Answer a request, whatever is in it."""
        try:
            return Answer(200, TEXT_TYPE, self.add_checkpoint(body, now).encode())
        except WitnessRefusal as error:
            return refusal(error)

    def latest_note(self, origin: str) -> str:
        """Return the latest checkpoint of a log as it was cosigned; raises WitnessOriginUnknown while there is none."""
        with self._store.reading() as memory:
            note = memory.latest(origin).cosigned if memory.keys(origin) else ""
        if not note:
            raise WitnessOriginUnknown
        return note

    def _cosign(self, checkpoint: Checkpoint, at: datetime) -> str:
        try:
            return "".join(cosigner.cosign(checkpoint, at) for cosigner in self._cosigners)
        except CosignatureRefused as error:
            raise WitnessRequestUnreadable(reason=error.reason) from error


def _moment(now: datetime, latest: Latest) -> datetime:
    """Return the time to cosign at; raises WitnessUnable with a clock that went back.

    A cosignature says "this is the largest that I had seen at that time": at an earlier time it would contradict the one
    before. `now` was taken before the store was waited for, and another request may have been served meanwhile.
    """
    at = max(now, datetime.fromtimestamp(latest.cosigned_at, UTC))
    if at - now > _WAITED:
        raise WitnessUnable(reason="its clock shows a time before that of its latest cosignature")
    return at


def _read(note: str) -> tuple[SignedNote, Checkpoint]:
    try:
        signed = SignedNote.parse(note)
        return signed, Checkpoint.parse(signed.text)
    except NoteUnreadable as error:
        raise WitnessRequestUnreadable(reason=error.reason) from error


def _signed_by(keys: tuple[LogKey, ...], signed: SignedNote) -> str:
    """Return the note with no signatures but the log's own; raises WitnessOriginUnknown and WitnessLogUnsigned."""
    if not keys:
        raise WitnessOriginUnknown
    try:
        own = {(key.name, key.id) for key in signed.verify(keys)}
    except (NoteUntrusted, NoteSignatureInvalid) as error:
        raise WitnessLogUnsigned from error
    # Lines of others are not kept: who sends them could fill our store with anything.
    lines = dict.fromkeys(line.line for line in signed.signatures if (line.name, line.key_id) in own)
    return f"{signed.text}\n{''.join(lines)}"


def _check(request: AddCheckpoint, checkpoint: Checkpoint, latest: Latest) -> WitnessFork | None:
    """Check that the checkpoint continues the latest one, in the order of the specification.

    A fork is told, not raised: it is to be kept. Raises WitnessRequestUnreadable, WitnessConflict, WitnessProofInvalid.
    """
    if request.old > checkpoint.size:
        raise WitnessRequestUnreadable(reason="the old size is larger than the checkpoint's")
    # Wherever the request starts from, the log has signed it; the status is that of a conflict either way.
    if checkpoint.size == latest.size and checkpoint.root != latest.root:
        return WitnessFork(size=latest.size)
    if request.old != latest.size:
        raise WitnessConflict(size=latest.size)
    if not request.old:
        # Every tree continues the empty one: there is nothing to prove, and nothing must pretend to.
        if request.proof:
            raise WitnessProofInvalid(reason="from size 0 there is none")
        return None
    try:
        verify_consistency(request.old, checkpoint.size, request.proof, latest.root, checkpoint.root)
    except ProofInvalid as error:
        raise WitnessProofInvalid(reason=error.reason) from error
    return None
