"""Opaque entries: a log of another's entries, alone and among events; and a checkpoint that never goes back."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger import store
from ledger.errors import FatalLedgerError
from ledger.formats.bundles import MAX_ENTRY, EntryTooLong
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner, VkeyInvalid
from ledger.log import log as module
from ledger.log.log import Log, sound
from ledger.log.sequencer import Sessions
from ledger.log.served import read_checkpoint, tile_fetch
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectMissing, ObjectStore, ObjectStoreUnavailable
from ledger.tree.frontier import EMPTY
from ledger.tree.merkle import leaf_hash
from ledger.tree.tiles import TileReader
from tests.ledger import reference_tree as reference
from tests.ledger.audit import published
from tests.ledger.local_keys import ORIGIN, Ed25519Signer, MemoryWrapper, P256Signer
from tests.ledger.recording import NOW, SIGNER, nested, new_subjects, record_events, sequencer


def open_log(sessions: Sessions, objects: ObjectStore, **members: object) -> Log:
    return Log(sessions=sessions, objects=objects, signer=SIGNER, origin=ORIGIN, **members)  # type: ignore[arg-type]


def logged(objects: ObjectStore) -> list[bytes]:
    """Return the entries of the published log, every tile of which is compared with them."""
    checkpoint = published(objects)
    reader = TileReader(checkpoint.size, tile_fetch(objects))
    entries = [reader.entry(index) for index in range(checkpoint.size)]
    leaves = [leaf_hash(entry) for entry in entries]
    assert [reader.nodes(0, index) for index in range(checkpoint.size)] == leaves
    assert reader.root() == checkpoint.root == reference.mth(leaves)
    return entries


def numbered(start: int, count: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(start, start + count)]


@pytest.mark.parametrize("sizes", [(1,), (255, 1, 1), (3000, 1), (0, 5), (700, 700, 700)])
def test_opaque_entries_get_the_next_indices(session: Session, objects: ObjectStore, sizes: Sequence[int]) -> None:
    log, size = open_log(nested(session), objects), 0
    for count in sizes:
        assert log.append(numbered(size, count), NOW) == range(size, size + count)
        size += count
        if count % 2:
            log.finish(NOW)
    log.finish(NOW)
    assert logged(objects) == numbered(0, size)
    assert not log.finish(NOW), "there is nothing left to do"


def test_what_is_appended_is_published_by_whoever_comes_next(session: Session, objects: ObjectStore) -> None:
    open_log(nested(session), objects).append([b"a"], NOW)
    assert published(objects) == Checkpoint(ORIGIN, 0, reference.mth([]))
    sequencer(nested(session), objects, MemoryWrapper()).run_once(NOW)
    assert logged(objects) == [b"a"]


def test_events_and_opaque_entries_share_a_log(session: Session, objects: ObjectStore) -> None:
    wrapper = MemoryWrapper()
    leader = sequencer(nested(session), objects, wrapper)
    subjects = new_subjects(session, wrapper, 3)
    places: list[int] = []
    for number in range(5):
        places += leader.log.append(numbered(number, 100), NOW)
        record_events(session, wrapper, subjects)
        leader.run_once(NOW)
    entries = logged(objects)
    assert [entries[place] for place in places] == [entry for number in range(5) for entry in numbered(number, 100)]
    events = session.execute(text("SELECT entry_index, tag, commitment FROM ledger.events")).all()
    assert {row.entry_index for row in events} == set(range(515)) - set(places)
    assert all(entries[row.entry_index] == b"elicence/entry/v1\n" + row.tag + row.commitment for row in events)


def test_an_entry_that_no_bundle_can_hold_is_refused(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    with pytest.raises(EntryTooLong):
        log.append([b"a", bytes(MAX_ENTRY + 1)], NOW)
    assert log.append([bytes(MAX_ENTRY)], NOW) == range(1)
    log.finish(NOW)
    assert logged(objects) == [bytes(MAX_ENTRY)]


def test_a_log_that_has_much_to_catch_up_on_goes_step_by_step(
    session: Session, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The objects at the end are those of one step, and a crash between two steps costs nothing."""
    monkeypatch.setattr(module, "STRIDE", 512)
    log = open_log(nested(session), objects)
    log.append(numbered(0, 100), NOW)
    log.finish(NOW)
    log.append(numbered(100, 1900), NOW)

    class Tired:
        def __init__(self) -> None:
            self.left = 2
            self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete
            self.put, self.swap = objects.put, objects.swap

        def put_all(self, given: Mapping[str, bytes]) -> None:
            if not self.left:
                raise ObjectStoreUnavailable(reason="tired")
            self.left -= 1
            objects.put_all(given)

    with pytest.raises(ObjectStoreUnavailable):
        open_log(nested(session), Tired()).finish(NOW)
    assert published(objects).size == 100
    log.finish(NOW)
    assert logged(objects) == numbered(0, 2000)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE ledger.opaque_entries SET entries = overlay(entries PLACING 'x'::bytea FROM 9)", "root of the head"),
        ("UPDATE ledger.opaque_entries SET entries = substring(entries FROM 1 FOR 20)", "damaged"),
        ("DELETE FROM ledger.opaque_entries", "there are 0"),
        ("UPDATE ledger.opaque_entries SET start = 1", "there are 9"),
    ],
)
def test_rows_that_do_not_give_the_head_stop_the_log(
    session: Session, objects: ObjectStore, statement: str, reason: str
) -> None:
    log = open_log(nested(session), objects)
    log.append(numbered(0, 10), NOW)
    session.execute(text(statement))
    with pytest.raises(FatalLedgerError, match=reason):
        log.finish(NOW)
    assert set(objects.keys("log/")) == {"log/checkpoint"}


