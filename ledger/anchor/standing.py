"""How the log stands on its chain, as the anchorer last saw it, and what connects that with any checkpoint."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ledger.anchor import store
from ledger.anchor.reading import PublishedLog, same_log
from ledger.anchor.store import Look
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import Vkey
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Anchored:
    """What was last seen. since: when the asked entry was first in it.

    proof: between the asked size and the anchored one, None where the published log is too small to tell.
    """

    look: Look
    proof: tuple[bytes, ...] | None = ()
    since: datetime | None = None


def anchored(session: Session, objects: ObjectStore, index: int, checkpoint: Checkpoint, vkey: Vkey) -> Anchored | None:
    """Return how the log stands on its chain, None where nobody has looked at one.

    index: an entry; checkpoint: one of at least one entry that the log has signed; vkey: the log's key. Raises what the
    store raises, and FatalLedgerError if the published log itself does not hold: then nobody is accused of a fork.
    """
    look = store.look(session)
    if look is None or look.size == 0:
        return None if look is None else Anchored(look)
    first = store.first_anchor_over(session, look.chain, index + 1)
    since = None if first is None else first.seen_at
    if look.size == checkpoint.size:
        return Anchored(look, (), since)
    log = PublishedLog.read(tile_fetch(objects), vkey)
    old, new = sorted([checkpoint.size, look.size])
    if log is None or new > log.checkpoint.size:
        return Anchored(look, None, since)
    proof = log.proof(old, new)
    if not same_log(checkpoint.size, checkpoint.root, look.size, look.root, proof):
        log.require_sound(old, new)
    return Anchored(look, proof, since)
