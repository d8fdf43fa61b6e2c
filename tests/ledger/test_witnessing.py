"""How a log asks its witnesses: k of n, at once, never waiting in vain."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner
from ledger.formats.tlog_policy import Policy, quorum
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable
from ledger.witness.client import WitnessInProcess, WitnessLink
from ledger.witness.errors import WitnessSilent
from ledger.witness.protocol import AddCheckpoint, Answer
from ledger.witness.store import WitnessStore
from ledger.witness.witness import Witness
from ledger.witness.witnessing import Patience, Witnesses
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import NOW, MlDsa44Signer, SmallLog, witness_in

LOG = SmallLog()
FOR_EVER = Patience(quorum=60.0, grace=60.0, pause=0.0)


def now() -> datetime:
    return NOW


class Silent:
    def ask(self, _body: bytes) -> Answer:
        raise WitnessSilent(name="silent", reason="it is a test")


class Stuck:
    """Answers nothing until it is let go."""

    def __init__(self, link: WitnessLink) -> None:
        self.free = threading.Event()
        self.asked = 0
        self._link = link

    def ask(self, body: bytes) -> Answer:
        self.asked += 1
        assert self.free.wait(60)
        return self._link.ask(body)


class Canned:
    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.bodies: list[bytes] = []

    def ask(self, body: bytes) -> Answer:
        self.bodies.append(body)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


class Trio:
    """Three witnesses, two of whom are enough; the third signs with ML-DSA-44."""

    def __init__(self, folder: Path) -> None:
        made = [
            witness_in(folder, LOG, name=f"{name}.test", key=MlDsa44Signer() if name == "c" else None) for name in "abc"
        ]
        self.witnesses: list[Witness] = [witness for witness, _, _ in made]
        self.stores: list[WitnessStore] = [store for _, store, _ in made]
        self.cosigners: list[Cosigner] = [cosigner for _, _, cosigner in made]
        lines = [f"witness {name} {one.key.text}" for name, one in zip("abc", self.cosigners, strict=True)]
        self.policy = Policy.parse("\n".join([*lines, "group some 2 a b c", "quorum some"]).encode())
        self.links: dict[str, WitnessLink] = {
            name: WitnessInProcess(witness, now) for name, witness in zip("abc", self.witnesses, strict=True)
        }

    def asker(self, links: Mapping[str, WitnessLink] | None = None, patience: Patience = FOR_EVER) -> Witnesses:
        given = self.links if links is None else links
        return Witnesses(self.policy, LOG.nodes, links=given, patience=patience, clock=now)

    def size(self, index: int) -> int:
        with self.stores[index].reading() as memory:
            return memory.latest(LOG.origin).size


@pytest.fixture
def trio(tmp_path: Path) -> Trio:
    return Trio(tmp_path)


def signers(trio: Trio, note: str) -> list[str]:
    return [name for name, _ in quorum(note, trio.policy).cosigned]


@contextmanager
def freed(*stuck: Stuck) -> Iterator[None]:
    try:
        yield
    finally:
        for link in stuck:
            link.free.set()


def test_all_are_asked_and_the_log_goes_on(trio: Trio) -> None:
    asker = trio.asker()
    for size in (0, 1, 2, 9, 9, 40):
        note = asker.cosign(LOG.note(size))
        assert note.startswith(LOG.note(size)), "what the log signed is untouched"
        assert signers(trio, note) == ["a", "b", "c"]
        assert [trio.size(index) for index in range(3)] == [size] * 3


def test_a_log_that_was_restarted_learns_where_its_witnesses_are(trio: Trio) -> None:
    trio.asker().cosign(LOG.note(5))
    trio.witnesses[1].add_checkpoint(LOG.request(5, 7), NOW)
    assert signers(trio, trio.asker().cosign(LOG.note(9))) == ["a", "b", "c"]


def test_one_who_fails_is_done_without_and_left_alone_for_a_while(trio: Trio) -> None:
    asker = trio.asker({**trio.links, "b": Silent()}, Patience(60.0, 60.0, pause=3600.0))
    note = asker.cosign(LOG.note(5))
    assert signers(trio, note) == ["a", "c"]
    assert quorum(note, trio.policy).is_reached
    assert not asker.wants(note)


def test_a_smaller_checkpoint_that_comes_late_is_nobodys_fault(trio: Trio) -> None:
    """Whoever completes the published checkpoint may have read it before the sequencer had a larger one cosigned."""
    asker = trio.asker(patience=Patience(60.0, 60.0, pause=3600.0))
    asker.cosign(LOG.note(6))
    assert asker.cosign(LOG.note(5)) == LOG.note(5)
    assert signers(trio, asker.cosign(LOG.note(7))) == ["a", "b", "c"]


def test_a_policy_that_is_about_another_log_is_told(trio: Trio, caplog: pytest.LogCaptureFixture) -> None:
    listed = Policy.parse(f"log {SmallLog('other.test/log').vkey_text}\n{trio.policy.text}".encode())
    asker = Witnesses(listed, LOG.nodes, links=trio.links, patience=FOR_EVER, clock=now)
    assert signers(trio, asker.cosign(LOG.note(5))) == ["a", "b", "c"]
    assert "no quorum" in caplog.text


def test_without_a_quorum_the_checkpoint_is_what_it_is(trio: Trio, caplog: pytest.LogCaptureFixture) -> None:
    asker = trio.asker({"a": trio.links["a"], "b": Silent(), "c": Silent()})
    note = asker.cosign(LOG.note(5))
    assert signers(trio, note) == ["a"]
    assert not quorum(note, trio.policy).is_reached
    assert asker.wants(note)
    assert "no quorum" in caplog.text


def test_witnesses_without_an_address_are_not_asked(trio: Trio) -> None:
    asker = Witnesses(trio.policy, LOG.nodes)
    note = LOG.note(5)
    assert asker.cosign(note) == note
    assert not asker.wants(note)


def test_nobody_waits_for_more_than_the_quorum(trio: Trio) -> None:
    stuck = Stuck(trio.links["c"])
    with freed(stuck):
        asker = trio.asker({**trio.links, "c": stuck}, Patience(quorum=60.0, grace=0.0, pause=0.0))
        assert signers(trio, asker.cosign(LOG.note(5))) == ["a", "b"]
        # While it has not answered, it is not asked again.
        asker.cosign(LOG.note(6))
        assert stuck.asked <= 1


def test_nobody_waits_when_the_quorum_cannot_be_had(trio: Trio) -> None:
    stuck = Stuck(trio.links["c"])
    with freed(stuck):
        asker = trio.asker({"a": Silent(), "b": Silent(), "c": stuck}, Patience(quorum=60.0, grace=0.0, pause=0.0))
        note = LOG.note(5)
        assert asker.cosign(note) == note


def test_patience_ends(trio: Trio) -> None:
    stuck = {name: Stuck(link) for name, link in trio.links.items()}
    with freed(*stuck.values()):
        asker = trio.asker(stuck, Patience(quorum=0.05, grace=60.0, pause=0.0))
        note = LOG.note(5)
        assert asker.cosign(note) == note


def line_of(cosigner: Cosigner, size: int, at: datetime = NOW) -> bytes:
    return cosigner.cosign(Checkpoint(LOG.origin, size, LOG.root(size)), at).encode()


def ok(body: bytes) -> Answer:
    return Answer(200, "text/plain", body)


def test_answers_that_do_not_count(trio: Trio, caplog: pytest.LogCaptureFixture) -> None:
    own = trio.cosigners[0]
    stranger = Cosigner("a.test", Ed25519Signer(bytes([99]) * 32))
    size_type = "text/x.tlog.size"
    for answer in (
        ok(b""),
        ok(b"\xff\n"),
        ok(b"no line\n"),
        ok(line_of(own, 6)),
        ok(line_of(stranger, 5)),
        ok(line_of(own, 5, NOW + timedelta(hours=1))),
        ok(line_of(own, 5, NOW - timedelta(hours=1))),
        ok(line_of(own, 5)[:-1]),
        Answer(302, "text/plain", line_of(own, 5)),
        Answer(404, "text/plain", b"unknown\n"),
        Answer(422, "text/plain", b"proof\n"),
        Answer(409, "text/plain", b"3\n"),
        Answer(409, size_type, b""),
        Answer(409, size_type, b"0\n"),
        Answer(409, size_type, b"6\n"),
        Answer(409, size_type, b"99999999999999999999\n"),
    ):
        caplog.clear()
        note = LOG.note(5)
        assert trio.asker({"a": Canned(answer)}).cosign(note) == note
        assert "witness a " in caplog.text, "what was wrong is told"


def test_only_the_witnesss_own_line_is_taken(trio: Trio) -> None:
    junk = "\u2014 somebody.test AAAAAAAA\n".encode()
    note = trio.asker({"a": Canned(ok(junk + line_of(trio.cosigners[0], 5) + junk))}).cosign(LOG.note(5))
    assert note == LOG.note(5) + line_of(trio.cosigners[0], 5).decode()


def test_a_size_that_keeps_changing_ends(trio: Trio) -> None:
    answers = [Answer(409, "text/x.tlog.size", b"%d\n" % size) for size in (1, 2, 3, 4, 1)]
    link = Canned(*answers)
    note = LOG.note(5)
    assert trio.asker({"a": link}).cosign(note) == note
    assert 1 < len(link.bodies) < 9
    assert [AddCheckpoint.parse(body).old for body in link.bodies[:2]] == [0, 1]


def test_one_who_lied_about_its_size_is_believed_again(trio: Trio) -> None:
    class Liar:
        honest = False

        def ask(self, body: bytes) -> Answer:
            return (
                trio.links["a"].ask(body) if self.honest else Answer(409, "text/x.tlog.size", b"4611686018427387904\n")
            )

    liar = Liar()
    asker = trio.asker({"a": liar})
    assert signers(trio, asker.cosign(LOG.note(5))) == []
    liar.honest = True
    assert signers(trio, asker.cosign(LOG.note(6))) == ["a"]


@pytest.fixture
def objects(tmp_path: Path) -> ObjectStore:
    return LocalObjects(tmp_path / "objects")


def test_a_quorum_that_was_missing_is_completed(trio: Trio, objects: ObjectStore) -> None:
    links = dict(trio.links)
    asker = trio.asker({"a": trio.links["a"], "b": Silent(), "c": Silent()})
    objects.put("log/checkpoint", asker.cosign(LOG.note(5)).encode())
    assert not trio.asker({"b": Silent()}).complete(objects)
    assert trio.asker(links).complete(objects)
    note = objects.get("log/checkpoint").decode()
    assert signers(trio, note) == ["a", "b", "c"]
    assert not trio.asker(links).complete(objects), "there is nothing left to do"


def test_completing_never_replaces_a_larger_checkpoint(trio: Trio, objects: ObjectStore) -> None:
    class Overtaken:
        def ask(self, body: bytes) -> Answer:
            objects.put("log/checkpoint", LOG.note(6).encode())
            return trio.links["a"].ask(body)

    objects.put("log/checkpoint", LOG.note(5).encode())
    assert not trio.asker({"a": Overtaken()}).complete(objects)
    assert objects.get("log/checkpoint").decode() == LOG.note(6)


def test_completing_where_there_is_nothing_or_something_else(trio: Trio, objects: ObjectStore) -> None:
    assert not trio.asker().complete(objects)
    objects.put("log/checkpoint", b"\xff no note")
    assert not trio.asker().complete(objects)


def test_it_completes_until_it_is_told_to_stop(trio: Trio, objects: ObjectStore) -> None:
    class Failing:
        """The store that is there, after it was not."""

        failed = threading.Event()

        def __getattr__(self, name: str) -> Any:
            if not self.failed.is_set():
                self.failed.set()
                raise ObjectStoreUnavailable(reason="it is a test")
            return getattr(objects, name)

    objects.put("log/checkpoint", LOG.note(5).encode())
    stop, store = threading.Event(), Failing()
    thread = threading.Thread(target=trio.asker().run, args=[store, stop, 0.01])
    thread.start()
    end = time.monotonic() + 60
    while not quorum(objects.get("log/checkpoint").decode(), trio.policy).is_reached and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert quorum(objects.get("log/checkpoint").decode(), trio.policy).is_reached
    assert store.failed.is_set()
