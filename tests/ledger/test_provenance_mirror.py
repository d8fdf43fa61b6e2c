"""A mirror follows a log entry by entry, and finds tags in it."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import entries
from ledger.formats.checkpoints import Checkpoint
from ledger.objects.objects import ObjectMissing
from ledger.provenance.errors import LogForked
from ledger.provenance.mirror import Mirror, stored_tags
from ledger.tree.frontier import EMPTY
from ledger.tree.merkle import leaf_hashes
from ledger.tree.tiles import ENTRIES, Fetch, Tile, TileInvalid
from tests.ledger.served_log import ServedEntries, commitment, entry

ORIGIN = "elicence.test/log"


def followed(log: ServedEntries, *sizes: int) -> Mirror:
    mirror = Mirror(ORIGIN)
    for size in sizes:
        mirror.follow(log.checkpoint(size), log.at(size))
    return mirror


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=4))
def test_however_it_follows_it_comes_to_the_same(sizes: list[int]) -> None:
    log = ServedEntries(max(sizes))
    steps = sorted(sizes)
    mirror = followed(log, *steps)
    assert mirror.size == steps[-1]
    assert mirror.frontier == EMPTY.extend(leaf_hashes(log.entries))
    assert mirror.tags == followed(log, steps[-1]).tags
    assert stored_tags(mirror.tags_bytes(0)) == mirror.tags


def test_tags_are_found_where_they_stand() -> None:
    log = ServedEntries(700)
    mirror = followed(log, 300, 700)
    tags = [entries.tag(bytes(32), seq) for seq in (0, 255, 256, 299, 300, 699, 700, 5000)]
    found = mirror.places(tags, log.at(700))
    assert [found.get(tag) for tag in tags] == [[0], [255], [256], [299], [300], [699], None, None]


def test_a_tag_that_only_begins_like_another_is_not_found() -> None:
    log = ServedEntries(300)
    mirror = followed(log, 300)
    alike = entries.tag(bytes(32), 7)[:8] + bytes(24)
    assert mirror.places([alike], log.at(300)) == {}


def test_entries_of_others_have_no_tag() -> None:
    log = ServedEntries(3)
    log.entries.insert(1, b"another.log/checkpoint\n5\n")
    log.entries.append(b"")
    mirror = followed(log, 5)
    assert list(mirror.tags)[1] == list(mirror.tags)[4] == 0
    assert mirror.places([entries.tag(bytes(32), 1)], log.at(5)) == {entries.tag(bytes(32), 1): [2]}
    assert mirror.repeated(0, log.at(5)) is None


def test_what_was_rewritten_is_refused_and_changes_nothing() -> None:
    log = ServedEntries(600)
    mirror = followed(log, 300)
    before = mirror.frontier, mirror.tags[:]
    log.entries[299] = entry(bytes(32), 9999)
    log.entries[400] = entry(bytes(32), 9998)
    # What was read before is not read again: the tree that we continue is not the one that was signed now.
    with pytest.raises(LogForked):
        mirror.follow(log.checkpoint(600), log.at(600))
    assert (mirror.frontier, mirror.tags) == before


def test_another_log_or_a_smaller_size_is_none_of_ours() -> None:
    log = ServedEntries(10)
    mirror = followed(log, 10)
    with pytest.raises(LogForked):
        mirror.follow(Checkpoint("another", 20, bytes(32)), log.at(10))
    with pytest.raises(LogForked):
        mirror.follow(log.checkpoint(9), log.at(9))


def test_a_cut_bundle_is_told() -> None:
    log = ServedEntries(300)
    fetch = log.at(300)
    with pytest.raises(TileInvalid):
        Mirror(ORIGIN).follow(log.checkpoint(300), lambda path: fetch(path)[:-1])


def test_a_larger_log_proves_a_smaller_checkpoint() -> None:
    log = ServedEntries(700)
    mirror = Mirror(ORIGIN)
    mirror.follow(log.checkpoint(300), log.at(700), reach=700)
    assert mirror.size == 300
    tag = entries.tag(bytes(32), 299)
    assert mirror.places([tag, entries.tag(bytes(32), 300)], log.at(700), reach=700) == {tag: [299]}


def test_a_partial_bundle_that_was_tidied_away_is_read_out_of_the_full_one() -> None:
    """A log may delete it as soon as the full one is there: who comes a moment late convicts nobody."""
    log = ServedEntries(600)
    grown = log.at(600)

    def fetch(path: str) -> bytes:
        if path == Tile(ENTRIES, 1, 44).path:
            raise ObjectMissing(path)
        return grown(path)

    mirror = Mirror(ORIGIN)
    mirror.follow(log.checkpoint(300), fetch)
    assert mirror.size == 300
    with pytest.raises(ObjectMissing):
        Mirror(ORIGIN).follow(log.checkpoint(299), lambda path: missing(path, Tile(ENTRIES, 1).path, grown))


def missing(path: str, gone: str, fetch: Fetch) -> bytes:
    if path == gone or ".p/" in path:
        raise ObjectMissing(path)
    return fetch(path)


def test_what_is_read_again_is_proved_again() -> None:
    """A log that served one entry while it was followed and serves another now hides nothing by that."""
    log = ServedEntries(700)
    mirror = followed(log, 700)
    tag = entries.tag(bytes(32), 7)
    for forged in (tag[:8] + bytes(24), bytes(32)):
        log.entries[7] = entries.encode(forged, commitment(7))
        for fetch in (log.at(700), lambda path: mixed(path, ServedEntries(700).at(700), log.at(700))):
            with pytest.raises(LogForked):
                mirror.places([tag], fetch)


def mixed(path: str, hashes: Fetch, bundles: Fetch) -> bytes:
    """Serve the tree as it is, and other entries below it."""
    return (bundles if "entries" in path else hashes)(path)


def test_a_tag_that_stands_twice_is_seen() -> None:
    log = ServedEntries(300)
    log.entries.append(entries.encode(entries.tag(bytes(32), 5), commitment(1)))
    log.entries.append(entries.encode(entries.tag(bytes(32), 301), commitment(2)))
    log.entries.append(entries.encode(entries.tag(bytes(32), 301), sha256(b"").digest()))
    mirror = followed(log, 300)
    assert mirror.repeated(0, log.at(300)) is None
    mirror.follow(log.checkpoint(303), log.at(303))
    assert mirror.repeated(300, log.at(303)) == (5, 300)
    assert mirror.repeated(301, log.at(303)) == (301, 302)
    assert mirror.repeated(0, log.at(303)) == (5, 300)


def test_two_tags_that_only_begin_alike_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """By eight bytes alone an innocent log would be convicted some day."""
    log = ServedEntries(10)
    for end in (b"\x01", b"\x02"):
        log.entries.append(entries.encode(entries.tag(bytes(32), 3)[:8] + end * 24, commitment(1)))
    mirror = followed(log, 12)
    assert mirror.repeated(0, log.at(12)) is None
    log.entries.append(entries.encode(entries.tag(bytes(32), 3)[:8] + b"\x01" * 24, commitment(2)))
    mirror.follow(log.checkpoint(13), log.at(13))
    for at_once in (1 << 20, 3):
        monkeypatch.setattr("ledger.provenance.mirror.AT_ONCE", at_once)
        assert mirror.repeated(0, log.at(13)) == (10, 12)
