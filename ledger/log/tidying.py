"""Partial tiles that nobody needs any more: the full tile has followed them.

One is written for every checkpoint, so that after some years they are more than the log itself. Whoever still asks for one
reads the beginning of the full tile in its place (c2sp.org/tlog-tiles, "Partial Tiles"; `TileReader` does).
"""

from ledger.log.served import PREFIX
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.tree.tiles import HEIGHT, WIDTH, Tile, TilePathInvalid


def tidy(objects: ObjectStore, size: int) -> int:
    """Delete the partial tiles of a published log of `size` that full ones have followed; return how many.

    Those of the newest full tile of each level stay: readers of the last checkpoints are on their way to them. Nothing is
    deleted that is not the beginning of its full tile. Raises what the store raises.
    """
    deleted = 0
    for key in objects.keys(f"{PREFIX}tile/"):
        try:
            tile = Tile.parse(key.removeprefix(PREFIX))
        except TilePathInvalid:
            continue
        full = (size >> HEIGHT * max(tile.level, 0)) // WIDTH
        if tile.width < WIDTH and tile.index < full - 1 and _followed(objects, tile):
            objects.delete(key)
            deleted += 1
    return deleted


def _followed(objects: ObjectStore, tile: Tile) -> bool:
    try:
        whole = objects.get(PREFIX + Tile(tile.level, tile.index).path)
        return whole.startswith(objects.get(PREFIX + tile.path))
    except ObjectMissing:  # the part, if somebody else tidies too
        return False
