"""The tiles of a log made again from its entries, and compared: no database, no key but the log's public one.

Entries are read in pieces of 65,536, which is what a tile of level 1 stands for; processes share the pieces. What is above
is made from the hashes of the pieces, so that of a log of 164 million entries 640,000 hashes are held.
"""

import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from typing import Final

from ledger.checkpoints import Checkpoint
from ledger.entries import DOMAIN, ENTRY_SIZE, HASH_SIZE
from ledger.fsck_findings import Report
from ledger.log_objects import PREFIX
from ledger.merkle import leaf_hashes, pair_up, tree_root
from ledger.objects import ObjectMissing, ObjectStore
from ledger.tiles import ENTRIES, HEIGHT, WIDTH, Fetch, Tile, TileInvalid, TilePathInvalid, TileReader, parse_bundle

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
    before it is their turn, for a log that is far away. Raises what the fetch raises, ObjectMissing excepted.
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
    _check_above(checkpoint.size, rows, fetch, report)
    if _root(checkpoint.size, rows) != checkpoint.root:
        report.find("checkpoint.root", checkpoint.size)
    for index in _repeated(tags, TileReader(checkpoint.size, fetch)):
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
    paths = [path for index in bundles for path in (Tile.at(ENTRIES, index, size).path, Tile.at(0, index, size).path)]
    stored = _fetched(paths, fetch, ahead)
    for index in bundles:
        entries = _entries(Tile.at(ENTRIES, index, size), next(stored), piece.report)
        tile, data = Tile.at(0, index, size), next(stored)
        if entries is None:
            # The tile above them may still be read; that it is missing below is told.
            leaves = [(data or b"")[at : at + HASH_SIZE] for at in range(0, tile.width * HASH_SIZE, HASH_SIZE)]
        else:
            leaves = leaf_hashes(entries)
            piece.tags.extend(_tags(entries, index * WIDTH))
        _compare(tile, data, b"".join(leaves), piece.report)
        if tile.width == WIDTH:
            piece.parents += _fold([leaves])
        else:
            piece.edge = leaves
    return piece


def _fetched(paths: Sequence[str], fetch: Fetch, ahead: int) -> Iterator[bytes | None]:
    def get(path: str) -> bytes | None:
        try:
            return fetch(path)
        except ObjectMissing:
            return None

    if not ahead:
        yield from map(get, paths)
        return
    with ThreadPoolExecutor(ahead) as pool:
        yield from pool.map(get, paths)


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
        for tile, data in zip(tiles, _fetched([tile.path for tile in tiles], fetch, 0), strict=True):
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


def _repeated(tags: "array[int]", reader: TileReader) -> Iterator[int]:
    """Yield the indices of entries whose tag another one before them has."""
    places: dict[int, list[int]] = {tag: [] for tag in _alike(tags)}
    for index, tag in enumerate(tags if places else ()):
        if tag in places:
            places[tag].append(index)
    for indices in places.values():
        met: set[bytes] = set()
        for index in indices:
            entry = reader.entry(index)
            if _is_ours(entry) and entry[_TAG : _TAG + HASH_SIZE] in met:
                yield index
            met.add(entry[_TAG : _TAG + HASH_SIZE] if _is_ours(entry) else b"")


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
    whole: Callable[[Tile], bytes] = lambda tile: objects.get(PREFIX + tile.path)  # noqa: E731
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
            same = whole(now).startswith(whole(tile))
            parse_bundle(tile, whole(tile)) if tile.level == ENTRIES else None
        except (ObjectMissing, TileInvalid):
            same = False
        if not same or (tile.level != ENTRIES and len(whole(tile)) != HASH_SIZE * tile.width):
            report.find("tile.differs", tile.path)
    return report
