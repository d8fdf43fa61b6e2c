"""How the log stands on its chain, as the anchorer last saw it, and what connects that with any checkpoint."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ledger.anchor import store
from ledger.anchor.reading import PublishedLog
from ledger.anchor.store import Look
from ledger.checkpoints import Checkpoint
from ledger.log_objects import read_checkpoint, tile_fetch
from ledger.notes import SignedNote
from ledger.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Anchored:
    """What was last seen. proof: between the asked size and the anchored one; since: when the asked entry was first in it."""

    look: Look
    proof: tuple[bytes, ...] = ()
    since: datetime | None = None


def anchored(session: Session, objects: ObjectStore, index: int, size: int) -> Anchored | None:
    """Return how the log stands on its chain, None where nobody has looked at one.

    index: an entry; size: of a checkpoint, at least 1. Raises ObjectMissing before anything is published, what the store
    raises, and FatalLedgerError if a tile is missing.
    """
    look = store.look(session)
    if look is None or look.size == 0:
        return None if look is None else Anchored(look)
    checkpoint = Checkpoint.parse(SignedNote.parse(read_checkpoint(objects)).text)
    log = PublishedLog(checkpoint, tile_fetch(objects))
    old, new = sorted([size, look.size])
    # What lies beyond the published log cannot be proved: without a proof it is taken for another log.
    proof = log.proof(old, new) if old < new <= checkpoint.size else ()
    first = store.first_anchor_over(session, look.chain, index + 1)
    return Anchored(look, proof, None if first is None else first.seen_at)
