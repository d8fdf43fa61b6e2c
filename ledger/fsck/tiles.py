"""The tiles of a log made again from its entries, and compared: no database, no key but the log's public one.

Entries are read in pieces of 65,536, which is what a tile of level 1 stands for; processes share the pieces. What is above
is made from the hashes of the pieces, so that of a log of 164 million entries 640,000 hashes are held.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Final

from ledger.entries import DOMAIN, ENTRY_SIZE, HASH_SIZE
from ledger.formats.bundles import BundleInvalid, decode_entries, encode_entries
from ledger.formats.checkpoints import Checkpoint
from ledger.fsck.findings import Report
from ledger.log.served import PREFIX
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.tree.merkle import leaf_hashes, pair_up, tree_root
from ledger.tree.tiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    Fetch,
    Tile,
    TileInvalid,
    TilePathInvalid,
    TileReader,
    parse_bundle,
    parse_hashes,
)

PIECE: Final = WIDTH * WIDTH
_TAG: Final = len(DOMAIN)
_PREFIX: Final = 8
_AT_ONCE: Final = 1 << 21
"""So many tags are compared at a time: a set of them takes 130 MB."""


@dataclass(slots=True)
class _Piece:
    """What one piece has shown: the hashes above its full tiles, those of its edge, and the beginnings of its tags."""

    parents: list[bytes]
    edge: list[bytes]
    tags: "array[int]"
    report: Report = field(default_factory=Report)


def check_tiles(checkpoint: Checkpoint, fetch: Fetch, *, jobs: int = 1, ahead: int = 0) -> Report:
    """Make every tile of a log again and compare it, and the root with the verified checkpoint's.

    fetch: can be sent to another process if `jobs`, how many share the work, is more than one; ahead: threads that fetch
    before it is their turn, for a log that is far away. A log in which next to nothing agrees, or that only claims to be
    so large, is given up. Raises what the fetch raises, ObjectMissing excepted.
    """
    report = Report()
    rows: list[list[bytes]] = [[], []]
    tags = array("Q")
    pieces = -(-checkpoint.size // PIECE)
    work = partial(_check_piece, fetch, checkpoint.size, ahead)
    with _executor(min(jobs, pieces)) as executor:
        found: Iterable[_Piece] = map(work, range(pieces)) if executor is None else executor.map(work, range(pieces))
        for piece in found:
            rows[1] += piece.parents
            rows[0] = piece.edge
            tags += piece.tags
            report.take(piece.report)
            if report.is_full:
                if executor is not None:
                    executor.shutdown(cancel_futures=True)
                report.find("check.stopped")
                return report
    _check_above(checkpoint.size, rows, fetch, report)
    if _root(checkpoint.size, rows) != checkpoint.root:
        report.find("checkpoint.root", checkpoint.size)
    for index in _repeated(tags, checkpoint.size, fetch):
        report.find("tag.repeated", index)
    report.count("entries", checkpoint.size)
    return report


def _executor(jobs: int) -> "nullcontext[None] | Executor":
    # Spawned: a fork would take along half-open connections.
    return nullcontext() if jobs < 2 else ProcessPoolExecutor(jobs, get_context("spawn"))


def _check_piece(fetch: Fetch, size: int, ahead: int, number: int) -> _Piece:
    """Check the bundles and the tiles of level 0 of one piece."""
    piece = _Piece([], [], array("Q"))
    bundles = range(number * WIDTH, min((number + 1) * WIDTH, -(-size // WIDTH)))
    tiles = [tile for index in bundles for tile in (Tile.at(ENTRIES, index, size), Tile.at(0, index, size))]
    stored = _fetched(tiles, fetch, ahead)
    for index in bundles:
        entries = _entries(Tile.at(ENTRIES, index, size), next(stored), piece.report)
        tile, data = Tile.at(0, index, size), next(stored)
        if entries is None:
            # The tile above them may still be read; that it is missing below is told.
            leaves = [(data or b"")[at : at + HASH_SIZE] for at in range(0, tile.width * HASH_SIZE, HASH_SIZE)]
            piece.tags.extend(range(index * WIDTH, index * WIDTH + tile.width))
        else:
            leaves = leaf_hashes(entries)
            piece.tags.extend(_tags(entries, index * WIDTH))
        _compare(tile, data, b"".join(leaves), piece.report)
        if tile.width == WIDTH:
            piece.parents += _fold([leaves])
        else:
            piece.edge = leaves
    return piece


def _fetched(tiles: Sequence[Tile], fetch: Fetch, ahead: int) -> Iterator[bytes | None]:
    get = partial(_stored, fetch)
    if not ahead:
        yield from map(get, tiles)
        return
    with ThreadPoolExecutor(ahead) as pool:
        yield from pool.map(get, tiles)


def _stored(fetch: Fetch, tile: Tile) -> bytes | None:
    """Return the bytes of a tile, None if it is missing.

    The log grows while we look: a partial tile may be gone because the full one has followed it, whose beginning it is.
    """
    try:
        return fetch(tile.path)
    except ObjectMissing:
        if tile.width == WIDTH:
            return None
    try:
        whole = fetch(Tile(tile.level, tile.index).path)
        if tile.level != ENTRIES:
            return whole[: tile.width * HASH_SIZE]
        return encode_entries(decode_entries(whole)[: tile.width])
    except ObjectMissing:
        return None
    except BundleInvalid:
        return b"\xff"  # what no bundle is


def _entries(tile: Tile, data: bytes | None, report: Report) -> Sequence[bytes] | None:
    report.count("tiles")
    if data is None:
        report.find("tile.missing", tile.path)
        return None
    try:
        return parse_bundle(tile, data)
    except TileInvalid:
        report.find("tile.differs", tile.path)
        return None


def _tags(entries: Sequence[bytes], first: int) -> "array[int]":
    """Return the beginnings of the tags of our entries; in the place of an opaque one stands its own index."""
    tags = array("Q")
    if {(len(entry), entry[:_TAG]) for entry in entries} == {(ENTRY_SIZE, DOMAIN)}:
        tags.frombytes(b"".join([entry[_TAG : _TAG + _PREFIX] for entry in entries]))
    else:
        tags.extend(_beginning(entry) if _is_ours(entry) else first + place for place, entry in enumerate(entries))
    return tags


def _is_ours(entry: bytes) -> bool:
    return len(entry) == ENTRY_SIZE and entry.startswith(DOMAIN)


def _beginning(entry: bytes) -> int:
    return int.from_bytes(entry[_TAG : _TAG + _PREFIX], sys.byteorder)


def _fold(rows: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Return the hash above each row of 256."""
    found: Sequence[bytes] = [item for row in rows for item in row]
    for _ in range(HEIGHT):
        found = pair_up(found)
    return list(found)


