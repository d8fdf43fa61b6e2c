"""The monitor: follows a log from outside and alarms when it was rewritten, forks, goes back, or withholds entries.

It needs no key but the log's public one. What convicts a log is kept whole: two notes under its own signature that
cannot both be true.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from ledger.errors import LedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted, Vkey
from ledger.log.served import CHECKPOINT
from ledger.monitor.client import LogSource
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogForked, LogUnreachable
from ledger.provenance.mirror import Mirror
from ledger.tree.merkle import EMPTY_ROOT, ProofInvalid, consistency_proof, tree_root, verify_consistency
from ledger.tree.tiles import TileInvalid, TileReader

Kind = Literal["same", "grown", "stale", "unreachable", "back", "fork", "gap", "untrusted", "repeated"]
ALARMS: Final = frozenset({"back", "fork", "gap", "untrusted", "repeated"})
PATIENCE: Final = timedelta(minutes=10)
"""So long may a log show an older checkpoint: caches keep it for seconds, a log that was set back for ever."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one look at a log has shown.

    same, grown: all is well. stale: an older, true checkpoint, as a cache may hold one. unreachable: nothing can be said.
    back: nothing but the older one, for longer than any cache. fork: it signed what contradicts what it signed before.
    gap: it does not serve what it signed. untrusted: the checkpoint is not its own. repeated: a tag was given twice.
    `notes`: the signed notes that prove an alarm.
    """

    kind: Kind
    at: datetime
    size: int
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def alarm(self) -> bool:
        """Whether somebody must be told."""
        return self.kind in ALARMS

    def as_json(self) -> dict[str, Any]:
        """Return it as a line for programs."""
        told = {"kind": self.kind, "at": self.at.isoformat(), "size": self.size, "reason": self.reason}
        return {**{name: value for name, value in told.items() if value != ""}, "notes": list(self.notes)}


class Monitor:
    """Follows one log.

    `mirror`: what was read before; `note`: the last checkpoint that held, "" before the first; `behind`: since when it
    has shown older ones only.
    """

    def __init__(
        self, source: LogSource, vkey: Vkey, mirror: Mirror, note: str = "", behind: datetime | None = None
    ) -> None:
        self._source = source
        self._vkey = vkey
        self.mirror = mirror
        self.note = note
        self.behind = behind

    def look(self, now: datetime) -> Observation:
        """Look once; the mirror moves on only where all is well."""
        try:
            note = self._source.get(CHECKPOINT).decode(errors="replace")
            checkpoint = Checkpoint.open(note, {self.mirror.origin: self._vkey})
        except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid) as error:
            return self._seen("untrusted", now, error.message("en"), note)
        except LogUnreachable as error:
            return self._seen("unreachable", now, error.reason)
        except ObjectMissing:
            # Before the first checkpoint there is none; after it, a log that has none has lost it.
            missing = "no checkpoint is published"
            return self._seen("gap", now, missing, self.note) if self.note else self._seen("unreachable", now, missing)
        try:
            return self._compare(checkpoint, note, now)
        except LogUnreachable as error:
            return self._seen("unreachable", now, error.reason)
        except (LogForked, ObjectMissing, TileInvalid, ProofInvalid) as error:
            return self._seen("gap", now, f"it does not serve what it signed: {error.message('en')}", note)

    def _compare(self, checkpoint: Checkpoint, note: str, now: datetime) -> Observation:
        known = self.mirror.size
        if checkpoint.size < known:
            return self._older(checkpoint, note, now)
        self.behind = None
        if checkpoint.size == known:
            if checkpoint.root != self.mirror.frontier.root():
                return self._seen("fork", now, "two roots for one size", self.note, note)
            if not self.note:
                self.note = note
            return self._seen("same", now)
        before = self.mirror.frontier
        try:
            self.mirror.follow(checkpoint, self._source.get)
        except LogForked as error:
            return self._contradicted(checkpoint, note, error.reason, now)
        try:
            repeated = self.mirror.repeated(known, self._source.get)
        except LedgerError:
            self.mirror.forget(before)  # what was not compared was not read
            raise
        self.note = note
        if repeated is not None:
            first, second = repeated
            return self._seen("repeated", now, f"the tag of entry {first} was given to entry {second} again", note)
        return self._seen("grown", now, f"{checkpoint.size - known} entries more")

    def _contradicted(self, checkpoint: Checkpoint, note: str, reason: str, now: datetime) -> Observation:
        """Tell a log that signed another history from one whose entries were damaged on the way: that convicts nobody."""
        known, root = self.mirror.size, self.mirror.frontier.root()
        if known and self._root_within(known, checkpoint.size, checkpoint.root) != root:
            return self._seen("fork", now, reason, self.note, note)
        return self._seen("gap", now, "the entries it serves are not those of the tree it signed", note)

    def _older(self, checkpoint: Checkpoint, note: str, now: datetime) -> Observation:
        """Tell an older checkpoint, which a cache may hold, from one that was never a part of what we read."""
        size, root = self.mirror.size, self.mirror.frontier.root()
        was = self._root_within(checkpoint.size, size, root) if checkpoint.size else EMPTY_ROOT
        if checkpoint.root != was:
            return self._seen("fork", now, "an older size with a root that never was", self.note, note)
        self.behind = self.behind or now
        told = f"it shows {checkpoint.size} entries, and had {size} before"
        if now - self.behind > PATIENCE:
            return self._seen("back", now, told, self.note, note)
        return self._seen("stale", now, told)

    def _root_within(self, old: int, size: int, root: bytes) -> bytes:
        """Return the root that the tree of `size` with this root had at size `old`, at least 1.

        Raises ProofInvalid where the tiles do not prove it: they are not those of the tree. What it returns can be denied
        by nobody.
        """
        nodes = TileReader(size, self._source.get).nodes
        was = tree_root(old, nodes)
        verify_consistency(old, size, consistency_proof(old, size, nodes), was, root)
        return was

    def _seen(self, kind: Kind, now: datetime, reason: str = "", *notes: str) -> Observation:
        return Observation(kind, now, self.mirror.size, reason, tuple(note for note in notes if note))
