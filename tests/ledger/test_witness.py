import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner, cosignatures
from ledger.formats.notes import NoteSigner, SignedNote
from ledger.witness.errors import (
    WitnessConflict,
    WitnessFork,
    WitnessLogUnsigned,
    WitnessOriginUnknown,
    WitnessProofInvalid,
    WitnessRequestUnreadable,
    WitnessUnable,
)
from ledger.witness.protocol import AddCheckpoint
from ledger.witness.store import Latest, WitnessMemory, WitnessStore
from ledger.witness.witness import Witness
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, MlDsa44Signer, SmallLog, second_opinion, witness_in

LOG = SmallLog()
FORK = SmallLog(branch="other ")

Made = tuple[Witness, WitnessStore, Cosigner]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return witness_in(tmp_path, LOG)


def request(old: int, proof: tuple[bytes, ...], note: str) -> bytes:
    return AddCheckpoint(old, proof, note).to_bytes()


def latest_size(store: WitnessStore) -> int:
    with store.reading() as memory:
        return memory.latest(LOG.origin).size


def test_a_log_is_followed(made: Made, tmp_path: Path) -> None:
    witness, store, cosigner = made
    old = 0
    for number, size in enumerate((1, 2, 2, 7, 8, 300)):
        now = NOW + timedelta(seconds=number)
        lines = witness.add_checkpoint(LOG.request(old, size), now)
        note = SignedNote.parse(LOG.note(size) + lines)
        assert [found.at for found in cosignatures(note, [cosigner.key])] == [now]
        assert second_opinion(note.text, lines, cosigner.key.text, tmp_path) == int(now.timestamp())
        assert latest_size(store) == size
        assert witness.latest_note(LOG.origin) == LOG.note(size) + lines
        old = size


def test_every_pair_of_sizes(tmp_path: Path) -> None:
    pairs = [(old, size) for size in range(9) for old in range(size + 1)]
    logs = {pair: SmallLog("city{}-{}.test/log".format(*pair)) for pair in pairs}
    witness, store, _ = witness_in(tmp_path, *logs.values())
    with store.exclusive() as memory:
        for (old, _), log in logs.items():
            memory.keep(log.origin, Latest(old, log.root(old), log.note(old), "", 0))
    for (old, size), log in logs.items():
        witness.add_checkpoint(log.request(old, size), NOW)


def test_the_statuses_of_the_specification(made: Made) -> None:
    witness, store, _ = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    stranger = SmallLog("unknown.test/log")
    impostor = SmallLog(seed=bytes([9]) * 32)
    tampered = LOG.note(8).replace("\n8\n", "\n9\n")
    proof, note = LOG.proof(5, 8), LOG.note(8)
    table: list[tuple[int, type[Exception], bytes]] = [
        (400, WitnessRequestUnreadable, b"old 5\n\nno note"),
        (400, WitnessRequestUnreadable, request(5, (), "text\n\n\u2014 a AAAAAAAA\n")),
        (400, WitnessRequestUnreadable, request(9, (), note)),
        (404, WitnessOriginUnknown, stranger.request(0, 5)),
        (403, WitnessLogUnsigned, impostor.request(5, 8)),
        (403, WitnessLogUnsigned, request(5, LOG.proof(5, 9), tampered)),
        (409, WitnessConflict, LOG.request(0, 8)),
        (409, WitnessConflict, LOG.request(4, 8)),
        (409, WitnessConflict, LOG.request(6, 8)),
        (409, WitnessFork, request(5, (), FORK.note(5))),
        (422, WitnessProofInvalid, request(5, (), note)),
        (422, WitnessProofInvalid, request(5, proof[:-1], note)),
        (422, WitnessProofInvalid, request(5, (*proof, bytes(32)), note)),
        (422, WitnessProofInvalid, request(5, (bytes(32), *proof[1:]), note)),
        (422, WitnessProofInvalid, FORK.request(5, 8)),
        (422, WitnessProofInvalid, request(5, (bytes(32),), LOG.note(5))),
    ]
    for status, error, body in table:
        with pytest.raises(error) as refused:
            witness.add_checkpoint(body, NOW)
        assert type(refused.value) is error
        answer = witness.answer(body, NOW)
        assert answer.status == status
        if status == 409:
            assert (answer.media_type, answer.body) == ("text/x.tlog.size", b"5\n")
        assert latest_size(store) == 5, "nothing was cosigned"
    witness.add_checkpoint(LOG.request(5, 8), NOW)


