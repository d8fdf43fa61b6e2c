"""Seals on files that are no licences: every step is recorded before it is done, whatever fails in between."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ca.outside.foreign_errors import ForeignUnavailable
from ledger.models import EventRow
from seals.errors import DailyLimitReached, SealNotAuthorised, SealNotGranted, SealStopped, SealUnknown
from seals.life.document_sealing import DocumentSealing, DocumentWanted, Made, Make
from seals.life.grants import DOCUMENTS, Grant, Seal
from seals.life.life_errors import MatterRefused
from seals.models import GrantRow, SealRow, UseRow
from seals.pdf.errors import PdfPageMissing, SealKeyUnusable
from tests.seals.keys import NOW
from tests.seals.register import CUSTODIAN, SYSTEM, authorise, custodian, grant, granted_seal, office

DOCUMENT = "sha-256:" + "ab" * 32
PERSON = replace(SYSTEM, kind="person", id="user-1")
MADE = Made(b"sealed", DOCUMENT)


def clock() -> datetime:
    return NOW


@pytest.fixture
def given(database: Database) -> tuple[Seal, Grant]:
    """A seal that PERSON may put on documents."""
    with database.session(Role.WORKER) as session:
        seal, _ = granted_seal(session)
        return seal, grant(session, seal.id, grantee=PERSON.id, licence_type=DOCUMENTS)


@pytest.fixture
def sealing(database: Database) -> DocumentSealing:
    return DocumentSealing(lambda: database.session(Role.WORKER), office().uses)


def wanted(seal: Seal, number: str | None = "测字〔2026〕1号", copies: int = 2) -> DocumentWanted:
    return DocumentWanted(seal.id, "关于测试事项的批复", number, copies)


def making(made: Made | Exception, before: Callable[[], None] = lambda: None) -> Callable[[Seal], Make]:
    def prepare(_seal: Seal) -> Make:
        def make(_now: datetime) -> Made:
            before()
            if isinstance(made, Exception):
                raise made
            return made

        return make

    return prepare


def uses(database: Database) -> list[UseRow]:
    with database.session(Role.WORKER) as session:
        return list(session.scalars(select(UseRow).order_by(UseRow.opened_at, UseRow.id)))


def events(database: Database) -> list[str]:
    with database.session(Role.WORKER) as session:
        found = session.scalars(select(EventRow.kind).order_by(EventRow.ordinal))
        return [kind for kind in found if kind in {"used", "refused"}]


def test_a_use_is_opened_before_the_seal_is_set_and_closed_after(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]
) -> None:
    open_meanwhile: list[UseRow] = []

    def look() -> None:
        open_meanwhile.extend(uses(database))

    done = sealing.seal(wanted(given[0]), PERSON, clock, making(MADE, look))
    [before], [after] = open_meanwhile, uses(database)
    assert (before.id, before.closed_at, before.document) == (done.use, None, None)
    assert (after.outcome, after.document, after.copies, after.number) == ("used", DOCUMENT, 2, "测字〔2026〕1号")
    assert (after.purpose_id, after.grant_id, after.authorisation_id) == (None, given[1].id, None)
    assert events(database) == ["used"]


def stop(session: Session, seal: Seal, _grant: Grant) -> None:
    office().stops.suspend(session, seal.id, reason="inspection", actor=CUSTODIAN, now=NOW)


def revoke(session: Session, _seal: Seal, given: Grant) -> None:
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)


DECISIONS = {"stopped": (stop, SealStopped), "revoked": (revoke, SealNotGranted)}


@pytest.mark.parametrize("decision", DECISIONS)
def test_what_is_refused_stands_in_the_register(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant], decision: str
) -> None:
    decide, error = DECISIONS[decision]
    with database.session(Role.WORKER) as session:
        decide(session, *given)
    with pytest.raises(error):
        sealing.seal(wanted(given[0]), PERSON, clock, making(AssertionError()))
    [use] = uses(database)
    assert (use.outcome, use.refusal, use.document) == ("refused", error.code, None)
    assert events(database) == ["refused"]


@pytest.mark.parametrize("decision", DECISIONS)
def test_a_decision_while_it_is_sealed_is_seen(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant], decision: str
) -> None:
    decide, error = DECISIONS[decision]

    def meanwhile() -> None:
        with database.session(Role.WORKER) as session:
            decide(session, *given)

    with pytest.raises(error):
        sealing.seal(wanted(given[0]), PERSON, clock, making(MADE, meanwhile))
    [use] = uses(database)
    # It was signed: the digest is kept, and the use told as a possible one.
    assert (use.outcome, use.refusal, use.document) == ("refused", error.code, DOCUMENT)


def test_whoever_is_not_granted(database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]) -> None:
    stranger = replace(PERSON, id="user-2")
    with pytest.raises(SealNotGranted):
        sealing.seal(wanted(given[0]), stranger, clock, making(AssertionError()))
    assert [use.actor["id"] for use in uses(database)] == ["user-2"]


def test_a_grant_for_licences_is_none_for_documents(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]
) -> None:
    with database.session(Role.WORKER) as session:
        grant(session, given[0].id, grantee="user-3")
    with pytest.raises(SealNotGranted):
        sealing.seal(wanted(given[0]), replace(PERSON, id="user-3"), clock, making(AssertionError()))


def test_a_system_needs_anothers_leave(database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]) -> None:
    office_system = replace(SYSTEM, id="office-1")
    with database.session(Role.WORKER) as session:
        grant(session, given[0].id, grantee=office_system.id, licence_type=DOCUMENTS)
    sealed = sealing.seal(wanted(given[0]), office_system, clock, making(MADE))  # `granted_seal` lets any system
    assert [use.authorisation_id is not None for use in uses(database)] == [True]
    with database.session(Role.WORKER) as session:
        [leave] = {use.authorisation_id for use in session.scalars(select(UseRow).where(UseRow.id == sealed.use))}
        assert leave is not None
        office().authorisations.end(session, leave, CUSTODIAN, NOW)
        authorise(session, given[0].id, system="another-system")
    with pytest.raises(SealNotAuthorised):
        sealing.seal(wanted(given[0]), office_system, clock, making(AssertionError()))


def test_what_was_not_signed_does_not_count(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]
) -> None:
    with database.session(Role.WORKER) as session:
        session.execute(update(GrantRow).where(GrantRow.id == given[1].id).values(daily_limit=1))
    for _ in range(3):
        with pytest.raises(PdfPageMissing):
            sealing.seal(wanted(given[0]), PERSON, clock, making(PdfPageMissing(page=9, pages=1)))
    sealing.seal(wanted(given[0]), PERSON, clock, making(MADE))
    with pytest.raises(DailyLimitReached):
        sealing.seal(wanted(given[0]), PERSON, clock, making(MADE))
    assert sorted(str(use.outcome) for use in uses(database)) == ["abandoned"] * 3 + ["refused", "used"]


def test_a_days_limit(database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]) -> None:
    frugal = replace(PERSON, id="user-4")
    with database.session(Role.WORKER) as session:
        grant(session, given[0].id, grantee=frugal.id, licence_type=DOCUMENTS, daily_limit=1)
    sealing.seal(wanted(given[0]), frugal, clock, making(MADE))
    with pytest.raises(DailyLimitReached):
        sealing.seal(wanted(given[0]), frugal, clock, making(AssertionError()))
    assert [use.refusal for use in uses(database) if use.outcome == "refused"] == ["seals.daily_limit_reached"]


OUTCOMES: dict[str, tuple[Exception, str | None]] = {
    "the file": (PdfPageMissing(page=9, pages=1), "abandoned"),
    "the key": (SealKeyUnusable(reason="chain"), None),
    "the service": (ForeignUnavailable("tsa", "-", "-"), None),
    "the disk": (OSError("full"), None),
}


@pytest.mark.parametrize("fault", OUTCOMES)
def test_what_may_have_been_signed_is_a_possible_use(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant], fault: str
) -> None:
    error, outcome = OUTCOMES[fault]
    with pytest.raises(type(error)):
        sealing.seal(wanted(given[0]), PERSON, clock, making(error))
    [use] = uses(database)
    assert (use.outcome, use.document) == (outcome, None)


def test_a_key_that_cannot_be_had_opens_no_use(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]
) -> None:
    def prepare(_seal: Seal) -> Any:
        raise SealKeyUnusable(reason="provider_unknown")

    with pytest.raises(SealKeyUnusable):
        sealing.seal(wanted(given[0]), PERSON, clock, prepare)
    assert uses(database) == []


def test_a_seal_that_is_not_there(sealing: DocumentSealing) -> None:
    with pytest.raises(SealUnknown):
        sealing.seal(DocumentWanted(uuid4(), "测试"), PERSON, clock, making(AssertionError()))


def test_only_the_seal_that_was_asked_for(
    database: Database, sealing: DocumentSealing, given: tuple[Seal, Grant]
) -> None:
    """Another seal of the same unit is granted: it is not taken in its place."""
    with database.session(Role.WORKER) as session:
        session.execute(update(SealRow).values(state="suspended", stopped_at=NOW, stop_reason="inspection"))
    with pytest.raises(SealStopped):
        sealing.seal(wanted(given[0]), PERSON, clock, making(AssertionError()))


@pytest.mark.parametrize(
    ("matter", "number", "copies", "reason"),
    [("", None, 1, "matter"), ("a\nb", None, 1, "matter"), ("x" * 201, None, 1, "matter"), ("x", " ", 1, "number"),
     ("x", None, 0, "copies")],
)  # fmt: skip
def test_what_the_register_could_not_show(matter: str, number: str | None, copies: int, reason: str) -> None:
    with pytest.raises(MatterRefused, match=reason):
        DocumentWanted(UUID(int=0), matter, number, copies)


def commits(database: Database, fails: int, *, persisted: bool) -> Callable[[], Any]:
    """Sessions of which the one of that number fails at its commit, or just after it."""
    from contextlib import contextmanager

    opened = 0

    @contextmanager
    def session() -> Iterator[Session]:
        nonlocal opened
        opened += 1
        number = opened
        with database.session(Role.WORKER) as found:
            yield found
            if number == fails and not persisted:
                raise ConnectionError
        if number == fails:
            raise ConnectionError

    return session


@pytest.mark.parametrize("persisted", [False, True])
@pytest.mark.parametrize(("transaction", "left"), [(2, ([], [None])), (3, ([None], ["used"]))])
def test_commits_that_fail(
    database: Database,
    given: tuple[Seal, Grant],
    transaction: int,
    left: tuple[list[str | None], list[str | None]],
    *,
    persisted: bool,
) -> None:
    failing = DocumentSealing(commits(database, transaction, persisted=persisted), office().uses)
    with pytest.raises(ConnectionError):
        failing.seal(wanted(given[0]), PERSON, clock, making(MADE))
    assert [use.outcome for use in uses(database)] == left[persisted]
