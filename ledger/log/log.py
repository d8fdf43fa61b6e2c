"""The log as it grows: whoever moves its head gives indices; tiles and checkpoint follow from committed rows.

    finish   compare the published checkpoint with the head; whatever a leader before us left undone is done now:
             write_tiles, from committed rows only; publish, the checkpoint last
    append   one transaction: opaque entries with their indices, and the head swapped by compare

Any number may work at it. Only the swap of the head decides what the log is; tiles are a function of committed rows, so
that a late or dead writer can only write the same bytes; a checkpoint is only ever swapped for a larger one, by a compare
in the object store itself. Where the head, the tiles and the published checkpoint contradict one another,
FatalLedgerError stops everything: nothing is repaired.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import store
from ledger.errors import FatalLedgerError
from ledger.formats.bundles import MAX_ENTRY, BundleInvalid, EntryTooLong
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable, NoteUntrusted
from ledger.log.served import CHECKPOINT, PREFIX, tile_fetch
from ledger.objects.objects import ObjectChanged, ObjectMissing, ObjectStore
from ledger.signing import Signer
from ledger.store import Head
from ledger.tree.growth import Growth, grow
from ledger.tree.merkle import EMPTY_ROOT, leaf_hashes
from ledger.tree.tiles import WIDTH, TileInvalid

Sessions = Callable[[], AbstractContextManager[Session]]
"""Opens a session of the worker in a transaction of its own, which ends with the block."""

Cosign = Callable[[str], str]
"""Takes our signed checkpoint, its tiles written, and returns it with the lines of the witnesses that answered."""

STRIDE: Final = WIDTH * WIDTH
"""So many entries are read and hashed at a time when a log has much to catch up on."""
_ROW: Final = 1024
"""Opaque entries that lie in one row."""


@dataclass(frozen=True, slots=True)
class _Published:
    """The checkpoint as it lies in the store, and what it says."""

    note: bytes
    checkpoint: Checkpoint


class Log:
    """The log `origin`, of opaque entries and whatever else moves its head.

    cosign: asks witnesses, between tiles and checkpoint; the log waits for it. Raises VkeyInvalid unless the signer is
    Ed25519.
    """

    def __init__(
        self, *, sessions: Sessions, objects: ObjectStore, signer: Signer, origin: str, cosign: Cosign | None = None
    ) -> None:
        self._sessions = sessions
        self._objects = objects
        self._signer = NoteSigner(origin, signer)
        self._cosign = cosign or (lambda note: note)
        self._begun = False
        self._seen = 0
        self.origin = origin
        self.vkey = self._signer.vkey

    def append(self, entries: Sequence[bytes], now: datetime) -> range:
        """Give opaque entries the next indices and return these; durable when this returns, published by `finish`.

        Each entry has at most 65,535 bytes. Raises EntryTooLong, FatalLedgerError, and what the database raises.
        """
        longest = max(map(len, entries), default=0)
        if longest > MAX_ENTRY:
            raise EntryTooLong(longest)
        self.begin(now)
        leaves = leaf_hashes(entries)
        try:
            with self._sessions() as session:
                head = self.lock_head(session)
                grown = self.move_head(session, head, leaves, now)
                rest = iter(entries)
                for start in range(head.size, grown.size, _ROW):
                    store.insert_opaque(session, start, list(islice(rest, _ROW)), now)
        except IntegrityError as error:
            raise FatalLedgerError(reason="an index would be given twice") from error
        return range(head.size, grown.size)

    def lock_head(self, session: Session) -> Head:
        """Return the head, locked until the transaction ends; raises FatalLedgerError if it is behind what is published.

        A database that fails over to an older copy of itself does so under a running leader: the publication would be
        refused, but until then places would be given that others have.
        """
        head = sound(store.lock_head(session))
        if head.size < self._seen:
            raise _set_back(self._seen, head)
        return head

    def move_head(self, session: Session, head: Head, leaves: Sequence[bytes], now: datetime) -> Head:
        """Swap the head for the one with these leaf hashes behind it and return that: this is the fence.

        Raises FenceLost.
        """
        frontier = head.frontier.extend(leaves)
        grown = Head(self.origin, frontier.root(), frontier)
        store.swap_head(session, head, grown, now)
        return grown

    def begin(self, now: datetime) -> None:
        """Publish the empty log before its first entry, and do what a leader before us left undone; once."""
        if not self._begun:
            self.finish(now)

    def finish(self, now: datetime) -> bool:
        """Bring tiles and checkpoint to the head; tell whether there was anything to do. Raises FatalLedgerError."""
        # In this order: the head read later can only be the newer one.
        published = self._published()
        head = self._open_head(now)
        if published is None and head.size:
            # Another leader may have begun the log between our two looks; then its checkpoint is there now.
            published = self._published()
            head = self._open_head(now)
        self._compare(published, head)
        behind = published is None or published.checkpoint.size < head.size
        if behind:
            self.write_tiles(published, head)
            self.publish(published, head)
        self._begun = True
        return behind

    def write_tiles(self, published: _Published | None, head: Head) -> None:
        """Write what changed since the published checkpoint; raises FatalLedgerError if it does not add up."""
        size, root = (published.checkpoint.size, published.checkpoint.root) if published else (0, EMPTY_ROOT)
        while size < head.size:
            end = min(head.size, size - size % STRIDE + STRIDE)
            growth = self._grow(size, end)
            if growth.old_root != root:
                raise FatalLedgerError(reason="the stored tiles do not give the root of the published checkpoint")
            if end == head.size and growth.root != head.root:
                raise FatalLedgerError(reason="the entries and tiles do not give the root of the head")
            if not growth.continues:
                raise FatalLedgerError(reason="the entries before the published size are not those that were published")
            self._objects.put_all({PREFIX + path: data for path, data in growth.objects.items()})
            size, root = end, growth.root

    def _grow(self, old: int, new: int) -> Growth:
        first = old - old % WIDTH
        try:
            with self._sessions() as session:
                entries = store.entries_between(session, first, new)
            if len(entries) != new - first:
                raise FatalLedgerError(reason=f"of {new - first} entries from {first} on there are {len(entries)}")
            return grow(old, new, entries, tile_fetch(self._objects))
        except BundleInvalid as error:
            raise FatalLedgerError(reason="the opaque entries of a row are damaged") from error
        except (ObjectMissing, TileInvalid) as error:
            raise FatalLedgerError(reason="a tile of the published log is missing or damaged") from error

    def publish(self, published: _Published | None, head: Head) -> None:
        """Sign and publish the checkpoint of a head whose tiles are written, unless one as large is out."""
        note = self._cosign(self._signer.sign(Checkpoint(self.origin, head.size, head.root).text)).encode()
        while True:
            try:
                self._objects.swap(PREFIX + CHECKPOINT, None if published is None else published.note, note)
            except ObjectChanged:
                # Another leader came first. What is larger stays: only our next look at the head can judge it.
                published = self._published()
                if published is None:
                    raise FatalLedgerError(reason="the published checkpoint is gone") from None
                if published.checkpoint.size >= head.size:
                    return
            else:
                self._seen = max(self._seen, head.size)
                return

    def _open_head(self, now: datetime) -> Head:
        with self._sessions() as session:
            head = store.head(session)
            if head is None:
                store.create_head(session, self.origin, now)
                head = store.head(session)
            return sound(head)

    def _published(self) -> _Published | None:
        seen = self._seen  # before we look: whoever looks beside us may meet a larger one
        try:
            note = self._objects.get(PREFIX + CHECKPOINT)
        except ObjectMissing:
            return None
        try:
            # Damaged bytes become damaged text, which no signature covers.
            found = _Published(note, Checkpoint.open(note.decode(errors="replace"), {self.origin: self.vkey}))
        except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid) as error:
            raise FatalLedgerError(reason="the published checkpoint is not one of this log") from error
        if found.checkpoint.size < seen:
            raise FatalLedgerError(reason=f"the checkpoint went back from {seen} entries to {found.checkpoint.size}")
        self._seen = max(self._seen, found.checkpoint.size)
        return found

    def _compare(self, published: _Published | None, head: Head) -> None:
        """Refuse to go on where going on would fork the log."""
        if head.origin != self.origin:
            raise FatalLedgerError(reason=f"the database holds the log {head.origin}, not {self.origin}")
        if published is None:
            # The empty checkpoint is published before the first entry is placed, so a missing one was lost.
            if head.size:
                raise FatalLedgerError(reason="the published checkpoint is gone")
            return
        size, root = published.checkpoint.size, published.checkpoint.root
        if size > head.size:
            raise _set_back(size, head)
        if size == head.size and root != head.root:
            raise FatalLedgerError(reason=f"the root published for {size} entries is not the root of the head")


def _set_back(published: int, head: Head) -> FatalLedgerError:
    reason = f"{published} entries are published, the database knows {head.size}: it was set back"
    return FatalLedgerError(reason=reason)


def sound(head: Head | None) -> Head:
    """Return a head whose root and right edge agree; raises FatalLedgerError."""
    if head is None:
        raise FatalLedgerError(reason="the head of the log is gone")
    if head.frontier.root() != head.root:
        raise FatalLedgerError(reason="the right edge of the tree does not give the root of the head")
    return head
