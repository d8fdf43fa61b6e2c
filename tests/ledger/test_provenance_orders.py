"""Audit orders: what they open, to whom, for how long; and that every look is an event."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.actor import Actor
from ledger.models import AuditOrderRow
from ledger.objects.objects import ObjectStore
from ledger.provenance.errors import OrderExists, OrderMalformed, OrderRefused, OrderUnknown
from ledger.provenance.looks import record_looks
from ledger.provenance.orders import (
    AuditOrder,
    Scope,
    end_order,
    enter_order,
    give_token,
    order_by_number,
    order_by_token,
    orders,
)
from ledger.subjects import create_subject
from tests.ledger.local_keys import MemoryWrapper
from tests.ledger.recording import NOW, PROMISER
from tests.ledger.tracing import AUDITOR, KEEPER, LATER, Book, open_book

SCOPE = Scope("licence", "1.2.156.3005.2.测试")
DEPARTMENT = "11990100MB9T00038E"


@pytest.fixture
def book(session: Session, objects: ObjectStore) -> Book:
    return open_book(session, objects)


def enter(book: Book, **changes: Any) -> AuditOrder:
    members: dict[str, Any] = {
        "number": "测审〔2026〕1号",
        "scope": SCOPE,
        "valid_from": NOW,
        "valid_until": NOW + timedelta(days=30),
        "actor": KEEPER,
        "now": NOW,
    }
    return enter_order(book.session, book.wrapper, PROMISER, **{**members, **changes})


def token_of(book: Book, order: AuditOrder, actor: Actor = AUDITOR, now: datetime = NOW) -> str:
    return give_token(book.session, book.wrapper, PROMISER, order.number, actor, now)


def test_an_order_is_entered_found_and_ended(book: Book) -> None:
    order = enter(book)
    token = token_of(book, order)
    assert order_by_number(book.session, book.wrapper, order.number) == order
    assert order_by_token(book.session, book.wrapper, token) == order
    assert list(orders(book.session, book.wrapper)) == [order]
    end_order(book.session, book.wrapper, PROMISER, order.number, KEEPER, LATER)
    ended = order_by_number(book.session, book.wrapper, order.number)
    assert ended == replace(order, ended_at=LATER)
    with pytest.raises(OrderRefused):
        end_order(book.session, book.wrapper, PROMISER, order.number, KEEPER, LATER)
    book.sequence()
    (chain,) = book.trace(order.id).chains
    assert [link.recorded.kind for link in chain.links] == ["approved", "granted", "stopped"]
    assert chain.kind == "administration"


def test_its_scope_and_token_are_not_readable_in_the_database(book: Book) -> None:
    order = enter(book)
    token = token_of(book, order)
    row = book.session.get_one(AuditOrderRow, order.id)
    assert SCOPE.value.encode() not in row.scope
    assert token.encode() not in (row.token_digest or b"")
    assert token.startswith("elo_")


@pytest.mark.parametrize(
    ("actor", "now"),
    [
        (KEEPER, NOW),
        (replace(KEEPER, roles=frozenset({"auditor"})), NOW),
        (replace(AUDITOR, roles=frozenset()), NOW),
        (AUDITOR, NOW + timedelta(days=30)),
    ],
)
def test_who_entered_an_order_gets_no_token_of_it(book: Book, actor: Actor, now: datetime) -> None:
    """Or one person alone would decide that there is an audit, and look."""
    order = enter(book)
    assert book.session.get_one(AuditOrderRow, order.id).token_digest is None
    with pytest.raises(OrderRefused):
        token_of(book, order, actor, now)
    assert book.session.get_one(AuditOrderRow, order.id).token_digest is None


def test_a_new_token_takes_the_place_of_the_old_one(book: Book) -> None:
    order = enter(book)
    first, second = token_of(book, order), token_of(book, order)
    assert order_by_token(book.session, book.wrapper, first) is None
    assert order_by_token(book.session, book.wrapper, second) == order
    end_order(book.session, book.wrapper, PROMISER, order.number, KEEPER, LATER)
    with pytest.raises(OrderRefused):
        token_of(book, order, now=LATER)


@pytest.mark.parametrize("number", ["测审〔2026〕9号", "\udcff", "a\x00b"])
def test_a_number_that_is_none(book: Book, number: str) -> None:
    for ask in (
        lambda: order_by_number(book.session, book.wrapper, number),
        lambda: give_token(book.session, book.wrapper, PROMISER, number, AUDITOR, NOW),
        lambda: end_order(book.session, book.wrapper, PROMISER, number, KEEPER, NOW),
    ):
        with pytest.raises(OrderUnknown) as refused:
            ask()
        refused.value.message("zh").encode()


def test_of_two_that_enter_one_number_at_once_one_is_refused(database: Database) -> None:
    wrapper = MemoryWrapper()
    with database.session(Role.WORKER) as first:
        enter(Book(first, None, wrapper), number="同号")  # type: ignore[arg-type]  # no object is needed here
        with ThreadPoolExecutor(1) as other:
            waiting = other.submit(enter_alone, database, wrapper)
            wait_for_lock(first)
            first.commit()
            with pytest.raises(OrderExists):
                waiting.result(timeout=60)


def enter_alone(database: Database, wrapper: MemoryWrapper) -> None:
    with database.session(Role.WORKER) as session:
        enter(Book(session, None, wrapper), number="同号")  # type: ignore[arg-type]


def wait_for_lock(session: Session) -> None:
    """Wait until the other transaction waits for ours."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
    while not session.scalar(waiting):
        session.execute(text("SELECT pg_sleep(0.01)"))


