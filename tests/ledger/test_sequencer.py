from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import entries
from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner, VkeyInvalid
from ledger.log.sequencer import Sequencer
from ledger.objects.objects import ObjectStore
from ledger.subjects import open_subject
from tests.ledger.audit import audit, published
from tests.ledger.local_keys import ORIGIN, Ed25519Signer, MemoryWrapper, P256Signer
from tests.ledger.recording import NOW, nested, new_subjects, record_events, sequencer


class Log:
    """A log inside the test's own transaction."""

    def __init__(self, session: Session, objects: ObjectStore) -> None:
        self.session, self.objects, self.wrapper = session, objects, MemoryWrapper()
        self.subjects = new_subjects(session, self.wrapper, 10)

    def record(self, count: int) -> list[str]:
        chosen = [self.subjects[number % 10] for number in range(count)]
        return [promise.event for promise in record_events(self.session, self.wrapper, chosen)]

    def sequencer(self, batch: int = 1000) -> Sequencer:
        return sequencer(nested(self.session), self.objects, self.wrapper, batch)

    def run(self, batch: int = 1000) -> int:
        return self.sequencer(batch).run_once(NOW)

    def audit(self) -> list[str]:
        return audit(self.session, self.objects, self.wrapper)

    def stored(self) -> dict[str, bytes]:
        return {key: self.objects.get(key) for key in self.objects.keys("log/")}


@pytest.fixture
def log(session: Session, objects: ObjectStore) -> Log:
    return Log(session, objects)


def test_an_empty_log_is_published_first(log: Log) -> None:
    assert log.run() == 0
    assert set(log.stored()) == {"log/checkpoint"}
    assert published(log.objects) == Checkpoint(
        ORIGIN, 0, bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    )


def test_events_enter_in_the_order_of_recording_and_are_published(log: Log) -> None:
    recorded = log.record(25)
    assert log.run() == 25
    assert log.audit() == recorded
    assert set(log.stored()) == {"log/checkpoint", "log/tile/0/000.p/25", "log/tile/entries/000.p/25"}
    assert log.run() == 0


def test_a_batch_takes_no_more_than_its_size(log: Log) -> None:
    recorded = log.record(25)
    assert [log.run(batch=10) for _ in range(4)] == [10, 10, 5, 0]
    assert log.audit() == recorded


def test_many_events_of_one_subject_chain_within_and_across_batches(log: Log) -> None:
    subject = log.subjects[3]
    recorded = [promise.event for promise in record_events(log.session, log.wrapper, [subject] * 7)]
    assert log.run(batch=3) == 3
    assert log.run() == 4
    assert log.audit() == recorded
    seqs = log.session.execute(text("SELECT seq FROM ledger.events ORDER BY entry_index")).scalars().all()
    assert seqs == list(range(7))


@pytest.mark.parametrize("sizes", [(255, 1, 1), (256, 1), (257, 600), (1, 1000, 23)])
def test_the_log_grows_over_the_edges_of_tiles(log: Log, sizes: tuple[int, ...]) -> None:
    recorded: list[str] = []
    for size in sizes:
        recorded += log.record(size)
        assert log.run() == size
        before = log.stored()
        assert log.audit() == recorded
        assert log.run() == 0
        assert log.stored() == before, "what is finished is not written again"


def test_what_is_published_never_changes(log: Log) -> None:
    kept: dict[str, bytes] = {}
    for size in (100, 200, 3):
        log.record(size)
        log.run()
        stored = log.stored()
        assert {key: stored[key] for key in kept} == kept
        kept = {key: data for key, data in stored.items() if key != "log/checkpoint"}


@pytest.fixture
def grown(log: Log) -> Log:
    log.record(300)
    log.run()
    log.record(2)
    return log


def forged(size: int, root: bytes = bytes(32), origin: str = ORIGIN, seed: bytes = bytes(32)) -> Callable[[Log], None]:
    """Publish a checkpoint of our making."""

    def plant(log: Log) -> None:
        note = NoteSigner(origin, Ed25519Signer(seed)).sign(Checkpoint(origin, size, root).text)
        log.objects.put("log/checkpoint", note.encode())

    return plant


def sql(statement: str) -> Callable[[Log], None]:
    def plant(log: Log) -> None:
        log.session.execute(text(statement))

    return plant


def damaged(key: str) -> Callable[[Log], None]:
    return lambda log: log.objects.put(key, log.objects.get(key)[:-1] + bytes([log.objects.get(key)[-1] ^ 1]))


