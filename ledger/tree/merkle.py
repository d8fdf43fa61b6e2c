"""The Merkle tree of RFC 6962, pure: roots, proofs and their verification.

Everything is told in ranges of leaves. The tree over `[low, high)` splits at `low + k`, k the largest power of two
smaller than `high - low`. A *subtree* `[start, end)` starts at a multiple of the power of two that holds it, so that it
is either a node of the tree or what that node was when the log ended at `end`. One recursion then serves three proofs:
the inclusion of leaf i is the subtree `[i, i + 1)`, the consistency with an older tree of size m the subtree `[0, m)`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import LedgerError

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()
MAX_PROOF = 64
"""No tree of this world is deeper: its size is a 64-bit number."""

Nodes = Callable[[int, int], bytes]
"""`nodes(level, index)`: the hash over leaves `[index << level, (index + 1) << level)`, all of which exist."""


@dataclass(eq=False)
class ProofInvalid(LedgerError):
    """The proof does not prove what it is presented for."""

    code = "ledger.proof_invalid"
    zh = "账本证明不成立：{reason}"
    en = "the ledger proof does not hold: {reason}"

    reason: str


@dataclass(eq=False)
class RangeInvalid(LedgerError):
    """No such proof exists in a tree of that size."""

    code = "ledger.range_invalid"
    zh = "在大小为 {size} 的账本中不存在区间 [{start}, {end})"
    en = "a log of size {size} has no range [{start}, {end})"

    start: int
    end: int
    size: int


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf.

    Source: RFC 6962 section 2.1.
    """
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two children, 32 bytes each.

    Source: RFC 6962 section 2.1.
    """
    return sha256(b"\x01" + left + right).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the hashes of entries as leaves."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def pair_up(row: Sequence[bytes]) -> list[bytes]:
    """Return the parents of a row of nodes; one that has no sibling yet is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(row[::2], row[1::2], strict=False)]


def split(width: int) -> int:
    """Return the largest power of two smaller than `width` (at least 2)."""
    return 1 << (width - 1).bit_length() - 1


def is_subtree(start: int, end: int) -> bool:
    """Tell whether `[start, end)` is a subtree, as the top of this file defines it."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def range_root(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the hash over the leaves of a subtree that is not empty."""
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + split(width)
    return node_hash(range_root(start, middle, nodes), range_root(middle, end, nodes))


def tree_root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the whole tree.

    Source: RFC 6962 section 2.1.
    """
    return range_root(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the path from leaf `index` to the root of a tree of `size`, the leaf's sibling first.

    Raises RangeInvalid if the leaf is not in the tree.
    Source: RFC 6962 section 2.1.1.
    """
    return subtree_proof(index, index + 1, size, nodes)


def consistency_proof(old: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that the tree of `size` continues the tree of size `old`, at least 1.

    Raises RangeInvalid.
    Source: RFC 6962 section 2.1.2.
    """
    return subtree_proof(0, old, size, nodes)


def subtree_proof(start: int, end: int, size: int, nodes: Nodes) -> tuple[bytes, ...]:
    """Return the proof that the subtree `[start, end)` is part of the tree of `size`; raises RangeInvalid."""
    if not is_subtree(start, end) or end > size:
        raise RangeInvalid(start=start, end=end, size=size)
    return tuple(_path(start, end, 0, size, nodes, known=True))


def _path(start: int, end: int, low: int, high: int, nodes: Nodes, *, known: bool) -> Iterator[bytes]:
    """Yield the proof within `[low, high)`, lowest first; `known`: the verifier holds the subtree's root already."""
    if (start, end) == (low, high):
        if not known:
            yield range_root(low, high, nodes)
        return
    middle = low + split(high - low)
    if end <= middle:
        yield from _path(start, end, low, middle, nodes, known=known)
        yield range_root(middle, high, nodes)
    else:
        # Either the subtree lies to the right, or it begins here (start == low) and ends inside the right half.
        yield from _path(max(start, middle), end, middle, high, nodes, known=known and start >= middle)
        yield range_root(low, middle, nodes)


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash stands at `index` in the tree of `size` with this root; raises ProofInvalid.

    Source: RFC 6962 section 2.1.1.
    """
    if len(leaf) != HASH_SIZE:
        raise ProofInvalid(reason="the leaf is no SHA-256 hash")
    verify_subtree(index, index + 1, size, leaf, proof, root)


def verify_consistency(old: int, size: int, proof: Sequence[bytes], old_root: bytes, root: bytes) -> None:
    """Check that the tree of `size` continues the tree of size `old`; raises ProofInvalid.

    Every tree continues the empty one, so a proof from size 0 would prove nothing and is refused.
    Source: RFC 6962 section 2.1.2.
    """
    verify_subtree(0, old, size, old_root, proof, root)


def verify_subtree(start: int, end: int, size: int, subtree: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the subtree `[start, end)` with this hash is part of the tree of `size`; raises ProofInvalid."""
    # Without this check a proof for index + 2^k, beyond the tree, would pass for the leaf at index.
    if not is_subtree(start, end) or end > size:
        raise ProofInvalid(reason=f"[{start}, {end}) is no subtree of a tree of size {size}")
    if len(proof) > MAX_PROOF or any(len(part) != HASH_SIZE for part in proof):
        raise ProofInvalid(reason="it is not made of SHA-256 hashes")
    stack = list(proof)
    found_subtree, found_root = _roots(start, end, 0, size, stack, subtree)
    if stack:
        raise ProofInvalid(reason="it is too long")
    if found_subtree != subtree or found_root != root:
        raise ProofInvalid(reason="it does not lead to the root")


def _roots(start: int, end: int, low: int, high: int, proof: list[bytes], known: bytes | None) -> tuple[bytes, bytes]:
    """Return the hashes of the subtree and of `[low, high)`, taking the proof from its end, which is the top."""
    if (start, end) == (low, high):
        found = _take(proof) if known is None else known
        return found, found
    middle = low + split(high - low)
    sibling = _take(proof)
    if end <= middle:
        part, whole = _roots(start, end, low, middle, proof, known)
        return part, node_hash(whole, sibling)
    if start >= middle:
        part, whole = _roots(start, end, middle, high, proof, known)
        return part, node_hash(sibling, whole)
    part, whole = _roots(middle, end, middle, high, proof, None)
    return node_hash(sibling, part), node_hash(sibling, whole)


def _take(proof: list[bytes]) -> bytes:
    if not proof:
        raise ProofInvalid(reason="it is too short")
    return proof.pop()
