"""The log as it lies in the object store and is served below /log/: the checkpoint and the tiles."""

from dataclasses import dataclass
from typing import Literal

from ledger.errors import LedgerError
from ledger.objects.objects import ObjectStore
from ledger.tree.tiles import Fetch, Tile, TilePathInvalid

PREFIX = "log/"
CHECKPOINT = "checkpoint"


@dataclass(eq=False)
class LogPathUnknown(LedgerError):
    """No log has an object under that path."""

    code = "ledger.log_path_unknown"
    zh = "账本中没有这一路径"
    en = "a log has no such path"


@dataclass(frozen=True, slots=True)
class LogObject:
    """An object as it is served.

    `cache`: "brief" for the checkpoint, which must not be kept beyond a few seconds; "immutable" for tiles, whose bytes
    never change under their path.
    """

    data: bytes
    media_type: str
    cache: Literal["brief", "immutable"]


def log_object(objects: ObjectStore, path: str) -> LogObject:
    """Return what stands below /log/ under a path of the log: `checkpoint` or `tile/…`.

    Raises LogPathUnknown for what can never be there, ObjectMissing for what is not there.
    Source: c2sp.org/tlog-tiles, "APIs".
    """
    if path == CHECKPOINT:
        return LogObject(objects.get(PREFIX + path), "text/plain; charset=utf-8", "brief")
    try:
        Tile.parse(path)
    except TilePathInvalid as error:
        raise LogPathUnknown from error
    return LogObject(objects.get(PREFIX + path), "application/octet-stream", "immutable")


def read_checkpoint(objects: ObjectStore) -> str:
    """Return the published checkpoint, a signed note; raises ObjectMissing before the first one."""
    # Damaged bytes become damaged text, which no signature covers.
    return objects.get(PREFIX + CHECKPOINT).decode(errors="replace")


def tile_fetch(objects: ObjectStore) -> Fetch:
    """Return how a `TileReader` reads the tiles of this store."""
    return lambda path: objects.get(PREFIX + path)
