"""Three writers and two sequencers at one log, killed and stopped at random: nothing acknowledged may be lost or doubled.

A round: processes work for some tenths of a second, each of which may be killed with SIGKILL at any moment and followed by
another, or stopped for a while with SIGSTOP and woken when others have led. Then one sequencer finishes, and everything is
derived again. What a writer acknowledges it writes to a file after its commit, as a server would answer.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from uuid import UUID

from sqlalchemy import text

from api.database import Database
from api.schema import Role
from ledger.errors import FatalLedgerError
from ledger.events import Event, EventKind, new_event_id, record_many
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import SignedNote, Vkey
from ledger.fsck.fsck import ObjectFetch, check_own_log
from ledger.log.reader import LogReader
from ledger.log.sequencer import PASSING
from ledger.log.served import CHECKPOINT, PREFIX
from ledger.objects.objects import ObjectMissing
from ledger.tree.merkle import verify_consistency
from tests.ledger.local_keys import ACTOR
from tools.bench.ledger_room import ORIGIN, LedgerRoom

WRITERS = 3
SEQUENCERS = 2
_CONTEXT = get_context("fork")
_WHOLE = len(new_event_id(datetime.now(UTC)))  # what is shorter was being written when its writer was killed
_EVENTS = text("SELECT id, entry_index FROM ledger.events")


@dataclass
class Outcome:
    """What a round was and what it has shown: `findings` is empty if all is well."""

    acknowledged: int = 0
    entries: int = 0
    killed: int = 0
    stopped: int = 0
    checkpoints: int = 0
    findings: list[str] = field(default_factory=list)


class Rounds:
    """Rounds over one log, which grows from one to the next.

    `folder`: for the acknowledgements; `seconds`: the longest time that processes work.
    """

    def __init__(self, room: LedgerRoom, folder: Path, seconds: float = 0.5) -> None:
        self._room = room
        self._acknowledged = folder / "acknowledged"
        self._acknowledged.touch()
        self._seconds = seconds
        self._keys = room.subjects(5)
        self._vkey = Vkey.of(ORIGIN, room.signer)
        self._seen: list[Checkpoint] = []

    def run(self, rng: Random) -> Outcome:
        """Run one round and look at everything."""
        outcome = Outcome()
        works: list[Callable[[], None]] = [self._write] * WRITERS + [self._sequence] * SEQUENCERS
        crew = [_start(work) for work in works]
        with self._watching():
            end = time.monotonic() + rng.uniform(0.2, 1) * self._seconds
            while time.monotonic() < end:
                time.sleep(rng.uniform(0, 0.05))  # the moment of the blow, drawn at random: nothing waits for it
                self._strike(rng, works, crew, outcome)
        for process in crew:
            process.kill()
            process.join()
        self._look(outcome)
        return outcome

    def _strike(self, rng: Random, works: list[Callable[[], None]], crew: list[BaseProcess], outcome: Outcome) -> None:
        number = rng.randrange(len(crew))
        victim = crew[number]
        assert victim.pid is not None
        if rng.random() < 0.7:
            victim.kill()
            victim.join()
            outcome.killed += 1
            crew[number] = _start(works[number])
        else:
            os.kill(victim.pid, signal.SIGSTOP)
            time.sleep(rng.uniform(0, 0.1))  # others lead meanwhile
            os.kill(victim.pid, signal.SIGCONT)
            outcome.stopped += 1

    def _write(self) -> None:
        """Record until killed; what is acknowledged was committed."""
        rng, subjects = Random(os.urandom(8)), list(self._keys)
        database = Database(self._room.database.url, own_logins=True)
        acknowledgements = os.open(self._acknowledged, os.O_WRONLY | os.O_APPEND)
        while True:
            events = [_event(rng.choice(subjects)) for _ in range(rng.randint(1, 5))]
            try:
                with database.session(Role.APP, ACTOR) as session:
                    record_many(session, [(event, self._keys[event.subject]) for event in events], self._room.promiser)
            except PASSING:
                continue
            # A kill may cut a write off: the next line must not be glued to what is left of it.
            os.write(acknowledgements, b"\n" + b"".join(event.id.encode() + b"\n" for event in events))

    def _sequence(self) -> None:
        """Sequence until killed; a contradiction is written down like an acknowledgement, and found."""
        room = LedgerRoom(
            Database(self._room.database.url, own_logins=True),
            self._room.objects,
            self._room.signer,
            self._room.wrapper,
        )
        try:
            room.sequencer(batch=20).run(threading.Event(), interval=0.005, publish_every=0.02)
        except FatalLedgerError as error:
            with self._acknowledged.open("ab") as file:
                file.write(f"fatal: {error.reason}\n".encode())

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Note every checkpoint that is shown meanwhile."""
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.002):
                if (checkpoint := self._published()) is not None and self._seen[-1:] != [checkpoint]:
                    self._seen.append(checkpoint)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _published(self) -> Checkpoint | None:
        try:
            note = self._room.objects.get(PREFIX + CHECKPOINT)
        except ObjectMissing:
            return None
        return Checkpoint.parse(SignedNote.parse(note.decode()).text)

    def _look(self, outcome: Outcome) -> None:
        """Finish, and hold everything against everything."""
        sequencer = self._room.sequencer()
        while True:
            try:
                if not sequencer.run_once(datetime.now(UTC)):
                    break
            except PASSING:
                continue  # a killed process' connection still holds its lock for a moment
        with self._room.sessions() as session:
            rows = session.execute(_EVENTS).all()
        told = self._acknowledged.read_text().splitlines()
        lines = [line for line in told if len(line) >= _WHOLE or line.startswith("fatal")]
        placed = {row.id for row in rows if row.entry_index is not None}
        outcome.acknowledged, outcome.entries, outcome.checkpoints = len(lines), len(placed), len(self._seen)
        outcome.findings += [f"acknowledged and lost: {line}" for line in lines if line not in placed]
        if len(set(lines)) != len(lines):
            outcome.findings.append("acknowledged twice")
        if sorted(row.entry_index for row in rows) != list(range(len(rows))):
            outcome.findings.append("indices have gaps or doubles")
        report = check_own_log(
            self._room.sessions, self._room.objects, self._room.wrapper, self._vkey, datetime.now(UTC)
        )
        outcome.findings += [str(finding) for finding in report.findings]
        self._compare_checkpoints(outcome)

    def _compare_checkpoints(self, outcome: Outcome) -> None:
        """No checkpoint went back, and the log continues each of them."""
        sizes = [checkpoint.size for checkpoint in self._seen]
        if sizes != sorted(sizes):
            outcome.findings.append("a checkpoint went back")
        reader = LogReader.open(ObjectFetch(self._room.objects), self._vkey)
        for checkpoint in self._seen:
            if checkpoint.size:
                proof = reader.consistency(checkpoint.size)
                verify_consistency(checkpoint.size, reader.size, proof, checkpoint.root, reader.checkpoint.root)
        self._seen = self._seen[-1:]


def _event(subject: UUID) -> Event:
    now = datetime.now(UTC)
    return Event(id=new_event_id(now), kind=EventKind.VERIFIED, subject=subject, actor=ACTOR, at=now)


def _start(work: Callable[[], None]) -> BaseProcess:
    def run() -> None:
        try:
            work()
        finally:
            os._exit(0)  # what was inherited is the parent's to close

    process = _CONTEXT.Process(target=run, daemon=True)
    process.start()
    return process


def forget(room: LedgerRoom) -> LedgerRoom:
    """Begin a new log in the same database: a whole one is checked after every round."""
    with room.database.engine(Role.OWNER).begin() as connection:
        connection.execute(
            text("TRUNCATE ledger.events, ledger.opaque_entries, ledger.log_head, ledger.subjects CASCADE")
        )
    for key in list(room.objects.keys("")):
        room.objects.delete(key)
    return room
