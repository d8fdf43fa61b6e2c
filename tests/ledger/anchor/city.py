"""A published log: tiles and checkpoints as the sequencer leaves them, without a database."""

from collections.abc import Mapping

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner, Vkey
from ledger.objects.objects import ObjectStore
from ledger.tree.growth import grow
from ledger.tree.tiles import WIDTH
from tests.ledger.local_keys import ORIGIN, Ed25519Signer


class City:
    """A city's log, which can also be forked: `salt` changes every entry."""

    def __init__(self, objects: ObjectStore, origin: str = ORIGIN, salt: str = "") -> None:
        signer = Ed25519Signer()
        self.objects = objects
        self.origin = origin
        self.vkey = Vkey.of(origin, signer)
        self.size = 0
        self.root = b""
        self._signer = NoteSigner(origin, signer)
        self._salt = salt

    def publish(self, size: int) -> None:
        """Let the log grow to a size and publish it."""
        first = self.size - self.size % WIDTH
        entries = [f"entry {index}{self._salt}".encode() for index in range(first, size)]
        growth = grow(self.size, size, entries, lambda path: self.objects.get("log/" + path))
        self._write(growth.objects)
        self.size, self.root = size, growth.root
        self.publish_as(Checkpoint(self.origin, size, growth.root))

    def publish_as(self, checkpoint: Checkpoint) -> None:
        """Publish any checkpoint, true or not."""
        self.objects.put("log/checkpoint", self._signer.sign(checkpoint.text).encode())

    def _write(self, objects: Mapping[str, bytes]) -> None:
        self.objects.put_all({"log/" + path: data for path, data in objects.items()})
