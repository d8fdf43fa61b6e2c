"""What becomes of a promise: the proof that it was kept, or the log's own word that it was not.

Whoever holds a promise may ask. The answer opens nothing: beside the promised body digest it needs only the tag and the
link digest to make the entry, and the inclusion proof to find it in the log.

    kept      a .tlog-proof whose extra line is {"tag", "body_digest", "link_digest"}
    broken    a note signed by the log: after the deadline, its tree of this size and root has no such entry

        elicence/broken-promise/v1
        <origin>
        <event id>
        <base64 of the promised body digest>
        <deadline, UTC>
        <time of the answer, UTC>
        <size of the published tree>
        <base64 of its root>

A log that gives neither, or a proof that does not hold, is convicted by the promise itself: whoever checks asks it and
sees. Two answers that contradict one another convict it too, for both are signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Self

from sqlalchemy.orm import Session

from ledger import entries, subjects
from ledger.entries import HASH_SIZE
from ledger.formats import base64_text, canonical
from ledger.formats.canonical import NotCanonical
from ledger.formats.checkpoints import Checkpoint, parse_number
from ledger.formats.notes import NoteSigner, NoteUnreadable, NoteUntrusted, SignedNote, Vkey
from ledger.formats.tlog_proof import ProofInvalid, ProofUnreadable, TlogProof
from ledger.log.promises import TIME_FORMAT, VerifiedPromise, read_promise
from ledger.log.reader import LogReader
from ledger.signing import KeyWrapper, Signer
from ledger.store import placed_events
from ledger.tree.merkle import leaf_hash, verify_inclusion

DENIAL: Final = "elicence/broken-promise/v1"
EVIDENCE: Final = "elicence/promise-evidence/v1"
_MEMBERS: Final = frozenset({"tag", "body_digest", "link_digest"})
Fate = Literal["kept", "waiting", "broken"]


@dataclass(frozen=True, slots=True)
class PromisedEntry:
    """What makes an entry out of a promise; all have 32 bytes."""

    tag: bytes
    body_digest: bytes
    link_digest: bytes

    @property
    def entry(self) -> bytes:
        """The entry as it must stand in the log."""
        return entries.encode(self.tag, entries.commitment(self.body_digest, self.link_digest))

    def to_bytes(self) -> bytes:
        """Return it as canonical JSON."""
        return canonical.dumps(
            {
                "tag": base64_text.encode(self.tag),
                "body_digest": base64_text.encode(self.body_digest),
                "link_digest": base64_text.encode(self.link_digest),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read it; raises ProofUnreadable."""
        try:
            members = canonical.loads(data)
            if not isinstance(members, dict) or set(members) != _MEMBERS:
                raise ProofUnreadable(reason="it does not say what was promised")
            found = cls(**{name: base64_text.decode(members[name]) for name in _MEMBERS})
        except (NotCanonical, ValueError, TypeError) as error:
            raise ProofUnreadable(reason="it does not say what was promised") from error
        if {len(found.tag), len(found.body_digest), len(found.link_digest)} != {HASH_SIZE}:
            raise ProofUnreadable(reason="it is not made of SHA-256 hashes")
        return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What the log answers about a promise of its own: the text of a proof, of a denial, or nothing as long as it waits."""

    fate: Fate
    promise: VerifiedPromise
    text: str = ""


class PromiseKeeper:
    """Answers about the promises of a log, in its name; raises VkeyInvalid unless the signer is Ed25519."""

    def __init__(self, origin: str, signer: Signer, wrapper: KeyWrapper) -> None:
        self._signer = NoteSigner(origin, signer)
        self._origin = origin
        self._wrapper = wrapper
        self.vkey = self._signer.vkey

    def answer(self, session: Session, reader: LogReader, note: str, now: datetime) -> Answer:
        """Say what became of a promise, as far as the published log tells.

        reader: of the published checkpoint, read before the session began. Raises NoteUnreadable, NoteUntrusted and
        NoteSignatureInvalid for what is no promise of this log, SubjectErased, and FatalLedgerError if the log
        contradicts the database.
        """
        promise = read_promise(note, {self._origin: self._signer.vkey})
        for event in placed_events(session, [promise.event], reader.size):
            keys = subjects.open_subject(session, self._wrapper, event.subject)
            place = event.place
            link = entries.link_digest(entries.link_salt(keys.salt, event.id), event.subject, place.seq, place.previous)
            promised = PromisedEntry(place.tag, promise.body_digest, link)
            if promised.entry == place.entry:
                return Answer("kept", promise, reader.inclusion(place.index, promised.to_bytes()).text)
        if now <= promise.deadline:
            return Answer("waiting", promise)
        return Answer("broken", promise, self._denial(promise, reader.checkpoint, now))

    def _denial(self, promise: VerifiedPromise, checkpoint: Checkpoint, now: datetime) -> str:
        lines = [
            DENIAL,
            self._origin,
            promise.event,
            base64_text.encode(promise.body_digest),
            promise.deadline.strftime(TIME_FORMAT),
            now.astimezone(UTC).strftime(TIME_FORMAT),
            str(checkpoint.size),
            base64_text.encode(checkpoint.root),
        ]
        return self._signer.sign("\n".join(lines) + "\n")


def verify_kept(promise: VerifiedPromise, proof: TlogProof, vkeys: Mapping[str, Vkey]) -> Checkpoint:
    """Check that a log contains what it has promised; return the checkpoint that says so.

    Raises ProofUnreadable, ProofInvalid, and what a checkpoint that is not the log's own raises.
    """
    promised = PromisedEntry.parse(proof.extra or b"")
    checkpoint = Checkpoint.open(proof.checkpoint, vkeys)
    if checkpoint.origin != promise.origin:
        raise ProofInvalid(reason="it is of another log than the promise")
    if promised.body_digest != promise.body_digest:
        raise ProofInvalid(reason="it is of something else than what was promised")
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(promised.entry), proof.hashes, checkpoint.root)
    return checkpoint


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A promise that its log admits not to have kept: when it said so, and of what tree."""

    promise: VerifiedPromise
    at: datetime
    size: int
    root: bytes


