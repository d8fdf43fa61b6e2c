"""How a log gets its checkpoints cosigned: all witnesses of a policy are asked at once, and nobody is waited for in vain.

    1. The tiles of the checkpoint are written: the consistency proofs come out of them.
    2. Every witness that has not cosigned is asked on a thread of its own, from the size that it knows.
    3. As soon as the quorum is reached, or can no longer be, only a short grace is waited; at the latest, the patience.
    4. The checkpoint is published with the cosignatures that are there. Without a quorum it says so by itself: whoever
       verifies sees the lines that are missing, and the log asks again until the quorum is there.

A witness that failed is left alone for a while. What comes late is remembered for the next time, and never for another
checkpoint than the one it was asked about.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Final

from ledger.errors import LedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import cosignatures
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, SignedNote
from ledger.formats.tlog_policy import KnownWitness, Policy, quorum
from ledger.log.served import CHECKPOINT, PREFIX
from ledger.objects.objects import ObjectChanged, ObjectMissing, ObjectStore, ObjectStoreUnavailable
from ledger.tree.merkle import Nodes, consistency_proof
from ledger.witness.client import HttpWitness, WitnessLink
from ledger.witness.errors import WitnessSilent
from ledger.witness.protocol import SIZE_TYPE, AddCheckpoint, Answer, answer_lines, size_answer

CLOCK_TOLERANCE: Final = timedelta(minutes=5)
_LOG: Final = logging.getLogger(__name__)
_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for the quorum; once it is there, for the others; until a witness that failed is asked again."""

    quorum: float = 2.0
    grace: float = 0.1
    pause: float = 10.0


@dataclass(slots=True)
class _Standing:
    """What we know of a witness: the size that it cosigned last, whether it is being asked, when it may be again."""

    witness: KnownWitness
    link: WitnessLink
    size: int = 0
    busy: bool = False
    not_before: float = 0.0


