"""Whatever is planted is found, named, and told in both languages; what is sound is clean."""

from array import array
from collections.abc import Callable, Collection
from typing import get_args
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import store
from ledger.entries import DOMAIN
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner
from ledger.fsck import findings as fsck_findings
from ledger.fsck import tiles as fsck_tiles
from ledger.fsck.findings import Finding, What
from ledger.fsck.fsck import ObjectFetch, Report, check_log, check_own_log
from ledger.fsck.tiles import check_leftovers, check_tiles
from ledger.log.tidying import tidy
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectMissing, ObjectStore
from ledger.store import checking, head
from ledger.subjects import erase_subject
from tests.ledger.local_keys import ORIGIN, Ed25519Signer, MemoryWrapper
from tests.ledger.recording import NOW, SIGNER, nested, new_subjects, record_events, sequencer
from tests.ledger.test_log import numbered, open_log

VKEY = NoteSigner(ORIGIN, SIGNER).vkey


class Planted:
    """A log of 300 events, 30 opaque entries and 10 events that have their places and are not published."""

    def __init__(self, session: Session, objects: ObjectStore) -> None:
        self.session, self.objects, self.wrapper = session, objects, MemoryWrapper()
        leader = sequencer(nested(session), objects, self.wrapper)
        self.subjects = new_subjects(session, self.wrapper, 10)
        for number in range(3):
            record_events(session, self.wrapper, self.subjects * 10)
            leader.run_once(NOW)
            if number == 1:
                leader.log.append(numbered(0, 30), NOW)
        record_events(session, self.wrapper, self.subjects)
        leader.assign(NOW)

    def check(self) -> Report:
        return check_own_log(nested(self.session), self.objects, self.wrapper, VKEY, NOW)

    def sql(self, statement: str) -> None:
        self.session.execute(text(statement))

    def change(self, path: str) -> None:
        data = self.objects.get(f"log/{path}")
        self.objects.put(f"log/{path}", data[:-1] + bytes([data[-1] ^ 1]))

    def publish(self, size: int, root: bytes, origin: str = ORIGIN, seed: bytes = bytes(32)) -> None:
        note = NoteSigner(origin, Ed25519Signer(seed)).sign(Checkpoint(origin, size, root).text)
        self.objects.put("log/checkpoint", note.encode())


@pytest.fixture
def planted(session: Session, objects: ObjectStore) -> Planted:
    return Planted(session, objects)


def test_what_is_sound_is_clean_and_counted(planted: Planted) -> None:
    report = planted.check()
    assert report.clean
    assert report.counts == {
        "tiles": 5,
        "entries": 330,
        "events": 300,
        "old partial tiles": 6,
        "not yet published": 10,
    }


def test_an_empty_log_is_clean(session: Session, objects: ObjectStore) -> None:
    open_log(nested(session), objects).finish(NOW)
    report = check_own_log(nested(session), objects, MemoryWrapper(), VKEY, NOW)
    assert (report.findings, report.counts) == ([], {"entries": 0, "not yet published": 0})


def _event(number: int, change: str) -> Callable[[Planted], None]:
    """Change the row of the event that stands at an index."""
    return lambda log: log.sql(f"UPDATE ledger.events SET {change} WHERE entry_index = {number}")


def _swap_bodies(log: Planted) -> None:
    log.sql("""UPDATE ledger.events e SET body = o.body FROM ledger.events o
                WHERE e.entry_index = 7 AND o.entry_index = 17""")


def _forge_root(log: Planted) -> None:
    log.publish(330, bytes(32))


def _late(log: Planted) -> None:
    record_events(log.session, log.wrapper, log.subjects[:1])
    log.sql("UPDATE ledger.events SET deadline = recorded_at - interval '1 s' WHERE entry_index IS NULL")


