"""Stops with reason and effect."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from seals.errors import SealUnknown
from seals.life.life_errors import StateRefused, StopRefused
from seals.life.stops import RULES, Effect, StopState, check_stop
from seals.models import SealRow
from seals.store import seals as rows
from tests.seals.keys import NOW, UNTIL
from tests.seals.register import CUSTODIAN, granted_seal, office

SINCE = NOW - timedelta(days=3)
STATES: tuple[StopState, ...] = ("suspended", "cancelled", "expired", "replaced")


@pytest.mark.parametrize("reason", RULES)
@pytest.mark.parametrize("state", STATES)
def test_every_reason_has_its_states_and_its_effect(reason: str, state: StopState) -> None:
    rule = RULES[reason]
    since = SINCE if rule.effect is Effect.GOOD_BEFORE else None
    if state in rule.states:
        assert check_stop("x", state, reason, since, NOW).effect is rule.effect
        wrong = None if since is not None else SINCE
        with pytest.raises(StopRefused):
            check_stop("x", state, reason, wrong, NOW)
    else:
        with pytest.raises(StopRefused):
            check_stop("x", state, reason, since, NOW)


@pytest.mark.parametrize("since", [NOW + timedelta(seconds=1), datetime(2020, 1, 1)])  # noqa: DTZ001
def test_a_compromise_lies_in_the_past_of_a_known_zone(since: datetime) -> None:
    with pytest.raises(StopRefused) as refused:
        check_stop("x", "cancelled", "compromise", since, NOW)
    assert refused.value.reason == "invalid_from"


def test_reorganisation_leaves_earlier_licences_good(session: Session) -> None:
    seal, _ = granted_seal(session)
    office().stops.cancel(session, seal.id, reason="reorganisation", actor=CUSTODIAN, now=NOW, note="划转")
    (stop,) = rows.stops(session, seal.id)
    row = session.get(SealRow, seal.id)
    assert row is not None
    assert (row.state, row.stop_reason, row.invalid_from) == ("cancelled", "reorganisation", None)
    assert (stop.effect, stop.invalid_from, stop.note, stop.stopped_by) == ("good", None, "划转", CUSTODIAN.as_json())


def test_a_compromise_reaches_back_to_its_day(session: Session) -> None:
    seal, _ = granted_seal(session)
    office().stops.suspend(session, seal.id, reason="suspected_compromise", actor=CUSTODIAN, now=NOW)
    office().stops.cancel(session, seal.id, reason="compromise", actor=CUSTODIAN, now=NOW, invalid_from=SINCE)
    suspended, cancelled = sorted(rows.stops(session, seal.id), key=lambda stop: stop.resumed_at is None)
    assert (suspended.state, suspended.effect, suspended.resumed_at) == ("suspended", "in_question", NOW)
    assert (cancelled.effect, cancelled.invalid_from, cancelled.resumed_at) == ("good_before", SINCE, None)
    row = session.get(SealRow, seal.id)
    assert row is not None
    assert row.invalid_from == SINCE


@pytest.mark.parametrize("reason", ["renamed", "compromise"])
def test_what_has_ended_may_be_found_compromised_once(session: Session, reason: str) -> None:
    seal, _ = granted_seal(session)
    stops = office().stops
    stops.cancel(session, seal.id, reason="reorganisation", actor=CUSTODIAN, now=NOW)
    if reason == "renamed":
        with pytest.raises(StateRefused):
            stops.cancel(session, seal.id, reason=reason, actor=CUSTODIAN, now=NOW)
        return
    stops.cancel(session, seal.id, reason=reason, actor=CUSTODIAN, now=NOW, invalid_from=SINCE)
    with pytest.raises(StateRefused):
        stops.cancel(session, seal.id, reason="lost", actor=CUSTODIAN, now=NOW, invalid_from=NOW)


def test_suspended_and_resumed(session: Session) -> None:
    seal, _ = granted_seal(session)
    stops = office().stops
    with pytest.raises(StateRefused):
        stops.resume(session, seal.id, actor=CUSTODIAN, now=NOW)
    stops.suspend(session, seal.id, reason="personnel", actor=CUSTODIAN, now=NOW)
    with pytest.raises(StateRefused):
        stops.suspend(session, seal.id, reason="personnel", actor=CUSTODIAN, now=NOW)
    stops.resume(session, seal.id, actor=CUSTODIAN, now=NOW)
    row = session.get(SealRow, seal.id)
    assert row is not None
    assert (row.state, row.stopped_at, row.stop_reason) == ("active", None, None)
    assert rows.standing_stop(session, seal.id) is None
    stops.suspend(session, seal.id, reason="personnel", actor=CUSTODIAN, now=NOW)
    assert len(rows.stops(session, seal.id)) == 2
    with pytest.raises(SealUnknown):
        stops.resume(session, uuid4(), actor=CUSTODIAN, now=NOW)


@pytest.mark.parametrize("note", ["", "a\nb", "x" * 501])
def test_notes_that_cannot_be(session: Session, note: str) -> None:
    seal, _ = granted_seal(session)
    with pytest.raises(StopRefused) as refused:
        office().stops.suspend(session, seal.id, reason="inspection", actor=CUSTODIAN, now=NOW, note=note)
    assert refused.value.reason == "note"


def test_what_has_run_out_is_marked_once(session: Session) -> None:
    seal, _ = granted_seal(session)
    stops = office().stops
    assert stops.expire(session, CUSTODIAN, UNTIL.astimezone(UTC)) == 0
    later = UNTIL + timedelta(seconds=1)
    assert stops.expire(session, CUSTODIAN, later) == 1
    assert stops.expire(session, CUSTODIAN, later) == 0
    row = session.get(SealRow, seal.id)
    assert row is not None
    assert (row.state, row.stop_reason) == ("expired", "expiry")


def suspected(session: Session) -> UUID:
    seal, _ = granted_seal(session)
    office().stops.suspend(session, seal.id, reason="suspected_compromise", actor=CUSTODIAN, now=NOW)
    return seal.id


def test_a_suspicion_does_not_pass_by_itself(session: Session) -> None:
    seal, stops = suspected(session), office().stops
    assert stops.expire(session, CUSTODIAN, UNTIL + timedelta(seconds=1)) == 0
    standing = rows.standing_stop(session, seal)
    assert standing is not None
    assert (standing.effect, standing.resumed_at) == ("in_question", None)
    stops.resume(session, seal, actor=CUSTODIAN, now=NOW)
    assert stops.expire(session, CUSTODIAN, UNTIL + timedelta(seconds=1)) == 1


def test_a_suspicion_is_not_covered_up_by_another_reason(session: Session) -> None:
    seal, stops = suspected(session), office().stops
    with pytest.raises(StateRefused) as refused:
        stops.cancel(session, seal, reason="no_longer_needed", actor=CUSTODIAN, now=NOW)
    assert refused.value.details()["state"] == "suspended (suspected_compromise)"
    with pytest.raises(StateRefused):
        stops.replace(session, seal, by=uuid4(), actor=CUSTODIAN, now=NOW)
    stops.cancel(session, seal, reason="compromise", actor=CUSTODIAN, now=NOW, invalid_from=SINCE)
