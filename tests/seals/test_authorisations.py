"""Standing authorisations: hours, caps, four eyes, and an end that always comes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from ledger.actor import Actor, Uscc
from seals.errors import SealNotAuthorised, SealUnknown
from seals.life.authorisations import LONGEST, AuthorisationWanted
from seals.life.choosing import Choice, usable_seal
from seals.life.life_errors import (
    AuthorisationRefused,
    AuthorisationUnknown,
    FourEyesWanted,
    RoleWanted,
    StateRefused,
    UnitRefused,
)
from seals.life.registry import register_organisation
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK
from seals.local_time import CHINA
from seals.store.seals import authorisations_of
from tests.seals.keys import NOW
from tests.seals.register import (
    APPROVER,
    BUREAU,
    CLERK,
    CUSTODIAN,
    SYSTEM,
    TYPE,
    bureau,
    custodian,
    grant,
    new_seal,
    office,
)

UNTIL = NOW + timedelta(days=30)


def granted(session: Session) -> UUID:
    register_organisation(session, bureau())
    seal = custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    grant(session, seal.id)
    return seal.id


def wanted(seal: UUID, **changes: Any) -> AuthorisationWanted:
    return replace(AuthorisationWanted(seal, SYSTEM.id, TYPE, 100, NOW, UNTIL, "窗口自动用印"), **changes)


def approved(session: Session, asked: AuthorisationWanted) -> UUID:
    made = office().authorisations.apply(session, asked, CLERK, NOW)
    office().authorisations.decide(session, made, "approved", APPROVER, NOW)
    return made


def usable(session: Session, now: datetime = NOW) -> Choice:
    return usable_seal(session, organisation=BUREAU, licence_type=TYPE, kind="special", actor=SYSTEM, now=now)


def refused(session: Session, now: datetime = NOW) -> str:
    with pytest.raises(SealNotAuthorised) as error:
        usable(session, now)
    return error.value.reason


def test_from_the_application_to_the_end(session: Session) -> None:
    seal = granted(session)
    desk = office().authorisations
    assert refused(session) == "none"
    asked = desk.apply(session, wanted(seal), CLERK, NOW)
    assert refused(session) == "applied"
    desk.decide(session, asked, "approved", APPROVER, NOW)
    chosen = usable(session)
    assert chosen.authorisation is not None
    assert chosen.authorisation.id == asked
    desk.end(session, asked, CUSTODIAN, NOW)
    desk.end(session, asked, CUSTODIAN, NOW)
    assert refused(session) == "ended"
    (row,) = authorisations_of(session, seal)
    assert (row.ended_by, row.decided_by, row.applied_by) == tuple(
        actor.as_json() for actor in (CUSTODIAN, APPROVER, CLERK)
    )


def test_it_ends_by_itself(session: Session) -> None:
    approved(session, wanted(granted(session), valid_from=NOW + timedelta(hours=1)))
    assert refused(session) == "not_yet"
    assert usable(session, UNTIL - timedelta(microseconds=1)).authorisation is not None
    assert refused(session, UNTIL) == "ended"


def test_hours_are_of_the_local_day(session: Session) -> None:
    approved(session, wanted(granted(session), opens_at=9 * 60, closes_at=17 * 60 + 30))
    day = NOW.astimezone(CHINA).replace(hour=0, minute=0) + timedelta(days=1)
    told = {}
    for hour, minute in ((8, 59), (9, 0), (17, 29), (17, 30), (23, 59)):
        try:
            usable(session, day + timedelta(hours=hour, minutes=minute))
        except SealNotAuthorised as error:
            told[hour, minute] = error.reason
    assert told == {(8, 59): "hours", (17, 30): "hours", (23, 59): "hours"}


@pytest.mark.parametrize(("member", "value"), [("system", "another"), ("licence_type", "11100000MB0143028R001")])
def test_it_speaks_of_one_system_and_one_type(session: Session, member: str, value: str) -> None:
    seal = granted(session)
    approved(session, wanted(seal, **{member: value}))
    assert refused(session) == "none"
    approved(session, wanted(seal, **{member: "*"}))
    assert usable(session).authorisation is not None


def test_of_several_one_that_holds_is_taken(session: Session) -> None:
    seal = granted(session)
    ended = approved(session, wanted(seal))
    office().authorisations.end(session, ended, APPROVER, NOW)
    by_day = approved(session, wanted(seal, opens_at=60, valid_until=UNTIL - timedelta(days=1)))
    approved(session, wanted(seal, closes_at=60))
    chosen = usable(session)
    assert chosen.authorisation is not None
    assert chosen.authorisation.id == by_day


@pytest.mark.parametrize(
    ("decider", "error"),
    [
        (replace(CLERK, roles=frozenset({SEAL_CLERK, SEAL_APPROVER})), FourEyesWanted),
        (replace(APPROVER, kind="system"), FourEyesWanted),
        (CLERK, RoleWanted),
        (CUSTODIAN, RoleWanted),
        (replace(APPROVER, on_behalf_of=Uscc("11990100MB9T0002XE")), UnitRefused),
    ],
)
def test_another_person_decides(session: Session, decider: Actor, error: type[Exception]) -> None:
    asked = office().authorisations.apply(session, wanted(granted(session)), CLERK, NOW)
    with pytest.raises(error):
        office().authorisations.decide(session, asked, "approved", decider, NOW)
    assert refused(session) == "applied"


def test_a_rejection_says_why_and_is_final(session: Session) -> None:
    desk = office().authorisations
    asked = desk.apply(session, wanted(granted(session)), CLERK, NOW)
    with pytest.raises(AuthorisationRefused):
        desk.decide(session, asked, "rejected", APPROVER, NOW)
    desk.decide(session, asked, "rejected", APPROVER, NOW, words="上限过高")
    for act in (
        lambda: desk.decide(session, asked, "approved", APPROVER, NOW),
        lambda: desk.end(session, asked, CUSTODIAN, NOW),
    ):
        with pytest.raises(StateRefused):
            act()
    assert refused(session) == "rejected"


def test_only_a_ceremony_decides_alone(session: Session) -> None:
    seal = granted(session)
    for actor in (CLERK, APPROVER):
        with pytest.raises(RoleWanted):
            office().authorisations.found(session, wanted(seal), actor, NOW)
    with pytest.raises(RoleWanted):
        office().authorisations.apply(session, wanted(seal), APPROVER, NOW)
    with pytest.raises(SealUnknown):
        office().authorisations.apply(session, wanted(uuid4()), CLERK, NOW)
    with pytest.raises(AuthorisationUnknown):
        office().authorisations.end(session, uuid4(), CUSTODIAN, NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"system": ""}, "system"),
        ({"licence_type": " "}, "licence_type"),
        ({"grounds": "a\x00"}, "grounds"),
        ({"opens_at": 600, "closes_at": 600}, "hours"),
        ({"opens_at": -1}, "hours"),
        ({"closes_at": 1441}, "hours"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"daily_cap": 2**31}, "daily_cap"),
        ({"valid_until": NOW}, "valid_until"),
        ({"valid_until": NOW + LONGEST + timedelta(seconds=1)}, "valid_until"),
    ],
)
def test_authorisations_that_cannot_be(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(AuthorisationRefused) as error:
        wanted(uuid4(), **changes)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_from": NOW - timedelta(days=30), "valid_until": NOW}, "valid_until"),
        ({"valid_from": NOW + LONGEST + timedelta(days=1), "valid_until": NOW + 2 * LONGEST}, "valid_from"),
    ],
)
def test_nothing_is_authorised_that_is_over_or_far_away(session: Session, changes: dict[str, Any], reason: str) -> None:
    asked = wanted(granted(session), **changes)
    with pytest.raises(AuthorisationRefused) as error:
        office().authorisations.apply(session, asked, CLERK, NOW)
    assert error.value.reason == reason


def test_what_ran_out_meanwhile_is_not_approved(session: Session) -> None:
    desk = office().authorisations
    asked = desk.apply(session, wanted(granted(session)), CLERK, NOW)
    with pytest.raises(AuthorisationRefused):
        desk.decide(session, asked, "approved", APPROVER, UNTIL)
    desk.decide(session, asked, "rejected", APPROVER, UNTIL, words="逾期")


def test_no_system_is_let_seal_with_a_seal_that_has_ended(session: Session) -> None:
    seal, desk = granted(session), office().authorisations
    asked = desk.apply(session, wanted(seal), CLERK, NOW)
    office().stops.cancel(session, seal, reason="renamed", actor=CUSTODIAN, now=NOW)
    with pytest.raises(StateRefused):
        desk.decide(session, asked, "approved", APPROVER, NOW)
    with pytest.raises(StateRefused):
        desk.apply(session, wanted(seal), CLERK, NOW)


@pytest.mark.parametrize("spelling", ["Clerk-1", "CLERK-1", "ｃｌｅｒｋ-1", "clerk\u00a0-1", "clerk-1 "])
def test_another_spelling_is_no_other_person(session: Session, spelling: str) -> None:
    desk = office().authorisations
    asked = desk.apply(session, wanted(granted(session)), CLERK, NOW)
    with pytest.raises(FourEyesWanted):
        desk.decide(session, asked, "approved", replace(APPROVER, id=spelling), NOW)
