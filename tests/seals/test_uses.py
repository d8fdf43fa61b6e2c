"""The record of uses: every one opened, counted, closed or refused, and told to the ledger."""

import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import envelope
from ledger.models import EventRow
from ledger.subjects import open_subject
from seals import store
from seals.errors import DailyLimitReached, SealNotAuthorised, SealNotGranted, SealStopped, SealUnknown
from seals.life.choosing import Choice, Denial, choose_seal
from seals.life.grants import Use
from seals.life.registry import register_organisation
from seals.life.uses import Ending, Opening, Refusal
from seals.models import UseRow
from tests.seals.keys import NOW
from tests.seals.register import (
    BUREAU,
    CUSTODIAN,
    SYSTEM,
    TYPE,
    authorise,
    bureau,
    custodian,
    grant,
    granted_seal,
    new_seal,
    office,
    wrapper,
)

DOCUMENT = "sha-256:" + "ab" * 32
NUMBER = "1.2.156.3005.2.x"


def chosen(session: Session, now: datetime = NOW) -> Choice | Denial:
    return choose_seal(session, organisation=BUREAU, licence_type=TYPE, kind="special", actor=SYSTEM, now=now)


def some_use(session: Session) -> Use:
    granted_seal(session)
    found = chosen(session)
    assert isinstance(found, Choice)
    return found.use


def limited(session: Session, *, daily_limit: int | None, daily_cap: int) -> Use:
    register_organisation(session, bureau())
    seal = custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    given = grant(session, seal.id, daily_limit=daily_limit)
    leave = authorise(session, seal.id, daily_cap=daily_cap)
    return Use(seal.id, given.id, leave.id)


def opened(session: Session, use: Use, count: int = 1) -> list[UUID]:
    return office().uses.open(session, [Opening(use, uuid4(), TYPE, NUMBER) for _ in range(count)], SYSTEM, NOW)


def told(session: Session, seal: UUID, kind: str) -> list[dict[str, object]]:
    """The bodies of a seal's events of one kind, as an auditor with its key reads them."""
    keys = open_subject(session, wrapper(), seal)
    query = select(EventRow).where(EventRow.subject_id == seal, EventRow.kind == kind).order_by(EventRow.ordinal)
    return [json.loads(envelope.decrypt(keys.event, row.body, row.id.encode())) for row in session.scalars(query)]


def test_uses_are_opened_and_closed_once(session: Session) -> None:
    use = some_use(session)
    used, abandoned, forgotten = opened(session, use, 3)
    office().uses.close(session, [Ending(used, use, SYSTEM, DOCUMENT, NUMBER)], NOW)
    office().uses.close(session, [Ending(used, use, SYSTEM, DOCUMENT.replace("ab", "cd"))], NOW + timedelta(hours=1))
    office().uses.abandon(session, [abandoned], NOW)
    rows = {row.id: row for row in session.scalars(select(UseRow))}
    assert (rows[used].outcome, rows[used].document, rows[used].closed_at) == ("used", DOCUMENT, NOW)
    assert (rows[abandoned].outcome, rows[abandoned].document) == ("abandoned", None)
    assert [row.id for row in store.open_uses(session, NOW + timedelta(seconds=1))] == [forgotten]
    assert store.open_uses(session, NOW) == []
    assert rows[used].actor == SYSTEM.as_json()
    (event,) = told(session, use.seal, "used")
    assert event["id"] == rows[used].event_id
    assert (event["document"], event["actor"]) == (DOCUMENT, SYSTEM.as_json())
    assert event["detail"] == {
        "grant": str(use.grant),
        "authorisation": str(use.authorisation),
        "number": NUMBER,
    }


def test_nothing_is_no_statement(session: Session) -> None:
    book = office().uses
    assert book.admit(session, [], NOW) == []
    assert book.look_again(session, [], NOW) == {}
    assert book.open(session, [], SYSTEM, NOW) == []
    book.close(session, [], NOW)
    book.refuse(session, [], SYSTEM, NOW)
    book.abandon(session, [], NOW)
    assert session.scalar(select(func.count()).select_from(UseRow)) == 0


