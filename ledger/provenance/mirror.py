"""A log as somebody follows it: every entry read, hashed into the tree and compared with the checkpoint.

Of each entry eight bytes stay, the beginning of its tag, so that chains are looked for without reading the log again.
Adding the new entries to the right edge that was verified before and meeting the new root proves more than a
consistency proof does: the log only grew, and it serves what it signed.
"""

import sys
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ledger.entries import DOMAIN, ENTRY_SIZE, HASH_SIZE
from ledger.evidence.tree import joint_proof, verify_joint
from ledger.formats.checkpoints import Checkpoint
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogForked
from ledger.tree.frontier import EMPTY, Frontier
from ledger.tree.merkle import ProofInvalid, leaf_hash, leaf_hashes
from ledger.tree.tiles import ENTRIES, WIDTH, Fetch, Tile, TileReader, parse_bundle

PREFIX: Final = 8
AT_ONCE: Final = 1 << 20
"""So many tags are compared with one another at once: a set of all of a large log would not fit into memory."""
_TAG: Final = len(DOMAIN)
_OPAQUE: Final = 0
"""Stands for an entry that is none of a subject's: another log's checkpoint, say."""


class Mirror:
    """What was read of one log. Not safe between threads.

    `frontier`: the right edge of the tree of what was read; `tags`: the beginning of each entry's tag.
    """

    def __init__(self, origin: str, frontier: Frontier = EMPTY, tags: "array[int] | None" = None) -> None:
        self.origin = origin
        self.frontier = frontier
        self.tags = array("Q") if tags is None else tags

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self.frontier.size

    def follow(self, checkpoint: Checkpoint, fetch: Fetch, reach: int | None = None) -> None:
        """Read on up to a checkpoint that was verified and is not smaller than what was read.

        `reach`: the size at which the log's tiles are asked for, if it has grown beyond this checkpoint. Nothing changes
        unless the entries give the root. Raises LogForked, and what the fetch and the tiles raise.
        """
        if checkpoint.origin != self.origin or checkpoint.size < self.size:
            raise LogForked(checkpoint.size, "this checkpoint is not one of what was read before")
        frontier, tags = self.frontier, array("Q")
        at = self.size
        while at < checkpoint.size:
            tile = Tile.at(ENTRIES, at // WIDTH, reach or checkpoint.size)
            begin = tile.index * WIDTH
            new = _bundle(tile, fetch)[at - begin : checkpoint.size - begin]
            frontier = frontier.extend(leaf_hashes(new))
            tags.extend(map(_prefix, new))
            at += len(new)
        if frontier.root() != checkpoint.root:
            raise LogForked(checkpoint.size, "its entries do not continue what was read before to this root")
        self.frontier = frontier
        self.tags.extend(tags)

    def forget(self, before: Frontier) -> None:
        """Go back to an edge that this mirror had before."""
        del self.tags[before.size :]
        self.frontier = before

    def places(self, tags: Collection[bytes], fetch: Fetch, reach: int | None = None) -> Mapping[bytes, Sequence[int]]:
        """Return where these tags stand, of those that stand anywhere; one pass over all entries, whatever their number.

        What the beginning of a tag finds is read again in full, and proved again: a log that serves something else now
        must not hide an entry by it. Raises LogForked, and what the fetch and the tiles raise.
        """
        wanted = {int.from_bytes(tag[:PREFIX]) for tag in tags}
        candidates = [index for index, prefix in enumerate(self.tags) if prefix in wanted]
        sought = set(tags)
        found: dict[bytes, list[int]] = {}
        for index, tag in zip(candidates, self._tags(candidates, fetch, reach), strict=True):
            if tag in sought:
                found.setdefault(tag, []).append(index)
        return found

    def _tags(self, indices: Sequence[int], fetch: Fetch, reach: int | None = None) -> list[bytes]:
        """Return the whole tags of some entries, proved against what was read before; raises LogForked."""
        reader = TileReader(reach or self.size, fetch)
        read = {index: reader.entry(index) for index in indices}
        leaves = {index: leaf_hash(entry) for index, entry in read.items()}
        try:
            verify_joint(leaves, self.size, joint_proof(indices, self.size, reader.nodes), self.frontier.root())
        except ProofInvalid as error:
            raise LogForked(self.size, "it serves other entries now than when they were read") from error
        return [_tag(read[index]) for index in indices]

    def repeated(self, since: int, fetch: Fetch) -> tuple[int, int] | None:
        """Return an entry and a later one, from `since` on, with its tag: a log gives each tag once. None: there is none.

        Their beginnings lead there, and the whole tags are compared: two that only begin alike convict nobody. Raises
        as `places`.
        """
        alike = sorted(self._alike(since))
        first: dict[bytes, int] = {}
        for index, tag in zip(alike, self._tags(alike, fetch), strict=True):
            if first.setdefault(tag, index) != index and index >= since:
                return first[tag], index
        return None

    def _alike(self, since: int) -> Iterator[int]:
        """Yield the entries whose tags begin like others', one of them from `since` on."""
        parts = (self.size - since) // AT_ONCE + 1
        for part in range(parts):
            fresh = {prefix for prefix in self.tags[since:] if prefix % parts == part and prefix != _OPAQUE}
            again = self._again(fresh, since)
            if again:
                yield from (index for index, prefix in enumerate(self.tags) if prefix in again)

    def _again(self, fresh: set[int], since: int) -> set[int]:
        """Return those of the beginnings that stand more than once."""
        seen = {prefix for prefix in self.tags[:since] if prefix in fresh}
        again: set[int] = set()
        for prefix in self.tags[since:]:
            if prefix in seen:
                again.add(prefix)
            elif prefix in fresh:
                seen.add(prefix)
        return again

    def tags_bytes(self, since: int) -> bytes:
        """Return the beginnings of the tags from `since` on as they are stored, big-endian."""
        part = self.tags[since:]
        if sys.byteorder == "little":
            part.byteswap()
        return part.tobytes()


def stored_tags(data: bytes) -> "array[int]":
    """Return the beginnings of tags out of the bytes in which they are stored."""
    tags = array("Q")
    tags.frombytes(data)
    if sys.byteorder == "little":
        tags.byteswap()
    return tags


def _bundle(tile: Tile, fetch: Fetch) -> Sequence[bytes]:
    """Read a bundle; where a partial one is gone, the beginning of the full one that has followed it.

    Source: c2sp.org/tlog-tiles, "Partial Tiles".
    """
    try:
        return parse_bundle(tile, fetch(tile.path))
    except ObjectMissing:
        if tile.width == WIDTH:
            raise
        full = replace(tile, width=WIDTH)
        return parse_bundle(full, fetch(full.path))[: tile.width]


def _prefix(entry: bytes) -> int:
    return int.from_bytes(_tag(entry)[:PREFIX])


def _tag(entry: bytes) -> bytes:
    """Return the tag of a subject's entry, no bytes for any other."""
    if len(entry) != ENTRY_SIZE or not entry.startswith(DOMAIN):
        return b""
    return entry[_TAG : _TAG + HASH_SIZE]