def test_from_size_0_there_is_no_proof(made: Made) -> None:
    witness, store, _ = made
    with pytest.raises(WitnessProofInvalid):
        witness.add_checkpoint(request(0, (bytes(32),), LOG.note(5)), NOW)
    assert latest_size(store) == 0
    with pytest.raises(WitnessConflict):
        witness.add_checkpoint(LOG.request(3, 5), NOW)


def test_an_empty_log_is_cosigned_and_has_one_root(made: Made) -> None:
    witness, _, _ = made
    witness.add_checkpoint(LOG.request(0, 0), NOW)
    with pytest.raises(WitnessFork):
        witness.add_checkpoint(request(0, (), LOG.signer.sign(Checkpoint(LOG.origin, 0, bytes(32)).text)), NOW)
    witness.add_checkpoint(LOG.request(0, 3), NOW)


def test_a_fork_is_kept_as_evidence(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    witness, store, _ = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    junk = "\u2014 somebody.test AAAAAAAA\n"
    for _ in range(2):
        with pytest.raises(WitnessFork):
            witness.add_checkpoint(request(5, (), FORK.note(5) + junk), NOW)
    with store.reading() as memory:
        (fork,) = memory.forks()
    assert (fork.origin, fork.size, fork.theirs) == (LOG.origin, 5, FORK.note(5)), "what strangers add is not kept"
    roots = {Checkpoint.open(note, {LOG.origin: LOG.signer.vkey}).root for note in (fork.ours, fork.theirs)}
    assert roots == {LOG.root(5), FORK.root(5)}, "each is signed by the log itself: it has convicted itself"
    assert "two roots" in caplog.text


def test_a_fork_is_evidence_wherever_the_request_starts_from(made: Made) -> None:
    witness, store, _ = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    for old in (0, 3):
        answer = witness.answer(FORK.request(old, 5), NOW)
        assert (answer.status, answer.body) == (409, b"5\n")
    with store.reading() as memory:
        assert [fork.theirs for fork in memory.forks()] == [FORK.note(5)]


def test_only_the_logs_own_lines_are_kept(made: Made) -> None:
    witness, _, _ = made
    junk = "\u2014 somebody.test AAAAAAAA\n" * 50
    lines = witness.add_checkpoint(request(0, (), LOG.note(5) + junk), NOW)
    assert witness.latest_note(LOG.origin) == LOG.note(5) + lines


def test_extension_lines_are_part_of_what_is_cosigned(made: Made) -> None:
    witness, _, cosigner = made
    note = LOG.note(5, ("extension",))
    lines = witness.add_checkpoint(request(0, (), note), NOW)
    assert len(cosignatures(SignedNote.parse(note + lines), [cosigner.key])) == 1


def test_a_log_may_change_its_key(made: Made) -> None:
    witness, store, _ = made
    successor = NoteSigner(LOG.origin, Ed25519Signer(bytes([3]) * 32))
    text = Checkpoint(LOG.origin, 6, LOG.root(6)).text
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    with pytest.raises(WitnessLogUnsigned):
        witness.add_checkpoint(request(5, LOG.proof(5, 6), successor.sign(text)), NOW)
    with store.exclusive() as memory:
        memory.watch(successor.vkey, NOW)
        memory.unwatch(LOG.signer.vkey)
    witness.add_checkpoint(request(5, LOG.proof(5, 6), successor.sign(text)), NOW)
    with pytest.raises(WitnessLogUnsigned):
        witness.add_checkpoint(LOG.request(6, 7), NOW)


def test_one_request_two_keys(tmp_path: Path) -> None:
    _, store, ed25519 = witness_in(tmp_path, LOG)
    mldsa = Cosigner("witness.test/w1", MlDsa44Signer())
    lines = Witness(store, ed25519, mldsa).add_checkpoint(LOG.request(0, 5), NOW)
    found = cosignatures(SignedNote.parse(LOG.note(5) + lines), [ed25519.key, mldsa.key])
    assert [one.key for one in found] == [ed25519.key, mldsa.key]
    # What one of the keys cannot cover is cosigned by none, and not remembered.
    with pytest.raises(WitnessRequestUnreadable):
        Witness(store, ed25519, mldsa).add_checkpoint(request(5, LOG.proof(5, 6), LOG.note(6, ("extension",))), NOW)
    assert latest_size(store) == 5


def test_a_clock_that_went_back_cosigns_nothing(made: Made) -> None:
    witness, store, _ = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    with pytest.raises(WitnessUnable):
        witness.add_checkpoint(LOG.request(5, 6), NOW - timedelta(minutes=1))
    assert witness.answer(LOG.request(5, 6), NOW - timedelta(minutes=1)).status == 503
    assert latest_size(store) == 5
    witness.add_checkpoint(LOG.request(5, 6), NOW)


def test_who_was_overtaken_while_it_waited_is_served_and_no_time_goes_back(made: Made) -> None:
    """Its moment was taken when it came, and it waited for the store: nothing is wrong with the clock."""
    witness, _, cosigner = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    lines = witness.add_checkpoint(LOG.request(5, 6), NOW - timedelta(seconds=2))
    (found,) = cosignatures(SignedNote.parse(LOG.note(6) + lines), [cosigner.key])
    assert found.at == NOW


def test_the_latest_of_a_log_that_was_never_cosigned(made: Made) -> None:
    witness, _, _ = made
    for origin in (LOG.origin, "unknown.test/log"):
        with pytest.raises(WitnessOriginUnknown):
            witness.latest_note(origin)


@pytest.mark.parametrize("persisted", [False, True])
def test_a_store_that_fails_gives_no_cosignature(
    made: Made, monkeypatch: pytest.MonkeyPatch, *, persisted: bool
) -> None:
    """Faults in pairs: it failed, and it failed but was stored all the same. Either way the log comes again and goes on."""
    witness, store, _ = made
    witness.add_checkpoint(LOG.request(0, 5), NOW)
    real = WitnessStore.exclusive

    @contextmanager
    def failing(self: WitnessStore) -> Iterator[WitnessMemory]:
        if persisted:
            with real(self) as memory:
                yield memory
        else:
            with suppress(ZeroDivisionError), real(self) as memory:
                yield memory
                raise ZeroDivisionError
        raise WitnessUnable(reason="the disk is gone")

    monkeypatch.setattr(WitnessStore, "exclusive", failing)
    assert witness.answer(LOG.request(5, 8), NOW).status == 503
    monkeypatch.undo()
    assert latest_size(store) == (8 if persisted else 5)
    again = witness.answer(LOG.request(5, 8), NOW)
    if persisted:
        assert (again.status, again.body) == (409, b"8\n")
        again = witness.answer(LOG.request(8, 8), NOW)
    assert again.status == 200


def test_of_many_at_once_none_takes_the_log_back(made: Made) -> None:
    """The race of the specification: every thread starts from size 1; one wins, the others learn where it is."""
    witness, store, cosigner = made
    witness.add_checkpoint(LOG.request(0, 1), NOW)
    begin = threading.Barrier(8)
    answers: dict[int, int] = {}

    def ask(size: int) -> None:
        body = LOG.request(1, size)
        begin.wait()
        answers[size] = witness.answer(body, NOW).status

    threads = [threading.Thread(target=ask, args=[size]) for size in range(2, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (won,) = [size for size, status in answers.items() if status == 200]
    assert sorted(answers.values()) == [200, *[409] * 7]
    assert latest_size(store) == won
    assert cosignatures(SignedNote.parse(witness.latest_note(LOG.origin)), [cosigner.key])