def test_what_is_refused_is_recorded_and_told(session: Session) -> None:
    use = some_use(session)
    custodian().revoke_grant(session, use.grant, CUSTODIAN, NOW)
    denial = chosen(session)
    assert isinstance(denial, Denial)
    nobody = Denial(SealNotGranted(seal=BUREAU, reason="no_seal"))
    office().uses.refuse(session, [Refusal(denial, TYPE), Refusal(nobody, TYPE)], SYSTEM, NOW)
    (row,) = session.scalars(select(UseRow))
    assert (row.outcome, row.refusal, row.grant_id, row.matter) == ("refused", "seals.not_granted", use.grant, TYPE)
    (event,) = told(session, use.seal, "refused")
    assert event["id"] == row.event_id
    assert event["detail"] == {"grant": str(use.grant), "matter": TYPE, "refusal": "seals.not_granted"}
    # It was never opened: nothing can have been signed.
    assert store.open_uses(session, NOW + timedelta(days=1)) == []


def test_what_was_sealed_and_then_refused_is_a_possible_use(session: Session) -> None:
    use = some_use(session)
    (record,) = opened(session, use)
    error = SealStopped(seal="x", state="suspended")
    office().uses.close(session, [Ending(record, use, SYSTEM, DOCUMENT, NUMBER, error)], NOW)
    (row,) = store.open_uses(session, NOW + timedelta(seconds=1))
    assert (row.id, row.outcome, row.refusal, row.document) == (record, "refused", "seals.stopped", DOCUMENT)
    (event,) = told(session, use.seal, "refused")
    assert event["document"] == DOCUMENT


def test_a_use_is_refused_after_a_decision(session: Session) -> None:
    use = some_use(session)
    book, unknown = office().uses, Use(uuid4(), use.grant)
    assert use.authorisation is not None
    assert book.look_again(session, [use, use], NOW) == {}
    assert [type(error) for error in book.look_again(session, [unknown], NOW).values()] == [SealUnknown]
    assert [type(error) for error in book.admit(session, [unknown], NOW)] == [SealUnknown]
    office().authorisations.end(session, use.authorisation, CUSTODIAN, NOW)
    assert isinstance(book.look_again(session, [use], NOW)[use], SealNotAuthorised)
    custodian().revoke_grant(session, use.grant, CUSTODIAN, NOW)
    assert isinstance(book.look_again(session, [use], NOW)[use], SealNotGranted)
    office().stops.suspend(session, use.seal, reason="inspection", actor=CUSTODIAN, now=NOW)
    assert isinstance(book.look_again(session, [use], NOW)[use], SealStopped)
    assert [type(error) for error in book.admit(session, [use], NOW)] == [SealStopped]


@pytest.mark.parametrize(
    ("daily_limit", "daily_cap", "allowed", "limit"),
    [(None, 3, 3, 3), (3, 5, 3, 3), (5, 3, 3, 3), (3, 3, 3, 3), (None, 100, 5, 100)],
)
def test_so_many_a_day_and_no_more(
    session: Session, daily_limit: int | None, daily_cap: int, allowed: int, limit: int
) -> None:
    use = limited(session, daily_limit=daily_limit, daily_cap=daily_cap)
    book = office().uses
    answers = book.admit(session, [use] * 2, NOW) + book.admit(session, [use] * 3, NOW)
    refused = [error for error in answers if error is not None]
    assert [error is None for error in answers] == [True] * allowed + [False] * (5 - allowed)
    assert all(isinstance(error, DailyLimitReached) and error.limit == limit for error in refused)
    # The local day begins at 16:00 UTC.
    tomorrow = NOW.replace(hour=16, minute=0)
    assert book.admit(session, [use], tomorrow - timedelta(microseconds=1))[0] is None or allowed < 5
    assert book.admit(session, [use], tomorrow) == [None]


def test_a_limit_that_lets_less_through_takes_nothing_from_the_other(session: Session) -> None:
    use = limited(session, daily_limit=2, daily_cap=3)
    other = use._replace(grant=grant(session, use.seal, grantee="*").id)
    answers = office().uses.admit(session, [use, use, use], NOW)
    assert [error is None for error in answers] == [True, True, False]
    # One of the three is left for another grant of the same system.
    answers = office().uses.admit(session, [other, other], NOW)
    assert [error is None for error in answers] == [True, False]


def test_what_was_opened_in_time_may_be_finished_later(session: Session) -> None:
    use = some_use(session)
    assert office().uses.look_again(session, [use], NOW + timedelta(hours=12)) == {}