def test_an_index_that_was_given_already_stops_the_log(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    session.execute(text("UPDATE ledger.opaque_entries SET start = 1"))
    with pytest.raises(FatalLedgerError, match="given twice"):
        log.append([b"b"], NOW)


def set_back(session: Session, size: int) -> None:
    """Make the database the copy of itself that it was at a size."""
    edge = EMPTY.extend([leaf_hash(entry) for entry in numbered(0, size)])
    session.execute(text("DELETE FROM ledger.opaque_entries WHERE start >= :size"), {"size": size})
    session.execute(
        text("UPDATE ledger.log_head SET size = :size, root = :root, frontier = :edge"),
        {"size": size, "root": edge.root(), "edge": edge.to_bytes()},
    )


@pytest.mark.parametrize("back", [10, 30, 230, 500])
def test_a_copy_that_has_outgrown_what_it_lost_is_no_continuation(
    session: Session, objects: ObjectStore, back: int
) -> None:
    """The database failed over to an older copy, and others gave the lost indices anew before anybody compared."""
    log = open_log(nested(session), objects)
    for number in range(0, 1000, 10):
        log.append(numbered(number, 10), NOW)
    log.finish(NOW)
    before = {key: objects.get(key) for key in objects.keys("log/")}
    set_back(session, 1000 - back)
    entries = [b"other %d" % number for number in range(back + 40)]
    with pytest.raises(FatalLedgerError, match="set back"):
        log.append(entries, NOW)  # who has published it knows it at once
    with session.begin_nested():
        head = sound(store.lock_head(session))
        log.move_head(session, head, [leaf_hash(entry) for entry in entries], NOW)
        store.insert_opaque(session, head.size, entries, NOW)
    with pytest.raises(FatalLedgerError, match="root of the head" if back > 232 else "not those that were published"):
        open_log(nested(session), objects).finish(NOW)  # and who has not, by the tiles
    assert {key: objects.get(key) for key in objects.keys("log/")} == before


def test_a_checkpoint_that_went_back_under_a_leader_stops_it(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    log.finish(NOW)
    one = read_checkpoint(objects)
    log.append([b"b"], NOW)
    log.finish(NOW)
    objects.put("log/checkpoint", one.encode())
    with pytest.raises(FatalLedgerError, match="went back from 2 entries to 1"):
        log.finish(NOW)


def test_witnesses_are_asked_between_tiles_and_checkpoint(session: Session, objects: ObjectStore) -> None:
    asked: list[set[str]] = []

    def cosign(note: str) -> str:
        asked.append(set(objects.keys("log/")))
        return note + "— witness.test/w AAAAAAAA\n"

    log = open_log(nested(session), objects, cosign=cosign)
    log.append([b"a"], NOW)
    log.finish(NOW)
    assert asked == [set(), {"log/checkpoint", "log/tile/0/000.p/1", "log/tile/entries/000.p/1"}]
    assert read_checkpoint(objects).endswith("\n— witness.test/w AAAAAAAA\n")
    assert not log.finish(NOW), "the lines of witnesses do not confuse us"


class Overtaken:
    """An object store in which another leader publishes right before our swap."""

    def __init__(self, objects: ObjectStore, note: str | None) -> None:
        self._objects, self._note = objects, note
        self.get, self.keys, self.delete = objects.get, objects.keys, objects.delete
        self.put, self.put_all = objects.put, objects.put_all

    def swap(self, key: str, expected: bytes | None, data: bytes) -> None:
        note, self._note = self._note, ""
        if note is None:
            self._objects.delete(key)
        elif note:
            self._objects.put(key, note.encode())
        self._objects.swap(key, expected, data)


def test_a_leader_that_is_overtaken_by_less_publishes_all_the_same(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    log.finish(NOW)
    one = read_checkpoint(objects)
    log.append([b"b"], NOW)
    log.finish(NOW)
    two = read_checkpoint(objects)
    log.append([b"c"], NOW)
    objects.put("log/checkpoint", one.encode())
    open_log(nested(session), Overtaken(objects, two)).finish(NOW)
    assert logged(objects) == [b"a", b"b", b"c"]


def test_a_leader_that_is_overtaken_by_more_lets_it_stand(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    larger = NoteSigner(ORIGIN, SIGNER).sign(Checkpoint(ORIGIN, 9, bytes(32)).text)
    open_log(nested(session), Overtaken(objects, larger)).finish(NOW)
    assert published(objects).size == 9
    with pytest.raises(FatalLedgerError, match="set back"):
        log.finish(NOW)  # only the next look can tell that the database never had them


def test_a_checkpoint_that_is_lost_under_our_hands_is_not_made_anew(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    with pytest.raises(FatalLedgerError, match="gone"):
        open_log(nested(session), Overtaken(objects, None)).finish(NOW)
    with pytest.raises(FatalLedgerError, match="gone"):
        open_log(nested(session), objects).append([b"b"], NOW)


def test_a_checkpoint_of_strange_origin_is_never_replaced(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([b"a"], NOW)
    foreign = NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).sign(Checkpoint(ORIGIN, 9, bytes(32)).text)
    with pytest.raises(FatalLedgerError, match="not one of this log"):
        open_log(nested(session), Overtaken(objects, foreign)).finish(NOW)
    assert read_checkpoint(objects) == foreign


def test_many_append_at_once(database: Database, objects: LocalObjects) -> None:
    """Each gets indices of its own, whoever publishes."""

    def work(worker: int) -> list[tuple[int, bytes]]:
        log, found = open_log(lambda: database.session(Role.WORKER), objects), []
        for number in range(12):
            given = [b"%d %d %d" % (worker, number, part) for part in range(7 * worker + 1)]
            found += list(zip(log.append(given, NOW), given, strict=True))
            if number % 3 == worker % 3:
                log.finish(NOW)
        return found

    with ThreadPoolExecutor(4) as pool:
        placed = dict(pair for found in pool.map(work, range(4)) for pair in found)
    open_log(lambda: database.session(Role.WORKER), objects).finish(NOW)
    assert logged(objects) == [placed[index] for index in range(12 * (1 + 8 + 15 + 22))]


def test_a_process_that_sleeps_in_its_swap_keeps_others_out_and_no_longer(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("objects")
    mine, theirs = LocalObjects(folder), LocalObjects(folder, patience=0.0)
    mine.swap("log/checkpoint", None, b"1")
    asleep, wake = threading.Event(), threading.Event()

    class Sleepy(LocalObjects):
        def put(self, key: str, data: bytes) -> None:
            asleep.set()
            assert wake.wait(30)
            super().put(key, data)

    thread = threading.Thread(target=Sleepy(folder).swap, args=("log/checkpoint", b"1", b"2"))
    thread.start()
    assert asleep.wait(30)
    with pytest.raises(ObjectStoreUnavailable):
        theirs.swap("log/checkpoint", b"1", b"3")
    wake.set()
    thread.join(30)
    assert theirs.get("log/checkpoint") == b"2"
    theirs.swap("log/checkpoint", b"2", b"3")
    assert theirs.get("log/checkpoint") == b"3"


def test_a_signer_of_another_kind_is_refused(session: Session, objects: ObjectStore) -> None:
    with pytest.raises(VkeyInvalid):
        Log(sessions=nested(session), objects=objects, signer=P256Signer(), origin=ORIGIN)


class FirstLook:
    """An object store in which another leader begins the log just after our first look for its checkpoint."""

    def __init__(self, objects: ObjectStore, other: Log) -> None:
        self._objects, self._other, self._looked = objects, other, False

    def __getattr__(self, name: str) -> object:
        return getattr(self._objects, name)

    def get(self, key: str) -> bytes:
        if self._looked:
            return self._objects.get(key)
        self._looked = True
        self._other.append(numbered(0, 3), NOW)
        self._other.finish(NOW)
        raise ObjectMissing(key)


def test_a_log_that_another_began_meanwhile_is_no_contradiction(session: Session, objects: ObjectStore) -> None:
    sessions = nested(session)
    log = open_log(sessions, FirstLook(objects, open_log(sessions, objects)))  # type: ignore[arg-type]
    log.append(numbered(3, 2), NOW)
    log.finish(NOW)
    assert logged(objects) == numbered(0, 5)
