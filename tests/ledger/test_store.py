from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ledger import chains, store
from ledger.errors import FatalLedgerError
from ledger.store import FenceLost, Head
from ledger.subjects import open_subjects
from ledger.tree.frontier import EMPTY
from tests.ledger.local_keys import ORIGIN, MemoryWrapper
from tests.ledger.recording import NOW, new_subjects, record_events

GROWN = EMPTY.extend([b"a" * 32])
NEXT = Head(ORIGIN, GROWN.root(), GROWN)


def test_a_log_begins_once(session: Session) -> None:
    assert store.head(session) is None
    assert store.lock_head(session) is None
    for origin in (ORIGIN, "other.test/log"):
        store.create_head(session, origin, NOW)
    assert store.head(session) == store.lock_head(session) == Head(ORIGIN, EMPTY.root(), EMPTY)


def test_the_head_moves_only_from_where_it_was_seen(session: Session) -> None:
    store.create_head(session, ORIGIN, NOW)
    seen = Head(ORIGIN, EMPTY.root(), EMPTY)
    for stale in (replace(seen, root=bytes(32)), replace(seen, frontier=GROWN)):
        with pytest.raises(FenceLost):
            store.swap_head(session, stale, NEXT, NOW)
    store.swap_head(session, seen, NEXT, NOW)
    assert store.head(session) == NEXT
    with pytest.raises(FenceLost):
        store.swap_head(session, seen, NEXT, NOW)


def test_an_edge_of_another_size_is_an_alarm(session: Session) -> None:
    store.create_head(session, ORIGIN, NOW)
    session.execute(text("UPDATE ledger.log_head SET size = 3"))
    with pytest.raises(FatalLedgerError):
        store.head(session)


def test_an_event_gets_its_place_once(session: Session) -> None:
    wrapper = MemoryWrapper()
    subjects = new_subjects(session, wrapper, 2)
    record_events(session, wrapper, subjects)
    waiting = store.pending(session, 10)
    keys, tips = open_subjects(session, wrapper, subjects), store.tips(session, subjects)
    first, both = chains.place(waiting[:1], tips, keys, 0), chains.place(waiting, tips, keys, 0)
    store.place(session, first)
    assert store.entries_between(session, 0, 5) == [first[0].entry]
    with pytest.raises(FenceLost):
        store.place(session, first)
    with pytest.raises(FenceLost):
        store.place(session, both)


def test_a_chain_ends_where_its_last_entry_is(session: Session) -> None:
    wrapper = MemoryWrapper()
    subjects = new_subjects(session, wrapper, 3)
    record_events(session, wrapper, [subjects[0], subjects[0], subjects[1]])
    places = chains.place(
        store.pending(session, 10), store.tips(session, subjects), open_subjects(session, wrapper, subjects), 0
    )
    store.place(session, places)
    assert store.tips(session, subjects) == {
        subjects[0]: chains.Tip(2, places[1].commitment),
        subjects[1]: chains.Tip(1, places[2].commitment),
        subjects[2]: chains.NEW,
    }
    assert [event.place for event in store.placed_events(session, [places[1].event], 2)] == [places[1]]
    assert store.placed_events(session, [places[1].event], 1) == [], "it stands beyond that size"


def test_pending_is_a_state(session: Session) -> None:
    wrapper = MemoryWrapper()
    subjects = new_subjects(session, wrapper, 2)
    assert not store.has_pending(session)
    promises = record_events(session, wrapper, subjects[:1] * 3)
    assert [item.event for item in store.pending(session, 2)] == [promise.event for promise in promises[:2]]
    assert store.has_pending(session)
    assert store.has_pending(session, subjects[0])
    assert not store.has_pending(session, subjects[1])


def test_opaque_entries_are_found_by_any_range(session: Session) -> None:
    entries = [b"%d" % number * (number + 1) for number in range(10)]
    store.insert_opaque(session, 5, entries[:4], NOW)
    store.insert_opaque(session, 9, entries[4:], NOW)
    for start in range(17):
        for end in range(start, 17):
            expected = entries[max(0, start - 5) : max(0, end - 5)]
            assert store.entries_between(session, start, end) == expected


@pytest.mark.parametrize(("start", "count"), [(5, 1), (4, 2), (7, 9), (0, 20)])
def test_an_index_of_an_opaque_entry_is_given_once(session: Session, start: int, count: int) -> None:
    store.insert_opaque(session, 5, [b""] * 3, NOW)
    store.insert_opaque(session, 2, [b""] * 3, NOW)
    with pytest.raises(IntegrityError), session.begin_nested():
        store.insert_opaque(session, start, [b""] * count, NOW)


def test_entries_of_events_and_opaque_ones_stand_in_one_order(session: Session) -> None:
    wrapper = MemoryWrapper()
    subjects = new_subjects(session, wrapper, 2)
    record_events(session, wrapper, subjects)
    keys, tips = open_subjects(session, wrapper, subjects), store.tips(session, subjects)
    places = chains.place(store.pending(session, 10), tips, keys, 3)
    store.place(session, places)
    store.insert_opaque(session, 0, [b"a", b"b", b"c"], NOW)
    store.insert_opaque(session, 5, [b"f"], NOW)
    logged = [b"a", b"b", b"c", places[0].entry, places[1].entry, b"f"]
    assert [store.entries_between(session, start, 9) for start in range(6)] == [logged[start:] for start in range(6)]
