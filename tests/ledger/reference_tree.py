"""The definitions of RFC 6962 section 2.1, word by word over lists of leaf hashes: slow, and plainly right."""

from collections.abc import Sequence
from hashlib import sha256

from ledger.tree.merkle import Nodes


def largest_power_below(width: int) -> int:
    power = 1
    while power * 2 < width:
        power *= 2
    return power


def mth(leaves: Sequence[bytes]) -> bytes:
    """MTH(D[n]), the leaves hashed already."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """PROOF(m, D[n]), which is SUBPROOF(m, D[n], true)."""
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*proof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*proof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """The nodes of a tree, each computed by its definition."""

    def nodes(level: int, index: int) -> bytes:
        covered = leaves[index << level : (index + 1) << level]
        assert len(covered) == 1 << level, "an incomplete node was asked for"
        return mth(covered)

    return nodes
