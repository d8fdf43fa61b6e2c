"""Which tiles a log needs when it grows, and the roots before and after that they tell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.formats.bundles import encode_entries
from ledger.tree.merkle import leaf_hashes, pair_up
from ledger.tree.tiles import ENTRIES, HEIGHT, WIDTH, Fetch, Tile, TileReader


@dataclass(frozen=True, slots=True)
class Growth:
    """What growing changes: the objects to write, by path, and the roots before and after, told by the tiles.

    `continues`: whether the entries before `old` are those of the stored tile at its edge. Roots cannot tell it: that
    of before is made of what is stored, that of after of what takes its place.
    """

    objects: Mapping[str, bytes]
    old_root: bytes
    continues: bool
    root: bytes


def grow(old: int, new: int, entries: Sequence[bytes], fetch: Fetch) -> Growth:
    """Return the tiles that a log needs when it grows from `old` to `new`, the partial ones at its edge included.

    `entries` begin at the start of the bundle in which `old` lies (`old - old % 256`) and end at `new`. The bytes
    depend on the entries alone, so that every writer, late or dead, writes the same. Raises TileInvalid and what
    the fetch raises.
    """
    objects = dict(_cut(ENTRIES, old, new, entries, encode_entries))
    hashes = leaf_hashes(entries)
    before = TileReader(old, fetch)
    first = tuple(hashes[: old % WIDTH])
    continues = not first or before.hashes(Tile(0, old // WIDTH, old % WIDTH)) == first
    level, low, high = 0, old, new
    while high:
        objects.update(_cut(level, low, high, hashes, b"".join))
        complete = (high >> HEIGHT) - (low >> HEIGHT)
        parents = hashes[: complete * WIDTH]
        for _ in range(HEIGHT):
            parents = pair_up(parents)
        level, low, high = level + 1, low >> HEIGHT, high >> HEIGHT
        edge = low % WIDTH
        hashes = [*(before.hashes(Tile(level, low // WIDTH, edge)) if edge else ()), *parents]
    after = TileReader(new, lambda path: objects[path] if path in objects else fetch(path))
    return Growth(objects=objects, old_root=before.root(), continues=continues, root=after.root())


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