def cut(key: str) -> Callable[[Log], None]:
    return lambda log: log.objects.put(key, log.objects.get(key)[:-1])


def gone(key: str) -> Callable[[Log], None]:
    return lambda log: log.objects.delete(key)


def give_away_the_next_tag(log: Log) -> None:
    keys = open_subject(log.session, log.wrapper, log.subjects[0])
    log.session.execute(
        text("UPDATE ledger.events SET tag = :tag WHERE entry_index = 5"), {"tag": entries.tag(keys.tag, 30)}
    )


CONTRADICTIONS = {
    "the database was set back": (forged(301), "301 entries are published, the database knows 300"),
    "another root was published": (forged(300), "the root published for 300 entries"),
    "the checkpoint is gone": (gone("log/checkpoint"), "the published checkpoint is gone"),
    "the checkpoint has another's signature": (forged(300, seed=bytes([1]) * 32), "not one of this log"),
    "the checkpoint is of another log": (forged(300, origin="other.test/log"), "not one of this log"),
    "the checkpoint is not readable": (lambda log: log.objects.put("log/checkpoint", b"\xff"), "not one of this log"),
    "the checkpoint is older and of another tree": (forged(256), "root of the published checkpoint"),
    "a partial tile is damaged": (damaged("log/tile/0/001.p/44"), "root of the published checkpoint"),
    "a tile is cut": (cut("log/tile/0/001.p/44"), "missing or damaged"),
    "a tile above is damaged": (damaged("log/tile/1/000.p/1"), "root of the published checkpoint"),
    "a tile is gone": (gone("log/tile/1/000.p/1"), "missing or damaged"),
    "the database holds another log": (sql("UPDATE ledger.log_head SET origin = 'other.test/log'"), "the log other"),
    "the head has another root": (sql("UPDATE ledger.log_head SET root = sha256('x')"), "does not give the root"),
    "the head has another edge": (
        sql("UPDATE ledger.log_head SET frontier = overlay(frontier PLACING 'x'::bytea FROM 1)"),
        "does not give the root",
    ),
    "the head has another size": (sql("UPDATE ledger.log_head SET size = 299"), "edge"),
    "an entry was rewritten": (
        sql("UPDATE ledger.events SET commitment = sha256('x') WHERE entry_index = 260"),
        "root of the head",
    ),
    "an entry is gone": (sql("DELETE FROM ledger.events WHERE entry_index = 299"), "there are 45"),
    "an index was given before": (
        sql("UPDATE ledger.events SET entry_index = 300 WHERE entry_index = 5"),
        "given twice",
    ),
    "a tag was given before": (give_away_the_next_tag, "given twice"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_stops_everything_and_nothing_is_repaired(grown: Log, name: str) -> None:
    plant, reason = CONTRADICTIONS[name]
    plant(grown)
    before = grown.stored()
    for _ in range(2):
        with pytest.raises(FatalLedgerError, match=reason):
            grown.run()
        assert grown.stored() == before, "nothing was written, nothing published"


def test_what_can_never_be_placed_stops_nobody_else(grown: Log, caplog: pytest.LogCaptureFixture) -> None:
    """A key destroyed by hand, under events that wait: more of them than a batch has, and ahead of all others."""
    lost, living = grown.subjects[:2], grown.subjects[2]
    record_events(grown.session, grown.wrapper, lost * 8)
    grown.session.execute(
        text("UPDATE ledger.subjects SET key_ciphertext = NULL, tag_key = '', erased_at = now() WHERE id = ANY (:ids)"),
        {"ids": lost},
    )
    (promise,) = record_events(grown.session, grown.wrapper, [living])
    run = sequencer(nested(grown.session), grown.objects, grown.wrapper, batch=7)
    while run.run_once(NOW):
        continue
    waiting = grown.session.execute(text("SELECT id, subject_id FROM ledger.events WHERE entry_index IS NULL")).all()
    assert {row.subject_id for row in waiting} == set(lost)
    assert promise.event not in {row.id for row in waiting}
    assert sorted(record.levelname for record in caplog.records) == ["CRITICAL"] * 2
    assert all(any(str(subject) in record.getMessage() for record in caplog.records) for subject in lost)


def test_a_signer_of_another_kind_is_refused(session: Session, objects: ObjectStore) -> None:
    with pytest.raises(VkeyInvalid):
        Sequencer(
            sessions=nested(session), objects=objects, signer=P256Signer(), origin=ORIGIN, wrapper=MemoryWrapper()
        )