def _compare(tile: Tile, data: bytes | None, made: bytes, report: Report) -> None:
    report.count("tiles")
    if data is None:
        report.find("tile.missing", tile.path)
    elif data != made:
        report.find("tile.differs", tile.path)


def _check_above(size: int, rows: list[list[bytes]], fetch: Fetch, report: Report) -> None:
    """Check the tiles from level 1 up; `rows` gets the hashes of each level."""
    level = 1
    while rows[level]:
        row = rows[level]
        tiles = [Tile.at(level, index, size) for index in range(-(-len(row) // WIDTH))]
        for tile, data in zip(tiles, _fetched(tiles, fetch, 0), strict=True):
            made = row[tile.index * WIDTH : tile.index * WIDTH + tile.width]
            _compare(tile, data, b"".join(made), report)
        rows.append(_fold([row[: len(row) - len(row) % WIDTH]]))
        level += 1


def _root(size: int, rows: Sequence[Sequence[bytes]]) -> bytes:
    def nodes(level: int, index: int) -> bytes:
        stored, between = divmod(level, HEIGHT)
        row = rows[stored]
        # Of level 0 only the edge is kept: whatever lies before it stands under a full tile.
        begin = (index << between) - (size - size % WIDTH if stored == 0 else 0)
        found: Sequence[bytes] = row[begin : begin + (1 << between)]
        for _ in range(between):
            found = pair_up(found)
        return found[0]

    return tree_root(size, nodes)


def _repeated(tags: "array[int]", size: int, fetch: Fetch) -> Iterator[int]:
    """Yield the indices of entries whose tag another one before them has."""
    alike = _alike(tags)
    met: set[bytes] = set()
    reader, held = TileReader(size, fetch), -1
    for index in [index for index, tag in enumerate(tags) if tag in alike] if alike else ():
        if index // WIDTH != held:  # one bundle at a time: in a log made to annoy us all tags begin alike
            reader, held = TileReader(size, fetch), index // WIDTH
        try:
            entry = reader.entry(index)
        except (ObjectMissing, TileInvalid):
            continue  # told already
        if not _is_ours(entry):
            continue
        tag = entry[_TAG : _TAG + HASH_SIZE]
        if tag in met:
            yield index
        met.add(tag)


def _alike(tags: "array[int]") -> set[int]:
    """Return the beginnings of tags that occur more than once, found in passes that fit into memory."""
    passes = max(1, -(-len(tags) // _AT_ONCE))
    alike: set[int] = set()
    for number in range(passes):
        part = [tag for tag in tags if tag % passes == number] if passes > 1 else tags
        if len(set(part)) < len(part):
            alike |= {tag for tag, times in Counter(part).items() if times > 1}
    return alike


def check_leftovers(size: int, objects: ObjectStore) -> Report:
    """Look at everything that lies among the tiles: partial ones of old sizes, and what no log has.

    What lies beyond the checkpoint was written for the next one. Raises what the store raises.
    """
    report = Report()
    fetch: Fetch = lambda path: objects.get(PREFIX + path)  # noqa: E731
    for key in objects.keys(f"{PREFIX}tile/"):
        try:
            tile = Tile.parse(key.removeprefix(PREFIX))
        except TilePathInvalid:
            report.find("tile.unknown", key)
            continue
        there = (size >> HEIGHT * max(tile.level, 0)) - tile.index * WIDTH
        now = Tile.at(tile.level, tile.index, size)
        if there < tile.width or tile == now:
            continue
        report.count("old partial tiles")
        try:
            part = fetch(tile.path)
        except ObjectMissing:
            continue  # it was tidied away a moment ago
        whole = _stored(fetch, now)
        if whole is None or not whole.startswith(part) or not _is_tile(tile, part):
            report.find("tile.differs", tile.path)
    return report


def _is_tile(tile: Tile, data: bytes) -> bool:
    try:
        parse_bundle(tile, data) if tile.level == ENTRIES else parse_hashes(tile, data)
    except TileInvalid:
        return False
    return True