def make_evidence(promise: str, denial: str) -> str:
    """Return the file that convicts the log: its promise and its admission, both under its own signature."""
    return canonical.dumps({"v": EVIDENCE, "promise": promise, "denial": denial}).decode() + "\n"


def verify_evidence(text: str, vkeys: Mapping[str, Vkey]) -> BrokenPromise:
    """Check, without asking anybody, that a log has broken a promise; `vkeys`: the key of each origin.

    Raises NoteUnreadable, NoteUntrusted and NoteSignatureInvalid.
    """
    try:
        members = canonical.loads(text.removesuffix("\n").encode())
    except (NotCanonical, UnicodeEncodeError) as error:
        raise NoteUnreadable(reason="it is not the evidence of a broken promise") from error
    if not isinstance(members, dict) or members.get("v") != EVIDENCE or set(members) != {"v", "promise", "denial"}:
        raise NoteUnreadable(reason="it is not the evidence of a broken promise")
    if not isinstance(members["promise"], str) or not isinstance(members["denial"], str):
        raise NoteUnreadable(reason="it is not the evidence of a broken promise")
    promise = read_promise(members["promise"], vkeys)
    return _read_denial(members["denial"], promise, vkeys)


def _read_denial(note: str, promise: VerifiedPromise, vkeys: Mapping[str, Vkey]) -> BrokenPromise:
    signed = SignedNote.parse(note)
    lines = signed.text.split("\n")
    if len(lines) != 9 or lines[0] != DENIAL or lines[8]:
        raise NoteUnreadable(reason="it is not the admission of a broken promise")
    vkey = vkeys.get(lines[1])
    if vkey is None:
        raise NoteUntrusted
    signed.verify([vkey])
    told = [promise.origin, promise.event, base64_text.encode(promise.body_digest)]
    if lines[1:5] != [*told, promise.deadline.strftime(TIME_FORMAT)]:
        raise NoteUnreadable(reason="promise and admission are of two events")
    try:
        at = datetime.strptime(lines[5], TIME_FORMAT).replace(tzinfo=UTC)
        found = BrokenPromise(promise, at, parse_number(lines[6]), base64_text.decode(lines[7]))
    except ValueError as error:
        raise NoteUnreadable(reason="a line of the admission is damaged") from error
    if found.at <= promise.deadline or len(found.root) != HASH_SIZE:
        raise NoteUnreadable(reason="the admission is no later than the deadline")
    return found