PLANTED: dict[str, tuple[Callable[[Planted], None], set[str]]] = {
    "no checkpoint": (lambda log: log.objects.delete("log/checkpoint"), {"checkpoint.missing"}),
    "a stranger's checkpoint": (lambda log: log.publish(330, bytes(32), seed=b"x" * 32), {"checkpoint.unsigned"}),
    "another log's checkpoint": (lambda log: log.publish(330, bytes(32), "other.test/l"), {"checkpoint.unsigned"}),
    "no note at all": (lambda log: log.objects.put("log/checkpoint", b"\xff"), {"checkpoint.unsigned"}),
    "another root": (_forge_root, {"checkpoint.root"}),
    "a changed bundle": (
        lambda log: log.change("tile/entries/000"),
        {"tile.differs", "entry.differs", "checkpoint.root"},
    ),
    "a changed tile": (lambda log: log.change("tile/0/001.p/74"), {"tile.differs", "head.differs"}),
    "a changed tile above": (lambda log: log.change("tile/1/000.p/1"), {"tile.differs", "head.differs"}),
    "a changed old tile": (lambda log: log.change("tile/0/000.p/200"), {"tile.differs"}),
    "a changed old bundle": (lambda log: log.change("tile/entries/000.p/200"), {"tile.differs"}),
    "a lost bundle": (lambda log: log.objects.delete("log/tile/entries/000"), {"tile.missing"}),
    "a lost tile": (lambda log: log.objects.delete("log/tile/0/001.p/74"), {"tile.missing"}),
    "a cut bundle": (
        lambda log: log.objects.put("log/tile/entries/000", log.objects.get("log/tile/entries/000")[:-1]),
        {"tile.differs"},
    ),
    "something strange": (lambda log: log.objects.put("log/tile/0/x", b""), {"tile.unknown"}),
    "no head": (lambda log: log.sql("DELETE FROM ledger.log_head"), {"head.missing"}),
    "a head of another size": (lambda log: log.sql("UPDATE ledger.log_head SET size = 331"), {"head.differs"}),
    "a head of another root": (
        lambda log: log.sql("UPDATE ledger.log_head SET root = sha256('x')"),
        {"head.differs"},
    ),
    "a head that went back": (
        lambda log: log.sql("UPDATE ledger.log_head SET size = 0, frontier = '', root = sha256('')"),
        {"head.behind"},
    ),
    "a head of another log": (lambda log: log.sql("UPDATE ledger.log_head SET origin = 'o.test/l'"), {"head.behind"}),
    "a lost event": (
        lambda log: log.sql("DELETE FROM ledger.events WHERE entry_index = 299"),
        {"entry.missing", "event.link"},
    ),
    "lost opaque entries": (lambda log: log.sql("DELETE FROM ledger.opaque_entries"), {"entry.missing"}),
    "changed opaque entries": (
        lambda log: log.sql("UPDATE ledger.opaque_entries SET entries = overlay(entries PLACING 'x'::bytea FROM 4)"),
        {"entry.differs"},
    ),
    "cut opaque entries": (
        lambda log: log.sql("UPDATE ledger.opaque_entries SET entries = substring(entries FROM 1 FOR 20)"),
        {"entry.differs"},
    ),
    "opaque entries counted wrong": (
        lambda log: log.sql("UPDATE ledger.opaque_entries SET count = 29"),
        {"entry.differs"},
    ),
    "another tag": (_event(5, "tag = sha256('x')"), {"entry.differs", "event.tag"}),
    "another commitment": (_event(5, "commitment = sha256('x')"), {"entry.differs", "event.link", "event.body"}),
    "another predecessor": (_event(25, "previous = sha256('x')"), {"event.link", "event.body"}),
    "a first event with a predecessor": (_event(5, "previous = sha256('x')"), {"event.link", "event.body"}),
    "another kind": (_event(5, "kind = 'refused'"), {"event.body"}),
    "another time": (_event(5, "recorded_at = recorded_at + interval '1 microsecond'"), {"event.body"}),
    "another body digest": (_event(5, "body_digest = sha256('x')"), {"event.body"}),
    "a body that does not open": (_event(5, "body = overlay(body PLACING 'x'::bytea FROM 20)"), {"event.body"}),
    "another event's body": (_swap_bodies, {"event.body"}),
    "a key that does not open": (
        lambda log: log.sql("""UPDATE ledger.subjects SET key_ciphertext = overlay(key_ciphertext PLACING 'x' FROM 20)
                                WHERE id = '00000000-0000-0000-0000-000000000003'"""),
        {"event.key"},
    ),
    "a place beyond the head": (
        lambda log: log.sql("UPDATE ledger.events SET entry_index = 340 WHERE entry_index = 339"),
        {"head.differs", "entry.differs"},
    ),
    "a broken promise": (_late, {"promise.broken"}),
    "a promise whose entry is not published": (
        _event(335, "deadline = timestamptz '2026-11-22 08:29:59Z'"),
        {"promise.broken"},
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(planted: Planted, name: str) -> None:
    plant, expected = PLANTED[name]
    plant(planted)
    found = planted.check()
    assert {finding.what for finding in found.findings} >= expected, found.findings
    others = {finding.what for finding in found.findings} - expected
    # A lost or changed tile makes the root another one, too; nothing else may be told of what is well.
    assert others <= ({"checkpoint.root", "tile.differs", "head.differs"} if "tile" in str(expected) else set()), others


def test_a_tag_that_was_given_twice_is_found_wherever_it_stands(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    entries = [DOMAIN + bytes([number % 256]) * 32 + number.to_bytes(32) for number in range(256)]
    log.append([*entries, b"opaque", b"opaque", DOMAIN + entries[7][18:50] + bytes(32)], NOW)
    log.finish(NOW)
    _, report = check_log(ObjectFetch(objects), VKEY)
    assert report.findings == [Finding("tag.repeated", "258")]


def test_tags_that_only_begin_alike_are_two(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([DOMAIN + bytes(31) + bytes([number]) + bytes(32) for number in range(5)], NOW)
    log.finish(NOW)
    _, report = check_log(ObjectFetch(objects), VKEY)
    assert report.clean


def test_a_lost_bundle_does_not_hide_a_tag_that_was_given_twice(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    entries = [DOMAIN + number.to_bytes(32, "little") + bytes(32) for number in range(600)]
    log.append([*entries, DOMAIN + entries[400][18:50] + bytes(32)], NOW)
    log.finish(NOW)
    objects.delete("log/tile/entries/000")
    _, report = check_log(ObjectFetch(objects), VKEY)
    assert set(report.findings) == {Finding("tile.missing", "tile/entries/000"), Finding("tag.repeated", "600")}


def test_a_log_that_grows_and_is_tidied_while_we_look_is_clean(planted: Planted) -> None:
    """The edge of the checkpoint that we hold is gone, the full tiles that followed it are there."""
    fetch = ObjectFetch(planted.objects)
    note = fetch("checkpoint")
    leader = sequencer(nested(planted.session), planted.objects, planted.wrapper)
    leader.log.append(numbered(30, 1000), NOW)
    leader.log.finish(NOW)
    assert tidy(planted.objects, 1340) >= 8

    def stale(path: str) -> bytes:
        return note if path == "checkpoint" else fetch(path)

    reader, report = check_log(stale, VKEY)
    assert reader is not None
    assert (reader.size, report.findings) == (330, [])
    assert check_leftovers(330, planted.objects).clean


def test_leftovers_that_are_tidied_away_while_we_look_are_no_alarm(planted: Planted) -> None:
    listed = list(planted.objects.keys("log/tile/"))
    planted.objects.keys = lambda prefix: iter(listed)  # type: ignore[method-assign]
    for key in ("log/tile/0/000.p/200", "log/tile/entries/000.p/100"):
        planted.objects.delete(key)
    assert check_leftovers(330, planted.objects).clean


def test_a_batch_that_is_placed_while_we_look_is_no_alarm(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    read = store.head

    def late(session: Session) -> object:
        found = read(session)
        monkeypatch.setattr(store, "head", read)
        record_events(planted.session, planted.wrapper, planted.subjects)
        sequencer(nested(planted.session), planted.objects, planted.wrapper).assign(NOW)
        return found

    monkeypatch.setattr(store, "head", late)
    assert planted.check().clean


def test_a_subject_that_is_erased_while_we_look_is_no_alarm(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    sequencer(nested(planted.session), planted.objects, planted.wrapper).run_once(NOW)
    read = checking.erased_tag_keys
    left = [planted.subjects[3]]

    def late(session: Session, wanted: Collection[UUID]) -> dict[UUID, bytes]:
        found = read(session, wanted)
        while left:
            erase_subject(session, planted.wrapper, left.pop(), NOW)
        return found

    monkeypatch.setattr(checking, "erased_tag_keys", late)
    report = planted.check()
    assert (report.findings, report.counts["erased"]) == ([], 31)


def test_a_log_that_only_claims_to_be_large_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fsck_findings, "MOST", 100)
    note = NoteSigner(ORIGIN, SIGNER).sign(Checkpoint(ORIGIN, 1 << 62, bytes(32)).text).encode()
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        if path == "checkpoint":
            return note
        raise ObjectMissing(path)

    _, report = check_log(fetch, VKEY, ahead=0)
    assert report.findings[-1] == Finding("check.stopped")
    assert len(asked) <= 1 + 2 * 256


def test_tags_that_all_begin_alike_hold_no_whole_log(session: Session, objects: ObjectStore) -> None:
    log = open_log(nested(session), objects)
    log.append([DOMAIN + bytes(28) + number.to_bytes(4) + bytes(32) for number in (*range(700), 5, 650)], NOW)
    log.finish(NOW)
    _, report = check_log(ObjectFetch(objects), VKEY)
    assert report.findings == [Finding("tag.repeated", "700"), Finding("tag.repeated", "701")]


@pytest.mark.parametrize("at_once", [1, 50, 1000])
def test_tags_are_compared_in_passes(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(fsck_tiles, "_AT_ONCE", at_once)
    tags = array("Q", [*range(200), 7, 5, 7])
    assert fsck_tiles._alike(tags) == {5, 7}


def test_the_entries_of_an_erased_subject_are_still_checked(planted: Planted) -> None:
    record_events(planted.session, planted.wrapper, [])
    with planted.session.begin_nested():
        erase_subject(planted.session, planted.wrapper, planted.subjects[3], NOW)
    report = planted.check()
    assert report.clean
    assert report.counts["erased"] == 30
    planted.sql("UPDATE ledger.events SET tag = sha256('x') WHERE entry_index = 3")
    assert {finding.what for finding in planted.check().findings} == {"event.tag", "entry.differs"}


def test_processes_share_the_pieces_of_a_log_of_any_size(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Three pieces, the last of which is not full; each kind of fault in another one."""
    from ledger.tree.growth import grow

    objects = LocalObjects(tmp_path_factory.mktemp("objects"))
    fetch = ObjectFetch(objects)
    old = 0
    for size in (60_000, 131_072, 131_072 + 300):
        first = old - old % 256
        growth = grow(old, size, [number.to_bytes(4) for number in range(first, size)], fetch)
        objects.put_all({f"log/{path}": data for path, data in growth.objects.items()})
        old = size
    checkpoint = Checkpoint(ORIGIN, old, growth.root)
    report = check_tiles(checkpoint, fetch, jobs=2)
    assert report.clean
    assert report.counts == {"entries": old, "tiles": 2 * 514 + 3 + 1}
    for path in ("tile/entries/003", "tile/0/300", "tile/1/001", "tile/2/000.p/2"):
        data = objects.get(f"log/{path}")
        objects.put(f"log/{path}", data[:-1] + bytes([data[-1] ^ 1]))
    found = check_tiles(checkpoint, fetch, jobs=2, ahead=4)
    assert {finding.where for finding in found.findings} == {
        "tile/0/003",  # what the changed entry makes of it
        "tile/0/300",
        "tile/1/000",
        "tile/1/001",
        "tile/2/000.p/2",
        str(old),
    }


def test_every_finding_is_told_in_both_languages() -> None:
    for what in get_args(What):
        finding = Finding(what, "somewhere")
        assert finding.message("zh") != finding.message("en")
        assert finding.as_json()["en"] == finding.message("en")
    assert {what for _, expected in PLANTED.values() for what in expected} >= {
        what for what in get_args(What) if not what.startswith(("document.", "tag.", "check."))
    }


def test_nothing_is_changed_by_looking(planted: Planted) -> None:
    before = {key: planted.objects.get(key) for key in planted.objects.keys("log")}
    known = head(planted.session)
    planted.check()
    assert {key: planted.objects.get(key) for key in planted.objects.keys("log")} == before
    assert head(planted.session) == known
