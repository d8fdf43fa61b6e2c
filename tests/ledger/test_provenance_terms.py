"""Events found by case and unit, through an index that is made behind the log and names nobody."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from ledger import subjects
from ledger.event_kinds import EventKind
from ledger.models import EventTermRow
from ledger.objects.objects import ObjectStore
from ledger.provenance.terms import TermKind, catch_up, events_of, forget_erased
from ledger.store.provenance import chain_links, links_of_events
from tests.ledger.local_keys import ACTOR
from tests.ledger.plans import whole_tables
from tests.ledger.recording import NOW, nested
from tests.ledger.tracing import BANK, LATER, Book, open_book


@pytest.fixture
def book(session: Session, objects: ObjectStore) -> Book:
    return open_book(session, objects)


def made(book: Book) -> list[int]:
    return list(catch_up(nested(book.session), book.wrapper, book.log().size))


def find(book: Book, kind: TermKind, value: str, limit: int = 100, **period: object) -> list[str]:
    return events_of(book.session, book.wrapper, kind, value, limit=limit, **period)  # type: ignore[arg-type]


def test_a_case_and_a_unit_lead_to_their_events(book: Book) -> None:
    first, second = book.subject(), book.subject()
    bank = ACTOR.__class__("system", "bank-1", BANK, BANK)
    one = book.record(first, case="A-1").event
    two = book.record(second, case="A-1", at=NOW + timedelta(seconds=1), actor=bank).event
    book.record(second, case="A-2", at=NOW + timedelta(seconds=2))
    book.sequence()
    assert made(book) == [3]
    assert find(book, "case", "A-1") == [one, two]
    assert find(book, "unit", BANK) == [two]
    assert find(book, "case", "A") == find(book, "unit", "A-1") == []
    assert len(find(book, "unit", str(ACTOR.operator_unit))) == 2
    assert find(book, "case", "A-1", limit=1) == [one]
    assert find(book, "case", "A-1", since=NOW + timedelta(seconds=1)) == [two]
    assert find(book, "case", "A-1", until=NOW + timedelta(seconds=1)) == [one]


def test_it_is_made_once_and_goes_on_where_it_was(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.provenance.terms.BATCH", 2)
    book.licence(4)
    assert made(book) == [2, 4, 5]
    assert made(book) == []
    book.licence(1)
    assert made(book) == [7]
    counted = book.session.scalar(select(func.count()).select_from(EventTermRow))
    assert made(book) == []
    assert book.session.scalar(select(func.count()).select_from(EventTermRow)) == counted


def test_nothing_in_the_table_is_readable(book: Book) -> None:
    book.licence(1)
    made(book)
    terms = book.session.scalars(select(EventTermRow.term)).all()
    assert terms
    assert {(len(term), term[:1]) for term in terms} == {(33, b"\x01")}
    assert not any(b"CASE" in term for term in terms)


def test_what_waits_for_its_place_is_found_later(book: Book) -> None:
    subject = book.subject()
    event = book.record(subject, case="A-1").event
    assert made(book) == []
    book.sequence()
    made(book)
    assert find(book, "case", "A-1") == [event]


def test_erasure_takes_away_what_leads_there(book: Book) -> None:
    erased, kept = book.licence(2), book.licence(1)
    book.record(erased, EventKind.ERASED, at=NOW + timedelta(seconds=9))
    book.sequence()
    made(book)
    counted = select(func.count()).select_from(EventTermRow)
    assert len(find(book, "case", "CASE-0")) == 2
    before = book.session.scalar(counted)
    subjects.erase_subject(book.session, book.wrapper, erased, LATER)
    (left,) = find(book, "case", "CASE-0")
    (chain,) = book.trace(events=[left]).chains
    assert chain.subject == kept
    forget_erased(book.session)
    after = book.session.scalar(counted)
    # Four events of one, two of the other: each has its unit as a term, and each use its case.
    assert (before, after) == (4 + 2 + 2 + 1, 2 + 1)
    assert find(book, "case", "CASE-0") == [left]


def test_no_chain_reads_a_whole_table(book: Book) -> None:
    licence = book.licence(1)

    def ask() -> None:
        chain_links(book.session, [licence], 10)
        links_of_events(book.session, ["evt_0"], 10)
        made(book)

    assert whole_tables(book.session, ask) == []


def test_events_of_erased_subjects_and_damaged_ones_have_no_terms(book: Book) -> None:
    erased, damaged, sound = book.licence(1), book.licence(1), book.licence(1)
    book.session.execute(text("UPDATE ledger.events SET body = 'x' WHERE subject_id = :s"), {"s": damaged})
    subjects.erase_subject(book.session, book.wrapper, erased, LATER)
    assert made(book) == [6]
    (left,) = find(book, "case", "CASE-0")
    (chain,) = book.trace(events=[left]).chains
    assert chain.subject == sound
