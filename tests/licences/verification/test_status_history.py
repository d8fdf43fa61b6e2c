"""DOMAIN 4.3: what a licence's status was at a moment, by what was known at another."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.verification.sources import StatusRow
from licences.verification.status_history import status_at
from tests.licences.verification.worlds import act

ISSUED = act("active", "2026-01-01")
EVER = datetime(2027, 12, 31, tzinfo=UTC)


def status(rows: list[StatusRow], as_of: str, known_at: str | None = None) -> str | None:
    moment = datetime.fromisoformat(as_of).replace(tzinfo=UTC)
    known = EVER if known_at is None else datetime.fromisoformat(known_at).replace(tzinfo=UTC)
    found = status_at(rows, moment, known)
    return None if found is None else found.status


def test_before_its_issue_it_has_none() -> None:
    assert status([ISSUED], "2025-12-31") is None
    assert status([ISSUED], "2026-01-01") == "active"


def test_an_annulment_reaches_back_and_was_not_known_before() -> None:
    rows = [ISSUED, act("annulled", "2026-01-01", "2026-06-01")]
    assert status(rows, "2026-03-01") == "annulled"
    assert status(rows, "2026-03-01", "2026-05-31") == "active"


def test_an_annulment_covers_earlier_suspensions_and_their_end() -> None:
    rows = [
        ISSUED,
        act("suspended", "2026-03-01"),
        act("active", "2026-04-01"),
        act("annulled", "2026-01-01", "2026-06-01"),
    ]
    assert [status(rows, day) for day in ("2026-02-01", "2026-03-15", "2026-05-01")] == ["annulled"] * 3
    assert status(rows, "2026-03-15", "2026-05-01") == "suspended"


def test_a_revocation_counts_from_its_decision() -> None:
    rows = [ISSUED, act("revoked", "2026-03-01")]
    assert status(rows, "2026-02-28") == "active"
    assert status(rows, "2026-03-01") == "revoked"


def test_a_court_restores_over_the_span_that_was_wrong() -> None:
    rows = [ISSUED, act("revoked", "2026-03-01"), act("active", "2026-03-01", "2026-09-01")]
    assert status(rows, "2026-05-01") == "active"
    assert status(rows, "2026-05-01", "2026-08-31") == "revoked"


def test_a_restoration_may_leave_the_past_alone() -> None:
    rows = [ISSUED, act("revoked", "2026-03-01"), act("active", "2026-09-01")]
    assert status(rows, "2026-05-01") == "revoked"
    assert status(rows, "2026-09-01") == "active"


def test_a_suspension_ends_by_itself() -> None:
    rows = [ISSUED, act("suspended", "2026-03-01", until="2026-04-01")]
    assert [status(rows, day) for day in ("2026-02-28", "2026-03-31", "2026-04-01")] == [
        "active",
        "suspended",
        "active",
    ]


def test_an_act_for_the_future_is_not_lifted_by_one_recorded_before_it_begins() -> None:
    rows = [
        ISSUED,
        act("suspended", "2026-03-01"),
        act("revoked", "2026-05-01", "2026-04-01"),
        act("active", "2026-04-20", "2026-04-15"),
    ]
    assert status(rows, "2026-04-25") == "active"
    assert status(rows, "2026-05-02") == "revoked"


def test_history_imported_at_once_keeps_its_order() -> None:
    rows = [
        act("active", "2020-01-01", "2026-01-01"),
        act("suspended", "2021-01-01", "2026-01-01"),
        act("active", "2022-01-01", "2026-01-01"),
    ]
    assert [status(rows, f"{year}-06-01") for year in (2020, 2021, 2022)] == ["active", "suspended", "active"]


DAYS = st.integers(0, 400).map(lambda day: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day))
ROWS = st.lists(st.builds(StatusRow, st.sampled_from(["active", "suspended", "revoked"]), DAYS, DAYS), max_size=6)


@given(ROWS, DAYS, DAYS)
def test_the_order_of_rows_does_not_matter(rows: list[StatusRow], as_of: datetime, known_at: datetime) -> None:
    keys = {(max(row.recorded_at, row.effective_at), row.effective_at) for row in rows}
    if len(keys) == len(rows):
        assert status_at(rows, as_of, known_at) == status_at(rows[::-1], as_of, known_at)


@given(ROWS, DAYS, DAYS)
def test_nothing_recorded_or_begun_later_is_told(rows: list[StatusRow], as_of: datetime, known_at: datetime) -> None:
    found = status_at(rows, as_of, known_at)
    if found is not None:
        assert found.recorded_at <= known_at
        assert found.effective_at <= as_of


@pytest.mark.parametrize("known_at", ["2025-12-31", "2026-01-01"])
def test_what_was_not_yet_recorded_was_not_known(known_at: str) -> None:
    assert (status([ISSUED], "2026-06-01", known_at) is None) == (known_at < "2026-01-01")