@pytest.mark.parametrize("token", [None, "", "elo_", "els_abc", "elo_" + "A" * 43])
def test_a_token_that_is_none(book: Book, token: str | None) -> None:
    enter(book)
    assert order_by_token(book.session, book.wrapper, token) is None


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"number": ""}, "number"),
        ({"number": " x"}, "number"),
        ({"number": "x\n"}, "number"),
        ({"number": "x" * 201}, "number"),
        ({"scope": Scope("licence", "")}, "scope"),
        ({"scope": Scope("case", "a\x00b")}, "scope"),
        ({"valid_until": NOW}, "end"),
        ({"valid_from": NOW - timedelta(days=9), "valid_until": NOW - timedelta(days=1)}, "end"),
        ({"valid_until": (NOW + timedelta(days=1)).replace(tzinfo=None)}, "end"),
        ({"actor": AUDITOR}, "actor"),
        ({"actor": replace(KEEPER, kind="system")}, "actor"),
    ],
)
def test_what_is_no_order(book: Book, changes: dict[str, Any], member: str) -> None:
    with pytest.raises(OrderMalformed) as refused:
        enter(book, **changes)
    assert refused.value.member == member
    assert member not in refused.value.message("zh"), "a Chinese message has no English word for it"


def test_a_number_is_given_once_and_an_unknown_one_is_refused(book: Book) -> None:
    enter(book)
    with pytest.raises(OrderExists):
        enter(book, scope=Scope("case", "A-1"))
    with pytest.raises(OrderUnknown):
        order_by_number(book.session, book.wrapper, "测审〔2026〕2号")
    with pytest.raises(OrderUnknown):
        end_order(book.session, book.wrapper, PROMISER, "测审〔2026〕2号", KEEPER, LATER)


@pytest.mark.parametrize(
    ("asked", "unit", "actor", "now", "opens"),
    [
        (SCOPE, None, AUDITOR, NOW, True),
        (SCOPE, None, AUDITOR, NOW + timedelta(days=30) - timedelta(microseconds=1), True),
        (SCOPE, None, AUDITOR, NOW + timedelta(days=30), False),
        (SCOPE, None, AUDITOR, NOW - timedelta(seconds=1), False),
        (Scope("licence", "another"), DEPARTMENT, AUDITOR, NOW, False),
        (Scope("case", SCOPE.value), None, AUDITOR, NOW, False),
        (SCOPE, None, replace(AUDITOR, roles=frozenset({"operator"})), NOW, False),
        (SCOPE, None, replace(AUDITOR, id=KEEPER.id), NOW, False),
    ],
)
def test_what_an_order_opens(
    book: Book, asked: Scope, unit: str | None, actor: Actor, now: datetime, *, opens: bool
) -> None:
    order = enter(book)
    if opens:
        order.check(asked, unit, actor, now)
    else:
        with pytest.raises(OrderRefused):
            order.check(asked, unit, actor, now)


def test_an_order_about_a_department_covers_its_licences_and_seals(book: Book) -> None:
    order = enter(book, scope=Scope("department", DEPARTMENT))
    assert order.covers(Scope("licence", "any"), DEPARTMENT)
    assert order.covers(Scope("department", DEPARTMENT), None)
    assert not order.covers(Scope("licence", "any"), "11990100MB9T000544")
    assert not order.covers(Scope("licence", "any"), None)


def test_an_ended_order_opens_nothing(book: Book) -> None:
    order = enter(book)
    with pytest.raises(OrderRefused):
        replace(order, ended_at=NOW).check(SCOPE, None, AUDITOR, NOW)


def test_a_look_is_an_event_of_the_chain_and_of_the_order(book: Book) -> None:
    order = enter(book)
    subject = book.licence(2)
    found = book.trace(subject)
    looks = record_looks(
        book.session,
        book.wrapper,
        PROMISER,
        found,
        asked="licence",
        shown="events",
        order=order,
        actor=AUDITOR,
        now=NOW,
    )
    book.sequence()
    (chain,) = book.trace(subject).chains
    event = chain.links[-1].event
    assert event is not None
    assert (event["kind"], event["actor"]["id"]) == ("audit-opened", "auditor-1")
    assert event["detail"] == {
        "scope": "licence",
        "shown": "events",
        "entries": 3,
        "size": 4,
        "order": order.number,
    }
    assert looks[subject].promise.split("\n")[2] == event["id"]
    (of_order,) = book.trace(order.id).chains
    told = of_order.links[-1].event
    assert told is not None
    assert told["detail"] == {"scope": "licence", "chains": 1, "events": 3, "shown": "events"}


def test_the_door_reads_orders_for_an_audit_alone_and_changes_none(database: Database) -> None:
    wrapper = MemoryWrapper()
    with database.session(Role.WORKER) as session:
        create_subject(session, wrapper, "licence")
        enter(Book(session, None, wrapper))  # type: ignore[arg-type]  # no object is needed here
    with database.session(Role.APP, AUDITOR) as session:
        assert list(orders(session, wrapper)) == []
    with database.session(Role.APP, AUDITOR, purpose="audit") as session:
        (order,) = orders(session, wrapper)
    from sqlalchemy.exc import ProgrammingError

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        database.session(Role.APP, AUDITOR, purpose="audit") as session,
    ):
        end_order(session, wrapper, PROMISER, order.number, KEEPER, LATER)
