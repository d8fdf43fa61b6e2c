"""Trees of any size without their leaves: almost all entries are alike, so that a node is worked out in a few steps."""

from functools import cache

from ledger.tree.merkle import leaf_hash, node_hash


@cache
def plain(level: int) -> bytes:
    """The node of a level below which all entries are alike."""
    return leaf_hash(b"alike") if level == 0 else node_hash(plain(level - 1), plain(level - 1))


class Tree:
    """Nodes of a tree in which the entries at `special` are all different from one another."""

    def __init__(self, special: frozenset[int]) -> None:
        self._special = special

    def nodes(self, level: int, index: int) -> bytes:
        low, high = index << level, (index + 1) << level
        if not any(low <= at < high for at in self._special):
            return plain(level)
        if level == 0:
            return leaf_hash(f"entry {index}".encode())
        return node_hash(self.nodes(level - 1, 2 * index), self.nodes(level - 1, 2 * index + 1))
