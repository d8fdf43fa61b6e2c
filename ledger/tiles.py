"""The tiles of c2sp.org/tlog-tiles: where they lie, how they are read, and which of them change when a log grows."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from ledger.errors import LedgerError
from ledger.merkle import HASH_SIZE, leaf_hash, node_hash, tree_root

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level of entry bundles, which stand below the leaf hashes of level 0."""
MAX_ENTRY = 0xFFFF

Fetch = Callable[[str], bytes]
"""Returns the object under a path such as `tile/0/x001/234.p/5`."""

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)


@dataclass(eq=False)
class TilePathInvalid(LedgerError):
    """That is not the path of a tile."""

    code = "ledger.tile_path_invalid"
    zh = "不是有效的账本分片路径"
    en = "that is not the path of a tile"


@dataclass(eq=False)
class TileInvalid(LedgerError):
    """The tile does not hold what its path says."""

    code = "ledger.tile_invalid"
    zh = "账本分片 {path} 的内容不正确"
    en = "the tile {path} does not hold what it should"

    path: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile: its level (ENTRIES for an entry bundle), its number within the level and its width, 1 to 256."""

    level: int
    index: int
    width: int = WIDTH

    @classmethod
    def at(cls, level: int, index: int, size: int) -> Self:
        """Return the tile as it is in a log of `size`, which reaches that far."""
        return cls(level, index, min(WIDTH, (size >> HEIGHT * max(level, 0)) - index * WIDTH))

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path in its one canonical form; raises TilePathInvalid."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise TilePathInvalid
        level, index, width = match.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(index.replace("x", "").replace("/", "")),
            int(width) if width else WIDTH,
        )
        # One tile, one name: leading zeroes, level 64 and width 256 would be other names of the same object.
        if tile.level > 63 or (width and not 0 < tile.width < WIDTH) or tile.path != path:
            raise TilePathInvalid
        return tile

    @property
    def path(self) -> str:
        """The path below the log's prefix.

        Source: c2sp.org/tlog-tiles, "Merkle Tree".
        """
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else self.level
        return f"tile/{level}/{number}" + (f".p/{self.width}" if self.width < WIDTH else "")


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle; each entry has at most 65,535 bytes.

    Source: c2sp.org/tlog-tiles, "Log entries".
    """
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def parse_bundle(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle; raises TileInvalid if they are not as many as its path says."""
    entries = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        if end > len(data) or at + 2 > len(data):
            raise TileInvalid(path=tile.path)
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != tile.width:
        raise TileInvalid(path=tile.path)
    return tuple(entries)


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]


class TileReader:
    """The nodes and entries of a log of `size`, out of its tiles alone; every tile is fetched once.

    Nothing here is trusted until a root or a proof made of it has been compared with a verified checkpoint.
    """

    def __init__(self, size: int, fetch: Fetch) -> None:
        self._size = size
        self._fetch = fetch
        self._between: dict[tuple[int, int], bytes] = {}
        self._hashes: dict[Tile, tuple[bytes, ...]] = {}
        self._bundles: dict[Tile, tuple[bytes, ...]] = {}

    def nodes(self, level: int, index: int) -> bytes:
        """Return a complete node; raises TileInvalid and what the fetch raises. Fits `merkle.Nodes`."""
        if level % HEIGHT:
            # Tiles hold every eighth level; those between are hashed again, each of them once.
            if (level, index) not in self._between:
                left, right = (self.nodes(level - 1, 2 * index + side) for side in (0, 1))
                self._between[level, index] = node_hash(left, right)
            return self._between[level, index]
        number, offset = divmod(index, WIDTH)
        return self.hashes(Tile.at(level // HEIGHT, number, self._size))[offset]

    def hashes(self, tile: Tile) -> tuple[bytes, ...]:
        """Return the hashes of a tile; raises TileInvalid."""
        if tile not in self._hashes:
            data = self._fetch(tile.path)
            if len(data) != tile.width * HASH_SIZE:
                raise TileInvalid(path=tile.path)
            self._hashes[tile] = tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))
        return self._hashes[tile]

    def entry(self, index: int) -> bytes:
        """Return one entry, not yet compared with its leaf hash; raises TileInvalid."""
        number, offset = divmod(index, WIDTH)
        tile = Tile.at(ENTRIES, number, self._size)
        if tile not in self._bundles:
            self._bundles[tile] = parse_bundle(tile, self._fetch(tile.path))
        return self._bundles[tile][offset]

    def root(self) -> bytes:
        """Return the root of the log; raises TileInvalid."""
        return tree_root(self._size, self.nodes)


@dataclass(frozen=True, slots=True)
class Growth:
    """What growing changes: the objects to write, by path, and the roots before and after, told by the tiles."""

    objects: Mapping[str, bytes]
    old_root: bytes
    root: bytes


def grow(old: int, new: int, entries: Sequence[bytes], fetch: Fetch) -> Growth:
    """Return the tiles that a log needs when it grows from `old` to `new`, the partial ones at its edge included.

    `entries` begin at the start of the bundle in which `old` lies (`old - old % 256`) and end at `new`. The bytes
    depend on the entries alone, so that every writer, late or dead, writes the same. Raises TileInvalid and what
    the fetch raises.
    """
    objects = dict(_cut(ENTRIES, old, new, entries, encode_bundle))
    hashes: list[bytes] = [leaf_hash(entry) for entry in entries]
    before = TileReader(old, fetch)
    level, low, high = 0, old, new
    while high:
        objects.update(_cut(level, low, high, hashes, b"".join))
        complete = (high >> HEIGHT) - (low >> HEIGHT)
        parents = [fold(hashes[at * WIDTH : (at + 1) * WIDTH]) for at in range(complete)]
        level, low, high = level + 1, low >> HEIGHT, high >> HEIGHT
        edge = low % WIDTH
        hashes = [*(before.hashes(Tile(level, low // WIDTH, edge)) if edge else ()), *parents]
    after = TileReader(new, lambda path: objects[path] if path in objects else fetch(path))
    return Growth(objects=objects, old_root=before.root(), root=after.root())


def _cut(
    level: int, low: int, high: int, items: Sequence[bytes], encode: Callable[[Sequence[bytes]], bytes]
) -> Iterator[tuple[str, bytes]]:
    """Yield the tiles of one level that change; `items` begin with the tile in which `low` lies."""
    base = low // WIDTH
    for index in range(base, -(-high // WIDTH)):
        width = min(WIDTH, high - index * WIDTH)
        if index * WIDTH + width > low:
            at = (index - base) * WIDTH
            yield Tile(level, index, width).path, encode(items[at : at + width])
