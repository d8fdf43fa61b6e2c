"""A log in memory, served as tiles at any of its sizes, under a key or another."""

from collections.abc import Iterable
from hashlib import sha256

from ledger import entries
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.log.served import CHECKPOINT
from ledger.objects.objects import ObjectMissing
from ledger.tree.frontier import EMPTY
from ledger.tree.growth import grow
from ledger.tree.merkle import leaf_hashes
from ledger.tree.tiles import Fetch
from tests.ledger.local_keys import ORIGIN, Ed25519Signer


def commitment(number: int) -> bytes:
    return sha256(number.to_bytes(8)).digest()


def entry(tag_key: bytes, number: int) -> bytes:
    return entries.encode(entries.tag(tag_key, number), commitment(number))


class ServedEntries:
    """A `LogSource` over a list of entries, which a test may change under it."""

    def __init__(self, size: int = 0, made: Iterable[bytes] | None = None) -> None:
        self.entries = list(made) if made is not None else [entry(bytes(32), number) for number in range(size)]
        self.signer = NoteSigner(ORIGIN, Ed25519Signer())
        self.shown: str | None = None
        self.missing: set[str] = set()

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(ORIGIN, size, EMPTY.extend(leaf_hashes(self.entries[:size])).root())

    def note(self, size: int | None = None) -> str:
        return self.signer.sign(self.checkpoint(size).text)

    def at(self, size: int) -> Fetch:
        """How the log is read when it has this size."""
        objects = grow(0, size, self.entries[:size], _nothing).objects if size else {}

        def fetch(path: str) -> bytes:
            if path not in objects:
                raise ObjectMissing(path)
            return objects[path]

        return fetch

    def get(self, path: str) -> bytes:
        if path in self.missing:
            raise ObjectMissing(path)
        if path == CHECKPOINT:
            return (self.note() if self.shown is None else self.shown).encode()
        return self.at(len(self.entries))(path)


def _nothing(path: str) -> bytes:
    raise ObjectMissing(path)
