"""A log out of its checkpoint and tiles alone: its entries, and proofs for any index and any pair of sizes."""

from dataclasses import dataclass
from typing import Self

from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import Vkey
from ledger.formats.tlog_proof import TlogProof
from ledger.log.served import CHECKPOINT
from ledger.tree import merkle
from ledger.tree.merkle import EMPTY_ROOT, ProofInvalid
from ledger.tree.tiles import Fetch, TileCache, TileReader


@dataclass(frozen=True, slots=True)
class LogReader:
    """A log as one of its checkpoints tells it.

    `note`: the checkpoint, verbatim, that was verified; `cache`: shared with other readers of the same log.
    """

    note: str
    checkpoint: Checkpoint
    fetch: Fetch
    cache: TileCache | None = None

    @classmethod
    def open(cls, fetch: Fetch, vkey: Vkey, cache: TileCache | None = None) -> Self:
        """Read and verify the checkpoint that is published now; `vkey` bears the log's origin as its name.

        Raises NoteUnreadable, NoteUntrusted, NoteSignatureInvalid, ObjectMissing before the first checkpoint, and what
        the fetch raises.
        """
        note = fetch(CHECKPOINT).decode(errors="replace")
        return cls(note, Checkpoint.open(note, {vkey.name: vkey}), fetch, cache)

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.checkpoint.size

    def tiles(self, size: int | None = None) -> TileReader:
        """Return a fresh reader of the tree as it is, or as it was at a size."""
        return TileReader(self.size if size is None else size, self.fetch, self.cache)

    def entry(self, index: int) -> bytes:
        """Return an entry that is proved to stand at its index; raises as `inclusion`."""
        if not 0 <= index < self.size:
            raise merkle.RangeInvalid(start=index, end=index + 1, size=self.size)
        tiles = self.tiles()
        entry = tiles.entry(index)
        self._prove(index, entry, tiles)
        return entry

    def inclusion(self, index: int, extra: bytes | None = None) -> TlogProof:
        """Return the proof that the log contains what stands at an index, under this checkpoint.

        `extra`: what is to be carried along. Raises RangeInvalid, FatalLedgerError if the tiles do not prove it, and what
        the tiles and the fetch raise.
        """
        if not 0 <= index < self.size:
            raise merkle.RangeInvalid(start=index, end=index + 1, size=self.size)
        tiles = self.tiles()
        leaf = tiles.nodes(0, index)
        hashes = self._hashes(index, leaf, tiles)
        return TlogProof(index=index, hashes=hashes, checkpoint=self.note, extra=extra)

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """Return the proof that the log of size `new`, default all, continues the log of size `old`, at least 1.

        Both are compared with this checkpoint. Raises as `inclusion`.
        """
        new = self.size if new is None else new
        if not 0 < old <= new <= self.size:
            raise merkle.RangeInvalid(start=old, end=new, size=self.size)
        tiles = self.tiles()
        proof = merkle.consistency_proof(old, new, tiles.nodes)
        for size in {old, new}:
            to_whole = merkle.consistency_proof(size, self.size, tiles.nodes)
            try:
                merkle.verify_consistency(size, self.size, to_whole, self.root(size), self.checkpoint.root)
            except ProofInvalid as error:
                raise FatalLedgerError(reason=f"the tiles do not continue the log of size {size}") from error
        return proof

    def root(self, size: int) -> bytes:
        """Return the root that the log had at a size up to this checkpoint's, out of its tiles."""
        return self.tiles().root_at(size) if size else EMPTY_ROOT

    def _prove(self, index: int, entry: bytes, tiles: TileReader) -> tuple[bytes, ...]:
        return self._hashes(index, merkle.leaf_hash(entry), tiles)

    def _hashes(self, index: int, leaf: bytes, tiles: TileReader) -> tuple[bytes, ...]:
        hashes = merkle.inclusion_proof(index, self.size, tiles.nodes)
        try:
            merkle.verify_inclusion(index, self.size, leaf, hashes, self.checkpoint.root)
        except ProofInvalid as error:
            raise FatalLedgerError(reason=f"the tiles do not prove entry {index}") from error
        return hashes
