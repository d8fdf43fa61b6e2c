"""The province's node: what it cosigns as a witness also becomes entries of its own log.

    1. A city's log asks for a cosignature, as of any witness: its checkpoint is checked and kept (`witness.py`).
    2. Now and then the latest checkpoint of every city that has grown is appended to the province's log.
    3. Where each of them stands is remembered, so that anybody can be given the proof.

Not every checkpoint becomes an entry: a busy city publishes one a second, and the next one that does proves all before it.
A crash between 2 and 3 appends the same checkpoint once more, which does no harm: both entries say the same.
"""

import logging
import threading
from datetime import UTC, datetime
from typing import Final

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote
from ledger.formats.tlog_proof import TlogProof
from ledger.log.log import Log
from ledger.log.sequencer import PASSING
from ledger.log.served import read_checkpoint, tile_fetch
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.tree.merkle import inclusion_proof
from ledger.tree.tiles import TileReader
from ledger.witness.errors import WitnessOriginUnknown, WitnessUnable
from ledger.witness.provincial_proof import CityCheckpointUnusable, city_entry
from ledger.witness.store import WitnessStore

_LOG: Final = logging.getLogger(__name__)


class ProvincialLog:
    """Appends what the province's witness has cosigned to the province's log; one of these runs at a time."""

    def __init__(self, store: WitnessStore, log: Log) -> None:
        self._store = store
        self._log = log

    def run_once(self, now: datetime) -> int:
        """Append the latest checkpoint of every city that has grown, and publish; return how many there were.

        Raises WitnessUnable, FatalLedgerError, and what the log's database and object store raise.
        """
        with self._store.reading() as memory:
            grown = [(origin, memory.latest(origin)) for origin in memory.ungathered()]
        entries: dict[tuple[str, int], bytes] = {}
        for origin, latest in grown:
            try:
                entries[origin, latest.size] = city_entry(latest.note)
            except CityCheckpointUnusable as error:
                _LOG.warning("%s: %s", origin, error)
        if entries:
            indices = self._log.append(list(entries.values()), now)
            with self._store.exclusive() as memory:
                for (origin, size), index, entry in zip(entries, indices, entries.values(), strict=True):
                    memory.gathered(origin, size, index, entry)
        self._log.finish(now)
        return len(entries)

    def run(self, stop: threading.Event, interval: float = 60.0) -> None:
        """Do so every `interval` seconds until told to stop; raises FatalLedgerError."""
        while not stop.is_set():
            try:
                self.run_once(datetime.now(UTC))
            except (*PASSING, WitnessUnable) as error:
                _LOG.warning("the province's log tries again: %s", error)
            stop.wait(interval)


def city_proof(store: WitnessStore, objects: ObjectStore, origin: str, size: int) -> TlogProof:
    """Return the proof that the province's log holds the first checkpoint of a city that has at least this size.

    Raises WitnessOriginUnknown while it holds none that is published.
    """
    with store.reading() as memory:
        found = memory.gathered_from(origin, size)
    if found is None:
        raise WitnessOriginUnknown
    index, entry = found
    try:
        note = read_checkpoint(objects)
    except ObjectMissing as error:
        raise WitnessOriginUnknown from error
    checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
    if index >= checkpoint.size:
        raise WitnessOriginUnknown  # appended a moment ago
    reader = TileReader(checkpoint.size, tile_fetch(objects))
    return TlogProof(index, inclusion_proof(index, checkpoint.size, reader.nodes), note, entry)
