"""The right edge of a growing tree: all that is needed to append leaves and to know the root."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from ledger.errors import FatalLedgerError
from ledger.tree.merkle import EMPTY_ROOT, HASH_SIZE, Nodes, node_hash, pair_up


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the complete subtrees that make up a tree, largest first: one for each 1 bit of its size."""

    size: int
    hashes: tuple[bytes, ...]

    @classmethod
    def of(cls, size: int, data: bytes) -> Self:
        """Read the edge as it is stored; raises FatalLedgerError if it does not fit the size."""
        if size < 0 or len(data) != size.bit_count() * HASH_SIZE:
            raise FatalLedgerError(reason=f"the stored edge of the tree does not fit its size {size}")
        return cls(size, tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)))

    @classmethod
    def at(cls, size: int, nodes: Nodes) -> Self:
        """Return the edge that a tree had at a size, out of its nodes."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return cls(size, tuple(nodes(level, (size >> level) - 1) for level in levels))

    def to_bytes(self) -> bytes:
        """Return the hashes one after the other, as they are stored."""
        return b"".join(self.hashes)

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the edge after these leaf hashes."""
        row, edge, left, size = list(leaves), [], list(self.hashes), self.size
        grown = size + len(row)
        # Level by level: what stood alone at the edge meets the first of the row, the last one may stand alone now.
        while row or size:
            if size & 1:
                row.insert(0, left.pop())
            if len(row) & 1:
                edge.append(row.pop())
            row, size = pair_up(row), size >> 1
        return Frontier(grown, tuple(reversed(edge)))

    def root(self) -> bytes:
        """Return the root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        *rest, found = self.hashes
        for left in reversed(rest):
            found = node_hash(left, found)
        return found


EMPTY = Frontier(0, ())
