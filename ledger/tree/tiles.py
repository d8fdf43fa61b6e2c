"""The tiles of c2sp.org/tlog-tiles: where they lie and how they are read."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Self, TypeVar

from ledger.errors import LedgerError
from ledger.formats.bundles import BundleInvalid, decode_entries
from ledger.objects.objects import ObjectMissing
from ledger.tree.merkle import HASH_SIZE, pair_up, tree_root

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level of entry bundles, which stand below the leaf hashes of level 0."""

Fetch = Callable[[str], bytes]
"""Returns the object under a path such as `tile/0/x001/234.p/5`; raises ObjectMissing."""

_Part = TypeVar("_Part", list[bytes], tuple[bytes, ...])

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


def parse_bundle(tile: Tile, data: bytes) -> tuple[bytes, ...]:
    """Return the entries of a bundle; raises TileInvalid if they are not as many as its path says."""
    try:
        entries = decode_entries(data)
    except BundleInvalid as error:
        raise TileInvalid(path=tile.path) from error
    if len(entries) != tile.width:
        raise TileInvalid(path=tile.path)
    return entries


def parse_hashes(tile: Tile, data: bytes) -> list[bytes]:
    """Return the hashes of a tile; raises TileInvalid if they are not as many as its path says."""
    if len(data) != tile.width * HASH_SIZE:
        raise TileInvalid(path=tile.path)
    return [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]


class TileCache:
    """Tiles above the leaves, with the nodes between their levels, for the readers of one log; bounded.

    Those of the leaves are 256 times as many and seldom asked for twice. A tile never changes under its path, the partial
    ones neither.
    """

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._kept: OrderedDict[Tile, list[list[bytes]]] = OrderedDict()
        self._lock = Lock()

    def get(self, tile: Tile) -> list[list[bytes]] | None:
        """Return the rows of a tile, None if it is not kept."""
        with self._lock:
            rows = self._kept.get(tile)
            if rows is not None:
                self._kept.move_to_end(tile)
            return rows

    def keep(self, tile: Tile, rows: list[list[bytes]]) -> None:
        """Keep the rows of a tile; the one that was not asked for longest goes."""
        with self._lock:
            self._kept[tile] = rows
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)


class TileReader:
    """The nodes and entries of a log of `size`, out of its tiles alone; every tile is fetched once.

    cache: shared with other readers of the same log, whatever their size. Nothing here is trusted until a root or a
    proof made of it has been compared with a verified checkpoint.
    """

    def __init__(self, size: int, fetch: Fetch, cache: TileCache | None = None) -> None:
        self._size = size
        self._fetch = fetch
        self._cache = cache
        self._rows: dict[Tile, list[list[bytes]]] = {}
        self._bundles: dict[Tile, tuple[bytes, ...]] = {}

    def nodes(self, level: int, index: int) -> bytes:
        """Return a complete node; raises TileInvalid and what the fetch raises. Fits `merkle.Nodes`."""
        # Tiles hold every eighth level; those between are hashed again, row by row.
        stored, between = divmod(level, HEIGHT)
        number, offset = divmod(index, WIDTH >> between)
        rows = self._tile_rows(Tile.at(stored, number, self._size))
        while len(rows) <= between:
            rows.append(pair_up(rows[-1]))
        return rows[between][offset]

    def hashes(self, tile: Tile) -> tuple[bytes, ...]:
        """Return the hashes of a tile; raises TileInvalid."""
        return tuple(self._tile_rows(tile)[0])

    def _tile_rows(self, tile: Tile) -> list[list[bytes]]:
        rows = self._rows.get(tile)
        if rows is None:
            shared = self._cache if tile.level else None
            rows = shared.get(tile) if shared else None
            if rows is None:
                rows = [self._whole_or_part(tile, parse_hashes)]
                if shared:
                    # Whole, so that no two readers build it up at once.
                    while len(rows) < HEIGHT:
                        rows.append(pair_up(rows[-1]))
                    shared.keep(tile, rows)
            self._rows[tile] = rows
        return rows

    def entry(self, index: int) -> bytes:
        """Return one entry, not yet compared with its leaf hash; raises TileInvalid."""
        number, offset = divmod(index, WIDTH)
        tile = Tile.at(ENTRIES, number, self._size)
        if tile not in self._bundles:
            self._bundles[tile] = self._whole_or_part(tile, parse_bundle)
        return self._bundles[tile][offset]

    def _whole_or_part(self, tile: Tile, parse: Callable[[Tile, bytes], _Part]) -> _Part:
        """Read a tile; where a partial one is gone, the beginning of the full one that has followed it.

        Source: c2sp.org/tlog-tiles, "Partial Tiles".
        """
        try:
            return parse(tile, self._fetch(tile.path))
        except ObjectMissing:
            if tile.width == WIDTH:
                raise
            full = replace(tile, width=WIDTH)
            try:
                return parse(full, self._fetch(full.path))[: tile.width]
            except ObjectMissing:
                raise ObjectMissing(tile.path) from None

    def root(self) -> bytes:
        """Return the root of the log; raises TileInvalid."""
        return self.root_at(self._size)

    def root_at(self, size: int) -> bytes:
        """Return the root that the log had at a size up to its own; raises TileInvalid."""
        return tree_root(size, self.nodes)
