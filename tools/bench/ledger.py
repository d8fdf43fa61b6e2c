"""The ledger beside what nobody could leave out: hashing an entry once, on the same machine in the same run.

Every row of the log itself ends with a published checkpoint: entries are durable, tiles written, the head signed. The rate
at which this disk makes a small file durable stands beside each row as `fsync`.
"""

import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

from api.database import Database
from api.schema import Role
from ca.keys.software_signer import SoftwareSigner
from ledger.actor import Actor, Uscc
from ledger.entries import DOMAIN, ENTRY_SIZE
from ledger.events import Event, EventKind, new_event_id, record_many
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.fsck.fsck import ObjectFetch
from ledger.fsck.tiles import check_tiles
from ledger.log.reader import LogReader
from ledger.log.served import CHECKPOINT, PREFIX
from ledger.objects.local_objects import LocalObjects
from ledger.subjects import SubjectKeys
from ledger.tree.growth import grow
from ledger.tree.tiles import TileCache
from tools.bench import log_http
from tools.bench.house import Say
from tools.bench.ledger_room import ORIGIN, LedgerRoom, throwaway_ledger
from tools.bench.row import Row, rate

REFERENCE: Final = "SHA-256 of an entry"
_STRIDE: Final = 1 << 16
_BATCH: Final = 4000
_AGE: Final = 0.1
_ACTOR: Final = Actor(
    kind="system",
    id="bench-test",
    operator_unit=Uscc("11990100MB9T00038E"),
    on_behalf_of=Uscc("11990100MB9T00038E"),
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    entries: appended, in batches of `batch`; events: recorded, of `subjects` licences; requests: over HTTP, `clients` at
    a time; small, large: the logs out of which `proofs` proofs are made; checked: entries of the log that is checked.
    """

    entries: int = 500_000
    batch: int = 1000
    events: int = 60_000
    subjects: int = 2000
    requests: int = 20_000
    clients: int = 64
    small: int = 10_000
    large: int = 10_000_000
    proofs: int = 5000
    checked: int = 1_500_000


@dataclass(frozen=True, slots=True)
class _Machine:
    """What this machine does at the most: entries hashed, and files made durable, a second."""

    hashes: float
    syncs: float

    def row(self, name: str, ours: float, unit: str, **extra: float) -> Row:
        """Return a row beside both."""
        return Row(name, ours, unit, REFERENCE, self.hashes, (("fsync", round(self.syncs)), *extra.items()))


def rows(size: Size, say: Say) -> Iterator[Row]:
    """Measure appending, recording, proving and checking."""
    machine = _machine()
    with throwaway_ledger() as room:
        say("append-bulk")
        yield machine.row("append-bulk", _append(room, size), "entries/s")
        say("record-bulk")
        yield machine.row("record-bulk", _record(room, size), "events/s")
    with throwaway_ledger() as room:
        say("append-http")
        served, p99 = log_http.measure(room, size.requests, size.clients)
        yield machine.row("append-http", served, "entries/s", p99_ms=round(p99, 2))
    say("prove-10k, prove-10m")
    (small, fast), (large, slow) = _prove((size.small, size.large), size.proofs)
    yield machine.row("prove-10k", small, "proofs/s", p99_ms=round(fast, 3))
    yield machine.row("prove-10m", large, "proofs/s", p99_ms=round(slow, 3), growth=round(slow / fast, 2))
    say("fsck")
    yield machine.row("fsck", _check(size.checked), "entries/s")
    say("anchor-gas")
    yield _gas()


def _gas() -> Row:
    """Return what one anchor costs, beside the least that any transaction costs."""
    from ledger.anchor.rehearsal import anchor_gas

    found = anchor_gas()
    extra = (("deployment", float(found.deployment)), ("first", float(found.first)))
    return Row("anchor-gas", float(found.usual), "gas", "a plain transfer", 21_000.0, extra)


def _machine() -> _Machine:
    entry = DOMAIN + bytes(64)
    hashes = rate(lambda: [sha256(entry).digest() for _ in range(1000)], seconds=1.0) * 1000
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        objects = LocalObjects(Path(folder))
        syncs = rate(lambda: objects.put("one", entry), seconds=1.0)
    return _Machine(hashes, syncs)


def _append(room: LedgerRoom, size: Size) -> float:
    """Append opaque entries in batches; a checkpoint is published once a second, and at the end."""
    log = room.sequencer().log
    log.begin(datetime.now(UTC))
    batch = [secrets.token_bytes(ENTRY_SIZE) for _ in range(size.batch)]
    begin = published = time.perf_counter()
    for _ in range(size.entries // size.batch):
        log.append(batch, datetime.now(UTC))
        if time.perf_counter() - published >= 1.0:
            log.finish(datetime.now(UTC))
            published = time.perf_counter()
    log.finish(datetime.now(UTC))
    return size.entries / (time.perf_counter() - begin)


def _record(room: LedgerRoom, size: Size) -> float:
    """Record events from one process, as bulk work does, while the sequencer of this one gives them their places."""
    keys = room.subjects(size.subjects)
    sequencer = room.sequencer(batch=_BATCH)
    while sequencer.run_once(datetime.now(UTC)):
        pass
    context = get_context("fork")
    ready, go = context.Event(), context.Event()
    recorder = context.Process(target=_recorder, args=(room.database.url, keys, size.events, ready, go))
    recorder.start()
    ready.wait()
    begin = published = time.perf_counter()
    go.set()
    placed = 0
    while placed < size.events:
        taken = sequencer.assign(datetime.now(UTC))
        placed += taken
        if taken < _BATCH and placed < size.events:
            time.sleep(_AGE)  # as the sequencer does: a batch is taken when it is full, or by its age
        if time.perf_counter() - published >= 1.0:
            sequencer.log.finish(datetime.now(UTC))
            published = time.perf_counter()
    sequencer.log.finish(datetime.now(UTC))
    seconds = time.perf_counter() - begin
    recorder.join()
    return size.events / seconds


def _recorder(url: str, keys: dict[UUID, SubjectKeys], count: int, ready: object, go: object) -> None:
    from ledger.log.promises import Promiser

    database, subjects = Database(url, own_logins=True), list(keys)
    promiser = Promiser(ORIGIN, SoftwareSigner.generate("Ed25519"))
    with database.session(Role.WORKER):
        ready.set()  # type: ignore[attr-defined]
    go.wait()  # type: ignore[attr-defined]
    for first in range(0, count, 1000):
        now = datetime.now(UTC)
        events = [
            Event(
                id=new_event_id(now),
                kind=EventKind.VERIFIED,
                subject=subjects[number % len(subjects)],
                actor=_ACTOR,
                at=now,
                purpose="测试",
                case=f"case-{number}",
            )
            for number in range(first, min(first + 1000, count))
        ]
        with database.session(Role.WORKER) as session:
            record_many(session, [(event, keys[event.subject]) for event in events], promiser)
    database.close()


def _prove(logs: Sequence[int], proofs: int) -> list[tuple[float, float]]:
    """Make proofs of random entries out of files, each from the checkpoint on; return rate and p99 in ms of each log.

    The logs take turns, so that a machine that slows down slows down all of them.
    """
    with ExitStack() as stack:
        works = []
        for entries in logs:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="elicence-bench-")))
            works.append(_prover(folder, entries))
        times: list[list[float]] = [[] for _ in logs]
        for number in range(proofs + proofs // 5):
            for work, taken in zip(works, times, strict=True):
                begin = time.perf_counter()
                work()
                if number >= proofs // 5:  # after warm-up
                    taken.append(time.perf_counter() - begin)
    return [(1 / median(taken), 1000 * sorted(taken)[len(taken) * 99 // 100]) for taken in times]


def _prover(folder: Path, entries: int) -> Callable[[], object]:
    """Return the act of proving a random entry of a log of so many."""
    signer = NoteSigner(ORIGIN, SoftwareSigner.generate("Ed25519"))
    root = _write_tiles(folder, entries, bundles=False)
    objects = LocalObjects(folder)
    objects.put(PREFIX + CHECKPOINT, signer.sign(Checkpoint(ORIGIN, entries, root).text).encode())
    fetch, cache = ObjectFetch(objects), TileCache()
    return lambda: LogReader.open(fetch, signer.vkey, cache).inclusion(secrets.randbelow(entries)).text


def _check(entries: int) -> float:
    """Check all tiles of a log, on all cores."""
    with tempfile.TemporaryDirectory(prefix="elicence-bench-") as folder:
        root = _write_tiles(Path(folder), entries, bundles=True)
        begin = time.perf_counter()
        report = check_tiles(
            Checkpoint(ORIGIN, entries, root), ObjectFetch(LocalObjects(Path(folder))), jobs=os.cpu_count() or 1
        )
        seconds = time.perf_counter() - begin
        assert report.clean, report.findings
    return entries / seconds


def _write_tiles(folder: Path, entries: int, *, bundles: bool) -> bytes:
    """Write a log of random entries without waiting for the disk; return its root."""
    store, old, root = folder / PREFIX, 0, b""
    fetch: Callable[[str], bytes] = lambda path: (store / path).read_bytes()  # noqa: E731
    while old < entries:
        end = min(entries, old + _STRIDE)
        noise = secrets.token_bytes(64 * (end - old))
        new = [DOMAIN + noise[at : at + 64] for at in range(0, len(noise), 64)]
        growth = grow(old, end, new, fetch)
        for path, data in growth.objects.items():
            if bundles or not path.startswith("tile/entries"):
                (store / path).parent.mkdir(parents=True, exist_ok=True)
                (store / path).write_bytes(data)
        old, root = end, growth.root
    return root
