"""Chains traced over real rows and tiles: what is whole is proved, and what was done to it is named."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ledger import subjects
from ledger.event_kinds import EventKind
from ledger.log.served import PREFIX
from ledger.objects.objects import ObjectStore
from ledger.provenance.errors import TraceTooLong
from ledger.provenance.provenance import Chain
from ledger.provenance.reading import trace
from ledger.tree.tiles import Tile
from tests.ledger.recording import NOW
from tests.ledger.tracing import LATER, Book, open_book


@pytest.fixture
def book(session: Session, objects: ObjectStore) -> Book:
    return open_book(session, objects)


def codes(chain: Chain) -> set[str]:
    return {finding.code for link in chain.links for finding in link.findings if finding.code is not None}


def test_a_chain_is_opened_and_proved(book: Book) -> None:
    other, subject = book.licence(2), book.licence(5)
    found = book.trace(subject)
    (chain,) = found.chains
    assert [link.recorded.kind for link in chain.links] == ["issued", *["verified"] * 5]
    assert [link.event and link.event.get("case") for link in chain.links][1:3] == ["CASE-0", "CASE-1"]
    assert all(finding.outcome == "passed" for link in chain.links for finding in link.findings)
    assert (chain.completeness.state, chain.completeness.entries, chain.completeness.size) == ("proved", 6, 9)
    assert found.sound
    assert other not in {chain.subject for chain in found.chains}


def test_without_a_scan_completeness_is_claimed(book: Book) -> None:
    (chain,) = book.trace(book.licence(), scanned=False).chains
    assert chain.completeness.state == "claimed"


def test_what_waits_is_told_and_after_its_deadline_the_promise_is_broken(book: Book) -> None:
    subject = book.licence(1)
    book.record(subject, EventKind.ACCEPTED, at=NOW + timedelta(minutes=1))
    (early,) = book.trace(subject, now=NOW + timedelta(seconds=61)).chains
    assert [link.inclusion.code for link in early.links] == [None, None, "PENDING"]
    assert early.sound
    (late,) = book.trace(subject, now=LATER).chains
    assert [link.inclusion.outcome for link in late.links] == ["passed", "passed", "failed"]
    assert codes(late) == {"PROMISE_BROKEN"}


def test_what_is_placed_and_not_published_yet_is_not_run(book: Book) -> None:
    subject = book.licence(1)
    log, scan = book.log(), book.scan()
    book.record(subject)
    book.sequence()
    (chain,) = trace(book.session, book.wrapper, log, [subject], LATER, scan=scan).chains
    assert [link.inclusion.code for link in chain.links] == [None, None, "NOT_PUBLISHED"]
    assert chain.completeness.state == "proved"
    assert chain.completeness.entries == 2


def test_after_erasure_everything_still_holds_and_opens_to_nothing(book: Book) -> None:
    subject = book.licence(2)
    book.record(subject, EventKind.ERASED, at=NOW + timedelta(seconds=9))
    book.sequence()
    subjects.erase_subject(book.session, book.wrapper, subject, LATER)
    (chain,) = book.trace(subject).chains
    assert chain.erased
    assert [link.event for link in chain.links] == [None] * 4
    assert {link.commitment.code for link in chain.links} == {"ERASED"}
    assert {link.inclusion.outcome for link in chain.links} == {"passed"}
    assert {link.link.outcome for link in chain.links} == {"passed"}
    assert (chain.completeness.state, chain.completeness.entries) == ("proved", 4)


ANOTHER_BODY = "(SELECT body FROM ledger.events WHERE subject_id = :s AND seq = 1)"
TAMPERED: dict[str, tuple[str, set[str]]] = {
    "the body of another event": (f"body = {ANOTHER_BODY}", {"BODY_DIFFERS"}),
    "the digest of the body": ("body_digest = sha256('x')", {"BODY_DIFFERS"}),
    "the kind": ("kind = 'shown'", {"ROW_DIFFERS"}),
    "the time": ("recorded_at = recorded_at + interval '1 microsecond'", {"ROW_DIFFERS"}),
    "the commitment": ("commitment = sha256('x')", {"COMMITMENT_DIFFERS", "ENTRY_DIFFERS", "LINK_DIFFERS"}),
    "the predecessor": ("previous = sha256('x')", {"COMMITMENT_DIFFERS", "LINK_DIFFERS"}),
    "the tag": ("tag = sha256('x')", {"TAG_DIFFERS", "ENTRY_DIFFERS"}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_what_was_changed_in_the_database_is_named(book: Book, name: str) -> None:
    subject = book.licence(3)
    change, expected = TAMPERED[name]
    book.session.execute(text(f"UPDATE ledger.events SET {change} WHERE subject_id = :s AND seq = 2"), {"s": subject})
    (chain,) = book.trace(subject).chains
    assert codes(chain) == expected
    assert not chain.sound
    # The others are not spoilt by it.
    assert all(finding.outcome == "passed" for finding in chain.links[1].findings)


def test_a_waiting_event_that_was_damaged_is_named_and_stops_nothing(book: Book) -> None:
    subject = book.licence(1)
    book.record(subject, EventKind.ACCEPTED, at=NOW + timedelta(seconds=9))
    book.session.execute(text("UPDATE ledger.events SET body = 'x' WHERE entry_index IS NULL"))
    (chain,) = book.trace(subject, now=NOW).chains
    assert [link.commitment.code for link in chain.links] == [None, None, "BODY_DIFFERS"]
    assert [link.event is None for link in chain.links] == [False, False, True]
    assert not chain.sound


@pytest.mark.parametrize("seq", [-1, 40_000_000_000])
def test_a_number_that_no_chain_has_is_named_and_not_counted_up_to(book: Book, seq: int) -> None:
    subject = book.licence(3)
    book.session.execute(
        text("UPDATE ledger.events SET seq = :seq WHERE subject_id = :s AND seq = 3"), {"s": subject, "seq": seq}
    )
    (chain,) = book.trace(subject).chains
    assert "TAG_DIFFERS" in codes(chain)
    assert (3, "ENTRY_HIDDEN") in [(gap.seq, gap.code) for gap in chain.gaps]
    assert not chain.sound


def test_an_index_that_no_log_has_is_named(book: Book) -> None:
    subject = book.licence(3)
    book.session.execute(
        text("UPDATE ledger.events SET entry_index = -7 WHERE subject_id = :s AND seq = 2"), {"s": subject}
    )
    (chain,) = book.trace(subject).chains
    assert codes(chain) == {"ENTRY_DIFFERS"}
    assert [(gap.seq, gap.code) for gap in chain.gaps] == [(2, "ENTRY_ELSEWHERE")]


def test_many_chains_take_one_pass_over_the_log(book: Book) -> None:
    """A department has thousands of licences, and a log millions of entries."""
    chosen = [book.licence(1) for _ in range(5)]
    scan, passes = book.scan(), []

    def counted(tags: Collection[bytes]) -> Mapping[bytes, Sequence[int]]:
        passes.append(len(tags))
        return scan(tags)

    found = trace(book.session, book.wrapper, book.log(), chosen, LATER, scan=counted)
    assert {chain.completeness.state for chain in found.chains} == {"proved"}
    assert len(passes) == 1


def delete(book: Book, where: str, subject: object) -> None:
    book.session.execute(text(f"DELETE FROM ledger.events WHERE subject_id = :s AND {where}"), {"s": subject})


@pytest.mark.parametrize(
    ("where", "gaps", "findings"),
    [
        ("seq = 2", [(2, "ENTRY_HIDDEN")], {"PREDECESSOR_MISSING"}),
        ("seq IN (3, 4)", [(3, "ENTRY_HIDDEN"), (4, "ENTRY_HIDDEN")], set()),
        ("seq = 0", [(0, "ENTRY_HIDDEN")], {"PREDECESSOR_MISSING"}),
    ],
)
def test_a_row_that_was_taken_away_is_found_by_the_scan(
    book: Book, where: str, gaps: list[tuple[int, str]], findings: set[str]
) -> None:
    subject = book.licence(4)
    delete(book, where, subject)
    (chain,) = book.trace(subject).chains
    assert [(gap.seq, gap.code) for gap in chain.gaps] == gaps
    assert all(gap.index is not None for gap in chain.gaps)
    assert codes(chain) == findings
    assert chain.completeness.state == "broken"


def test_without_a_scan_a_hole_in_the_middle_is_found_and_a_missing_end_is_only_a_claim(book: Book) -> None:
    subject, short = book.licence(4), book.licence(4)
    delete(book, "seq = 2", subject)
    delete(book, "seq = 4", short)
    found = book.trace(subject, short, scanned=False)
    first, second = sorted(found.chains, key=lambda chain: chain.subject != subject)
    assert [(gap.seq, gap.code, gap.index) for gap in first.gaps] == [(2, "ROW_MISSING", None)]
    assert (second.gaps, second.completeness.state) == ((), "claimed")


def test_an_index_that_is_not_where_the_entry_stands(book: Book) -> None:
    other, subject = book.licence(2), book.licence(2)
    away = text("UPDATE ledger.events SET entry_index = 1000 + entry_index WHERE subject_id = :s AND seq IN (1, 2)")
    book.session.execute(away, {"s": subject})
    (chain,) = book.trace(subject).chains
    # Beyond the published size nothing can be proved of these rows; but the scan has their entries where they are.
    assert codes(chain) == {"NOT_PUBLISHED"}
    assert [(gap.seq, gap.code, gap.index) for gap in chain.gaps] == [
        (1, "ENTRY_ELSEWHERE", 4),
        (2, "ENTRY_ELSEWHERE", 5),
    ]
    book.session.execute(text("UPDATE ledger.events SET entry_index = 1009 - entry_index WHERE entry_index > 1000"))
    (chain,) = book.trace(subject).chains
    assert codes(chain) == {"ENTRY_DIFFERS"}
    assert [(gap.seq, gap.code) for gap in chain.gaps] == [(1, "ENTRY_ELSEWHERE"), (2, "ENTRY_ELSEWHERE")]
    assert book.trace(other).sound


def damage(objects: ObjectStore, path: str, change: Callable[[bytes], bytes]) -> None:
    objects.put(PREFIX + path, change(objects.get(PREFIX + path)))


def test_tiles_that_do_not_give_the_root_prove_nothing(book: Book) -> None:
    subject = book.licence(4)
    damage(book.objects, Tile.at(0, 0, book.log().size).path, lambda data: bytes(32) + data[32:])
    (chain,) = book.trace(subject, scanned=False).chains
    assert {link.inclusion.code for link in chain.links} == {"TREE_DIFFERS"}
    assert not chain.sound


def test_single_events_of_a_chain_are_a_part_of_it(book: Book) -> None:
    subject = book.subject()
    promises = [book.record(subject, at=NOW + timedelta(seconds=number)) for number in range(5)]
    book.sequence()
    found = book.trace(events=[promises[1].event, promises[2].event, promises[4].event])
    (chain,) = found.chains
    assert not chain.whole
    assert chain.completeness.state == "partial"
    assert [link.link.code for link in chain.links] == ["PREDECESSOR_NOT_ASKED", None, "PREDECESSOR_NOT_ASKED"]
    assert {link.commitment.outcome for link in chain.links} == {"passed"}
    assert chain.sound


def test_an_event_of_a_whole_chain_is_not_told_twice(book: Book) -> None:
    subject = book.subject()
    promise = book.record(subject)
    book.sequence()
    (chain,) = book.trace(subject, events=[promise.event]).chains
    assert (chain.whole, len(chain.links)) == (True, 1)


def test_a_subject_that_nobody_knows_has_no_chain(book: Book) -> None:
    from uuid import uuid4

    assert book.trace(uuid4()).chains == ()


def test_more_than_an_answer_holds_is_refused(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = book.licence(4)
    monkeypatch.setattr("ledger.provenance.reading.MOST_EVENTS", 4)
    with pytest.raises(TraceTooLong):
        book.trace(subject)
