"""Who may use a seal goes over to its successor where that was applied for and approved, and otherwise not."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ledger.events import EventKind
from ledger.models import EventRow
from seals.errors import DailyLimitReached, SealNotAuthorised
from seals.life.applications import SealApplication
from seals.life.choosing import Choice, Denial, choose_seal
from seals.life.grants import Use
from seals.life.life_errors import ApplicationRefused
from seals.life.registry import register_organisation
from seals.life.uses import Opening
from seals.models import ApplicationRow, AuthorisationRow, GrantRow
from tests.seals.keys import NOW
from tests.seals.register import (
    APPROVER,
    BUREAU,
    CLERK,
    CUSTODIAN,
    SYSTEM,
    TYPE,
    authorise,
    bureau,
    custodian,
    grant,
    new_seal,
    office,
)
from tests.seals.test_applications import approved, renewed, wanted

LATER = NOW + timedelta(hours=1)


def old_seal(session: Session) -> UUID:
    register_organisation(session, bureau())
    return custodian().make_seal(session, new_seal(), CUSTODIAN, NOW).id


def follow(session: Session, old: UUID, *, carries: bool) -> UUID:
    """Replace a seal; return its successor's id."""
    application = approved(session, wanted(old, carries=carries))
    desk = office().applications
    desk.make(session, application, renewed(), CUSTODIAN, LATER)
    return desk.deliver(session, application, "clerk-2", CUSTODIAN, LATER).id


def chosen(session: Session) -> Choice | Denial:
    return choose_seal(session, organisation=BUREAU, licence_type=TYPE, kind="special", actor=SYSTEM, now=LATER)


def rows_of(session: Session, seal: UUID) -> tuple[list[GrantRow], list[AuthorisationRow]]:
    leaves = session.scalars(select(AuthorisationRow).where(AuthorisationRow.seal_id == seal))
    return list(session.scalars(select(GrantRow).where(GrantRow.seal_id == seal))), list(leaves)


def test_unless_it_was_asked_for_nobody_may_use_the_successor(session: Session) -> None:
    old = old_seal(session)
    grant(session, old)
    authorise(session, old)
    new = follow(session, old, carries=False)
    assert rows_of(session, new) == ([], [])
    assert isinstance(chosen(session), Denial)


def test_what_is_in_force_goes_over_on_the_same_terms(session: Session) -> None:
    old = old_seal(session)
    given = grant(session, old, daily_limit=50)
    leave = authorise(session, old, system=SYSTEM.id, licence_type=TYPE, daily_cap=7)
    new = follow(session, old, carries=True)
    (carried,), (allowed,) = rows_of(session, new)
    for name in ("grantee", "licence_type", "valid_until", "daily_limit"):
        assert getattr(carried, name) == getattr(given, name)
    for name in ("system", "licence_type", "opens_at", "closes_at", "daily_cap", "valid_until"):
        assert getattr(allowed, name) == getattr(leave, name)
    assert carried.valid_from == allowed.valid_from == LATER
    assert carried.granted_by == allowed.decided_by == APPROVER.as_json()
    assert allowed.applied_by == CLERK.as_json()
    found = chosen(session)
    assert isinstance(found, Choice)
    assert found.use == Use(new, carried.id, allowed.id)


def test_it_is_told_to_the_ledger_one_by_one(session: Session) -> None:
    old = old_seal(session)
    grant(session, old)
    authorise(session, old)
    new = follow(session, old, carries=True)
    kinds = session.scalars(select(EventRow.kind).where(EventRow.subject_id == new).order_by(EventRow.ordinal))
    expected = ["applied", "approved", "made", "delivered", EventKind.GRANTED, EventKind.APPROVED]
    assert list(kinds) == expected


def test_what_has_ended_stays_behind(session: Session) -> None:
    old = old_seal(session)
    custodian().revoke_grant(session, grant(session, old).id, CUSTODIAN, NOW)
    ended = custodian().grant(
        session,
        old,
        grantee=SYSTEM.id,
        licence_type=TYPE,
        valid_from=NOW - timedelta(days=2),
        valid_until=NOW,
        actor=CUSTODIAN,
        now=NOW - timedelta(days=2),
    )
    assert ended.valid_until is not None
    office().authorisations.end(session, authorise(session, old).id, CUSTODIAN, NOW)
    assert rows_of(session, follow(session, old, carries=True)) == ([], [])


def test_what_is_taken_back_on_the_old_seal_is_taken_back_on_its_successor(session: Session) -> None:
    old = old_seal(session)
    given, leave = grant(session, old), authorise(session, old)
    new = follow(session, old, carries=True)
    assert isinstance(chosen(session), Choice)
    for _ in range(2):
        custodian().revoke_grant(session, given.id, CUSTODIAN, LATER)
        office().authorisations.end(session, leave.id, CUSTODIAN, LATER)
    (carried,), (allowed,) = rows_of(session, new)
    assert (carried.continues, carried.revoked_at, carried.revoked_by) == (given.id, LATER, CUSTODIAN.as_json())
    assert (allowed.continues, allowed.state, allowed.ended_at) == (leave.id, "ended", LATER)
    assert isinstance(chosen(session), Denial)
    told = select(EventRow.kind).where(EventRow.subject_id.in_((old, new)), EventRow.kind == EventKind.STOPPED)
    assert len(session.scalars(told).all()) == 5, "the old seal, and each of the four once"


def test_an_application_that_nobody_decided_on_does_not_go_over(session: Session) -> None:
    from seals.life.authorisations import AuthorisationWanted

    old = old_seal(session)
    grant(session, old)
    asked = AuthorisationWanted(old, SYSTEM.id, TYPE, 5, NOW, NOW + timedelta(days=9), "测试")
    office().authorisations.apply(session, asked, CLERK, NOW)
    new = follow(session, old, carries=True)
    assert rows_of(session, new)[1] == []
    denied = chosen(session)
    assert isinstance(denied, Denial)
    assert isinstance(denied.error, SealNotAuthorised)


def test_a_day_has_one_limit_for_both_seals(session: Session) -> None:
    """A seal replaced at noon does not give everybody another day."""
    old = old_seal(session)
    given, leave = grant(session, old, daily_limit=3), authorise(session, old, daily_cap=100)
    use, book = Use(old, given.id, leave.id), office().uses
    assert book.admit(session, [use, use], NOW) == [None, None]
    book.open(session, [Opening(use, uuid4(), "测试")] * 2, SYSTEM, NOW)
    follow(session, old, carries=True)
    found = chosen(session)
    assert isinstance(found, Choice)
    first, second = book.admit(session, [found.use, found.use], LATER)
    assert first is None
    assert isinstance(second, DailyLimitReached)


def test_it_is_for_successors_of_the_same_kind_only(session: Session) -> None:
    old = old_seal(session)
    with pytest.raises(ApplicationRefused, match="carries"):
        wanted(carries=True)
    other: SealApplication = replace(wanted(old, carries=True), kind="contract")
    with pytest.raises(ApplicationRefused, match="carries"):
        office().applications.apply(session, other, CLERK, NOW)
    application = office().applications.apply(session, wanted(old, carries=True), CLERK, NOW)
    row = session.get(ApplicationRow, application)
    assert row is not None
    assert row.carries
