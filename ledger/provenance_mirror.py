"""A log as somebody follows it: every entry read, hashed into the tree and compared with the checkpoint.

Of each entry eight bytes stay, the beginning of its tag, so that chains are looked for without reading the log again.
Adding the new entries to the right edge that was verified before and meeting the new root proves more than a
consistency proof does: the log only grew, and it serves what it signed.
"""

import sys
from array import array
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ledger.checkpoints import Checkpoint
from ledger.entries import DOMAIN, ENTRY_SIZE, HASH_SIZE
from ledger.frontier import EMPTY, Frontier
from ledger.merkle import leaf_hashes
from ledger.provenance_errors import LogForked
from ledger.tiles import ENTRIES, WIDTH, Fetch, Tile, TileReader, parse_bundle

PREFIX: Final = 8
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
            new = parse_bundle(tile, fetch(tile.path))[at - begin : checkpoint.size - begin]
            frontier = frontier.extend(leaf_hashes(new))
            tags.extend(map(_prefix, new))
            at += len(new)
        if frontier.root() != checkpoint.root:
            raise LogForked(checkpoint.size, "its entries do not continue what was read before to this root")
        self.frontier = frontier
        self.tags.extend(tags)

    def places(self, tags: Collection[bytes], fetch: Fetch, reach: int | None = None) -> Mapping[bytes, Sequence[int]]:
        """Return where these tags stand, of those that stand anywhere; one pass over all entries, whatever their number.

        What the beginning of a tag finds is read again in full.
        """
        wanted = {int.from_bytes(tag[:PREFIX]) for tag in tags}
        candidates = [index for index, prefix in enumerate(self.tags) if prefix in wanted]
        reader = TileReader(reach or self.size, fetch)
        sought = set(tags)
        found: dict[bytes, list[int]] = {}
        for index in candidates:
            tag = _tag(reader.entry(index))
            if tag in sought:
                found.setdefault(tag, []).append(index)
        return found

    def twice(self, since: int) -> list[int]:
        """Return the entries from `since` on whose tag may have stood before: a log gives each tag once.

        By the first eight bytes: among ten million entries two that are alike by chance are not to be expected.
        """
        fresh = self.tags[since:]
        seen = set(fresh)
        seen.discard(_OPAQUE)
        before = {prefix for prefix in self.tags[:since] if prefix in seen} if seen else set()
        repeated = []
        for offset, prefix in enumerate(fresh):
            if prefix in before:
                repeated.append(since + offset)
            elif prefix != _OPAQUE:
                before.add(prefix)
        return repeated

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


def _prefix(entry: bytes) -> int:
    return int.from_bytes(_tag(entry)[:PREFIX])


def _tag(entry: bytes) -> bytes:
    """Return the tag of a subject's entry, no bytes for any other."""
    if len(entry) != ENTRY_SIZE or not entry.startswith(DOMAIN):
        return b""
    return entry[_TAG : _TAG + HASH_SIZE]