class Witnesses:
    """The witnesses of a policy that have an address.

    nodes: gives the nodes of our own tree of a size, whose tiles are written. links: the way to each witness, by name;
    by default over HTTP. Raises WitnessSilent for an address that is none.
    """

    def __init__(
        self,
        policy: Policy,
        nodes: Callable[[int], Nodes],
        *,
        links: Mapping[str, WitnessLink] | None = None,
        patience: Patience = Patience(),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._policy = policy
        self._nodes = nodes
        self._patience = patience
        self._clock = clock
        given = _links(policy) if links is None else links
        self._standings = {
            witness.name: _Standing(witness, given[witness.name])
            for witness in policy.witnesses
            if witness.name in given
        }
        self._guard = threading.Lock()

    def wants(self, note: str) -> bool:
        """Tell whether asking now may help a checkpoint that was published without its quorum."""
        found = quorum(note, self._policy)
        return not found.is_reached and any(self._may_be_asked(name) for name in found.missing)

    def cosign(self, note: str) -> str:
        """Return our signed checkpoint with the cosignatures that could be had; it never raises for what witnesses do."""
        checkpoint = Checkpoint.parse(SignedNote.parse(note).text)
        signed = {name for name, _ in quorum(note, self._policy).cosigned}
        answers: SimpleQueue[tuple[str, str | None]] = SimpleQueue()
        # Who has cosigned a larger one for us already cannot go back to this.
        asked = [
            name
            for name, standing in self._standings.items()
            if name not in signed and standing.size <= checkpoint.size and self._claim(name)
        ]
        for name in asked:
            self._begin(name, note, checkpoint, answers)
        lines = self._collect(set(asked), signed, answers)
        cosigned = note + "".join(lines[name] for name in asked if name in lines)
        if not quorum(cosigned, self._policy).is_reached:
            _LOG.warning("the checkpoint of size %d has no quorum of witnesses", checkpoint.size)
        return cosigned

    def run(self, objects: ObjectStore, stop: threading.Event, interval: float = 1.0) -> None:
        """Complete what was published without a quorum, until told to stop."""
        while not stop.wait(interval):
            try:
                self.complete(objects)
            except ObjectStoreUnavailable as error:
                _LOG.warning("the checkpoint waits for its quorum: %s", error)

    def complete(self, objects: ObjectStore) -> bool:
        """Ask again for the published checkpoint if it has no quorum; tell whether it gained a cosignature.

        A larger checkpoint that is published meanwhile stays. Raises what the object store raises.
        """
        try:
            published = objects.get(PREFIX + CHECKPOINT)
        except ObjectMissing:
            return False
        note = published.decode(errors="replace")
        try:
            if not self.wants(note):
                return False
            asked = self.cosign(note)
        except (NoteUnreadable, NoteSignatureInvalid):
            return False  # the log itself stops at a checkpoint that is not its own
        if asked == note:
            return False
        try:
            objects.swap(PREFIX + CHECKPOINT, published, asked.encode())
        except ObjectChanged:
            return False
        return True

    def _collect(
        self, waiting: set[str], signed: set[str], answers: "SimpleQueue[tuple[str, str | None]]"
    ) -> dict[str, str]:
        end = time.monotonic() + self._patience.quorum
        graced = False
        lines: dict[str, str] = {}
        while waiting:
            have = signed | lines.keys()
            if not graced and (self._policy.is_reached_by(have) or not self._policy.is_reached_by(have | waiting)):
                graced = True
                end = min(end, time.monotonic() + self._patience.grace)
            try:
                name, line = answers.get(timeout=max(0.0, end - time.monotonic()))
            except Empty:
                break
            waiting.discard(name)
            if line is not None:
                lines[name] = line
        return lines

    def _may_be_asked(self, name: str) -> bool:
        standing = self._standings.get(name)
        return standing is not None and not standing.busy and time.monotonic() >= standing.not_before

    def _claim(self, name: str) -> bool:
        # The sequencer and whoever completes an old checkpoint may come at the same time.
        with self._guard:
            if not self._may_be_asked(name):
                return False
            self._standings[name].busy = True
            return True

    def _begin(
        self, name: str, note: str, checkpoint: Checkpoint, answers: "SimpleQueue[tuple[str, str | None]]"
    ) -> None:
        standing = self._standings[name]

        def ask() -> None:
            line = None
            try:
                line = self._ask(standing, note, checkpoint)
            except LedgerError as error:
                standing.not_before = time.monotonic() + self._patience.pause
                _LOG.warning("%s", error)
            finally:
                standing.busy = False
                answers.put((name, line))

        # A daemon: a witness that keeps us hanging must not keep the process from ending.
        threading.Thread(target=ask, name=f"witness {name}", daemon=True).start()

    def _ask(self, standing: _Standing, note: str, checkpoint: Checkpoint) -> str:
        """Return the cosignature line of one witness; raises WitnessSilent, and what our own tiles raise."""
        name = standing.witness.name
        for _ in range(_TRIES):
            old = standing.size
            if old > checkpoint.size:
                # Not proved, so nothing stops for it; but either the witness errs or our log was set back.
                standing.size = 0
                raise WitnessSilent(name=name, reason=f"it says that it has cosigned size {old}, which is beyond ours")
            nodes = self._nodes(checkpoint.size)
            proof = consistency_proof(old, checkpoint.size, nodes) if 0 < old < checkpoint.size else ()
            answer = standing.link.ask(AddCheckpoint(old, proof, note).to_bytes())
            if answer.status == 200:
                line = self._line(standing.witness, note, answer)
                standing.size = checkpoint.size
                return line
            if answer.status != 409 or answer.media_type != SIZE_TYPE:
                raise WitnessSilent(name=name, reason=f"it answered {answer.status}")
            standing.size = _conflict(name, old, answer)
        raise WitnessSilent(name=name, reason="its size keeps changing")

    def _line(self, witness: KnownWitness, note: str, answer: Answer) -> str:
        """Return the witness's own line out of its answer, whatever else is in it."""
        try:
            signed = SignedNote(SignedNote.parse(note).text, answer_lines(answer.body))
            found = cosignatures(signed, [witness.key])
        except (NoteUnreadable, NoteSignatureInvalid) as error:
            raise WitnessSilent(name=witness.name, reason="its answer does not verify") from error
        if not found:
            raise WitnessSilent(name=witness.name, reason="it has signed with another key")
        if abs(found[0].at - self._clock()) > CLOCK_TOLERANCE:
            raise WitnessSilent(name=witness.name, reason="its clock and ours disagree")
        return found[0].line


def _links(policy: Policy) -> dict[str, WitnessLink]:
    return {
        witness.name: HttpWitness(witness.name, witness.url) for witness in policy.witnesses if witness.url is not None
    }


def _conflict(name: str, old: int, answer: Answer) -> int:
    """Return the size that a witness says it is at; raises WitnessSilent."""
    try:
        size = size_answer(answer.body)
    except ValueError as error:
        raise WitnessSilent(name=name, reason="its answer cannot be read") from error
    if size == old:
        raise WitnessSilent(name=name, reason=f"it says that our log has two roots for size {size}")
    return size
