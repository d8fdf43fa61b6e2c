"""What becomes of a promise: kept and proved without opening anything, waiting, or admitted as broken."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger.errors import FatalLedgerError
from ledger.formats import canonical
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSignatureInvalid, NoteSigner, NoteUnreadable, NoteUntrusted
from ledger.formats.tlog_proof import ProofUnreadable, TlogProof
from ledger.fsck.fsck import ObjectFetch
from ledger.log.promise_keeping import Answer, PromisedEntry, PromiseKeeper, make_evidence, verify_evidence, verify_kept
from ledger.log.promises import Promise, Promiser, read_promise
from ledger.log.reader import LogReader
from ledger.objects.objects import ObjectStore
from ledger.subjects import SubjectErased, erase_subject
from ledger.tree.merkle import ProofInvalid
from tests.ledger.local_keys import ORIGIN, Ed25519Signer, MemoryWrapper
from tests.ledger.recording import NOW, SIGNER, nested, new_subjects, record_events, sequencer

VKEYS = {ORIGIN: NoteSigner(ORIGIN, SIGNER).vkey}
LATER = NOW + timedelta(minutes=10)


class Counter:
    """A log with a few kept promises, and the one who answers for it."""

    def __init__(self, session: Session, objects: ObjectStore) -> None:
        self.session, self.objects, self.wrapper = session, objects, MemoryWrapper()
        self.leader = sequencer(nested(session), objects, self.wrapper)
        self.subjects = new_subjects(session, self.wrapper, 3)
        self.kept = record_events(session, self.wrapper, self.subjects * 3)
        self.leader.run_once(NOW)

    def ask(self, promise: str, now: object = NOW) -> Answer:
        keeper = PromiseKeeper(ORIGIN, SIGNER, self.wrapper)
        reader = LogReader.open(ObjectFetch(self.objects), keeper.vkey)
        return keeper.answer(self.session, reader, promise, now)  # type: ignore[arg-type]


@pytest.fixture
def counter(session: Session, objects: ObjectStore) -> Counter:
    return Counter(session, objects)


def promised_in_vain(counter: Counter) -> Promise:
    """Return a promise of an event that was never recorded."""
    return Promiser(ORIGIN, SIGNER).promise("evt_" + "0" * 26, b"d" * 32, NOW)


def test_a_kept_promise_is_proved_and_nothing_is_opened(counter: Counter) -> None:
    for number, promise in enumerate(counter.kept):
        answer = counter.ask(promise.text)
        assert answer.fate == "kept"
        proof = TlogProof.parse(answer.text)
        assert verify_kept(read_promise(promise.text, VKEYS), proof, VKEYS).size == 9
        assert proof.index == number
        assert set(canonical.loads(proof.extra or b"")) == {"tag", "body_digest", "link_digest"}


def test_a_promise_waits_until_it_is_published_or_its_deadline_has_passed(counter: Counter) -> None:
    promise = record_events(counter.session, counter.wrapper, counter.subjects[:1])[0]
    assert counter.ask(promise.text).fate == "waiting"
    counter.leader.assign(NOW)
    assert counter.ask(promise.text).fate == "waiting", "it has its place, and nobody can see it"
    assert counter.ask(promise.text, promise.deadline).fate == "waiting"
    assert counter.ask(promise.text, promise.deadline + timedelta(microseconds=1)).fate == "broken"
    counter.leader.log.finish(NOW)
    assert counter.ask(promise.text, LATER).fate == "kept"


def test_a_broken_promise_convicts_without_asking_anybody(counter: Counter) -> None:
    promise = promised_in_vain(counter)
    answer = counter.ask(promise.text, LATER)
    assert answer.fate == "broken"
    broken = verify_evidence(make_evidence(promise.text, answer.text), VKEYS)
    assert (broken.promise.event, broken.promise.deadline, broken.at) == (promise.event, promise.deadline, LATER)
    published = LogReader.open(ObjectFetch(counter.objects), VKEYS[ORIGIN]).checkpoint
    assert (broken.size, broken.root) == (published.size, published.root)


def test_an_event_of_another_content_does_not_keep_a_promise(counter: Counter) -> None:
    kept = counter.kept[0]
    other = Promiser(ORIGIN, SIGNER).promise(kept.event, b"d" * 32, NOW)
    assert counter.ask(other.text, LATER).fate == "broken"


@pytest.mark.parametrize("seed", [1, 2])
def test_only_promises_of_this_log_are_answered(counter: Counter, seed: int) -> None:
    foreign = Promiser(ORIGIN, Ed25519Signer(bytes([seed]) * 32)).promise(counter.kept[0].event, b"d" * 32, NOW)
    with pytest.raises(NoteUntrusted):
        counter.ask(foreign.text)
    with pytest.raises(NoteUntrusted):
        counter.ask(Promiser("other.test/log", SIGNER).promise(counter.kept[0].event, b"d" * 32, NOW).text)
    with pytest.raises(NoteUnreadable):
        counter.ask("evt_1")


def test_what_the_database_says_must_stand_in_the_tiles(counter: Counter) -> None:
    counter.objects.put("log/tile/0/000.p/9", bytes(9 * 32))
    with pytest.raises(FatalLedgerError):
        counter.ask(counter.kept[0].text)


def test_after_an_erasure_nobody_can_answer(counter: Counter) -> None:
    with counter.session.begin_nested():
        erase_subject(counter.session, counter.wrapper, counter.subjects[0], NOW)
    with pytest.raises(SubjectErased):
        counter.ask(counter.kept[0].text)
    assert counter.ask(counter.kept[1].text).fate == "kept"


def test_a_proof_of_something_else_keeps_nothing(counter: Counter) -> None:
    promises = [read_promise(promise.text, VKEYS) for promise in counter.kept[:2]]
    proofs = [TlogProof.parse(counter.ask(promise.text).text) for promise in counter.kept[:2]]
    with pytest.raises(ProofInvalid):
        verify_kept(promises[0], proofs[1], VKEYS)
    moved = TlogProof(proofs[1].index, proofs[1].hashes, proofs[0].checkpoint, proofs[0].extra)
    with pytest.raises(ProofInvalid):
        verify_kept(promises[0], moved, VKEYS)
    root = Checkpoint(ORIGIN, 9, bytes(32))
    forged = NoteSigner(ORIGIN, Ed25519Signer(b"x" * 32)).sign(root.text)
    with pytest.raises(NoteUntrusted):
        verify_kept(promises[0], TlogProof(0, proofs[0].hashes, forged, proofs[0].extra), VKEYS)
    other = NoteSigner("other.test/log", SIGNER)
    elsewhere = other.sign(Checkpoint("other.test/log", 9, bytes(32)).text)
    with pytest.raises(ProofInvalid):
        verify_kept(
            promises[0],
            TlogProof(0, proofs[0].hashes, elsewhere, proofs[0].extra),
            {**VKEYS, "other.test/log": other.vkey},
        )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b'{"body_digest":"AA==","link_digest":"AA==","tag":"AA=="}',
        b'{"body_digest":1,"link_digest":2,"tag":3}',
        b'{"body_digest":"!","link_digest":"AA==","tag":"AA=="}',
    ],
)
def test_what_does_not_say_what_was_promised_is_unreadable(data: bytes) -> None:
    with pytest.raises(ProofUnreadable):
        PromisedEntry.parse(data)


def test_evidence_is_of_one_event_and_signed_twice(counter: Counter) -> None:
    promise = promised_in_vain(counter)
    denial = counter.ask(promise.text, LATER).text
    other = Promiser(ORIGIN, SIGNER).promise("evt_" + "1" * 26, b"d" * 32, NOW)
    early = _denied(denial.replace("T08:40:00.000000Z", "T08:30:30.000000Z"))
    for bad, error in [
        ("", NoteUnreadable),
        ("{}", NoteUnreadable),
        ("\ud800", NoteUnreadable),
        (make_evidence(other.text, denial), NoteUnreadable),
        (make_evidence(promise.text, promise.text), NoteUnreadable),
        (make_evidence(promise.text, early), NoteUnreadable),
        (make_evidence(promise.text, _denied(denial.replace("\n9\n", "\n09\n"))), NoteUnreadable),
        (make_evidence(promise.text, denial.replace("\n9\n", "\n8\n")), NoteSignatureInvalid),
        (make_evidence(promise.text, _denied(denial, b"x" * 32)), NoteUntrusted),
        (make_evidence(denial, denial), NoteUnreadable),
    ]:
        with pytest.raises(error):
            verify_evidence(bad, VKEYS)
    with pytest.raises(NoteUntrusted):
        verify_evidence(make_evidence(promise.text, denial), {})


def _denied(note: str, seed: bytes = bytes(32)) -> str:
    """Sign a changed denial as the log itself might."""
    return NoteSigner(ORIGIN, Ed25519Signer(seed)).sign(note.rpartition("\n\n")[0] + "\n")


def test_a_lost_row_breaks_its_promise(counter: Counter) -> None:
    """The event is gone, its entry is not: nobody can say which one it was."""
    counter.session.execute(text("DELETE FROM ledger.events WHERE id = :id"), {"id": counter.kept[4].event})
    assert counter.ask(counter.kept[4].text, LATER).fate == "broken"
