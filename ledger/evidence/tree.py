"""One proof for many entries of a tree: the hashes that several inclusion proofs would have in common stand once.

The tree over `[low, high)` is walked from left to right. A range without any wanted leaf gives its root, a wanted leaf
gives nothing (the verifier has it), and every other range is the node over its two halves: for one leaf this is the
inclusion proof of RFC 6962 in another order, for a thousand neighbours it is hardly longer than for one.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence

from ledger.tree.merkle import HASH_SIZE, Nodes, ProofInvalid, RangeInvalid, node_hash, range_root, split


def joint_proof(indices: Collection[int], size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the hashes that lead from these leaves together to the root of a tree of `size`; empty for no leaves.

    Raises RangeInvalid for a leaf that is not in the tree.
    """
    wanted = sorted(set(indices))
    if not wanted:
        return ()
    if wanted[0] < 0 or wanted[-1] >= size:
        raise RangeInvalid(start=wanted[0], end=wanted[-1] + 1, size=size)
    return tuple(_hashes(wanted, 0, size, nodes))


def _hashes(wanted: Sequence[int], low: int, high: int, nodes: Nodes) -> Iterator[bytes]:
    if not wanted:
        yield range_root(low, high, nodes)
    elif high - low > 1:
        middle = low + split(high - low)
        cut = bisect_left(wanted, middle)
        yield from _hashes(wanted[:cut], low, middle, nodes)
        yield from _hashes(wanted[cut:], middle, high, nodes)


def verify_joint(leaves: Mapping[int, bytes], size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hashes stand at their indices in the tree of `size` with this root; raises ProofInvalid.

    No leaves and no proof prove nothing, and pass.
    """
    if any(len(part) != HASH_SIZE for part in (*proof, *leaves.values())):
        raise ProofInvalid(reason="it is not made of SHA-256 hashes")
    wanted = sorted(leaves)
    if not wanted:
        if proof:
            raise ProofInvalid(reason="it is too long")
        return
    # An index beyond the tree would fall into the rightmost leaf.
    if wanted[0] < 0 or wanted[-1] >= size:
        raise ProofInvalid(reason=f"an entry stands outside of a tree of size {size}")
    rest = iter(proof)
    found = _root(wanted, 0, size, leaves, rest)
    if next(rest, None) is not None:
        raise ProofInvalid(reason="it is too long")
    if found != root:
        raise ProofInvalid(reason="it does not lead to the root")


def _root(wanted: Sequence[int], low: int, high: int, leaves: Mapping[int, bytes], rest: Iterator[bytes]) -> bytes:
    if not wanted:
        found = next(rest, None)
        if found is None:
            raise ProofInvalid(reason="it is too short")
        return found
    if high - low == 1:
        return leaves[low]
    middle = low + split(high - low)
    cut = bisect_left(wanted, middle)
    left = _root(wanted[:cut], low, middle, leaves, rest)
    return node_hash(left, _root(wanted[cut:], middle, high, leaves, rest))
