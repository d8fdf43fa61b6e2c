"""The log as the chain is compared with it: the published checkpoint, and what its tiles say of other sizes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.log.served import CHECKPOINT
from ledger.objects.objects import ObjectMissing
from ledger.tree.merkle import ProofInvalid, consistency_proof, tree_root, verify_consistency
from ledger.tree.tiles import Fetch, TileInvalid, TileReader


class PublishedLog:
    """A published checkpoint with the tiles behind it. Nothing of the tiles is believed before a root was compared."""

    def __init__(self, checkpoint: Checkpoint, fetch: Fetch) -> None:
        self.checkpoint = checkpoint
        self._reader = TileReader(checkpoint.size, fetch)

    @classmethod
    def read(cls, fetch: Fetch, vkey: Vkey) -> Self | None:
        """Return the log as it is published, None before its first checkpoint.

        fetch: returns an object of the log, `checkpoint` or `tile/…`. Raises what it raises, and FatalLedgerError if the
        checkpoint is not one that its key has signed.
        """
        try:
            note = fetch(CHECKPOINT).decode(errors="replace")
            return cls(Checkpoint.open(note, {vkey.name: vkey}), fetch)
        except ObjectMissing:
            return None
        except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid) as error:
            raise FatalLedgerError(reason="the published checkpoint is not one of this log") from error

    def holds(self, size: int, root: bytes) -> bool:
        """Tell whether the log had this root (32 bytes) when it had `size` entries, at least 1.

        Raises FatalLedgerError if the tiles are not those of the checkpoint, which is another matter than a fork.
        """
        checkpoint = self.checkpoint
        if size > checkpoint.size:
            return False
        proof = () if size == checkpoint.size else self.proof(size, checkpoint.size)
        if same_log(size, root, checkpoint.size, checkpoint.root, proof):
            return True
        self.require_sound(size, checkpoint.size)
        return False

    def require_sound(self, old: int, new: int) -> None:
        """Raise FatalLedgerError unless the tiles prove of both sizes, at least 1, how the log's own checkpoint holds them.

        Asked before a root is called another log's: a damaged tile gives wrong proofs, too. What passes here gives the
        proof between the two sizes and no other.
        """
        ends = {size: self.root_at(size) for size in (old, new)} | {self.checkpoint.size: self.checkpoint.root}
        pairs = pairwise(sorted(ends))
        if self.root_at(self.checkpoint.size) != self.checkpoint.root or not all(
            same_log(low, ends[low], high, ends[high], self.proof(low, high)) for low, high in pairs
        ):
            raise FatalLedgerError(reason="the tiles do not give the root of the published checkpoint")

    def root_at(self, size: int) -> bytes:
        """Return the root that the tiles give a smaller tree; raises FatalLedgerError if a tile is not there."""
        try:
            return tree_root(size, self._reader.nodes)
        except (ObjectMissing, TileInvalid) as error:
            raise FatalLedgerError(reason="a tile of the published log is missing or damaged") from error

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the proof that the tree of size `new` continues that of size `old`, at least 1; raises FatalLedgerError."""
        try:
            return consistency_proof(old, new, self._reader.nodes)
        except (ObjectMissing, TileInvalid) as error:
            raise FatalLedgerError(reason="a tile of the published log is missing or damaged") from error


def same_log(size: int, root: bytes, other_size: int, other_root: bytes, proof: Sequence[bytes]) -> bool:
    """Tell whether two states, each of at least one entry, are of one log that only grew; the proof goes between them.

    Source: RFC 6962 section 2.1.2.
    """
    (old, old_root), (new, new_root) = sorted([(size, root), (other_size, other_root)])
    if old == new:
        return old_root == new_root and not proof
    try:
        verify_consistency(old, new, proof, old_root, new_root)
    except ProofInvalid:
        return False
    return True
