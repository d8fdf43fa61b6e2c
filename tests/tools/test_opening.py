"""The house as commands and the server open it: it stamps no time that its clock cannot be trusted with."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from api.house import House
from api.schema import Role
from ca.models import ClockMarkRow
from ca.timekeeping.clock_errors import ClockSuspect
from ca.timekeeping.database_clock import mark_time
from tests.tools.conftest import Run
from tools.ca.duties import Duties
from tools.opening import opened_house

IMPRINT = hashlib.sha256(b"data").digest()


def test_a_time_that_is_not_the_present_is_not_stamped(house: House, at_home: Callable[[Path], None]) -> None:
    at_home(house.settings.home)
    with opened_house() as opened:
        now = datetime.now(UTC)
        for hierarchy in opened.ceremony.hierarchies:
            authority = opened.timestamp_authority(hierarchy)
            assert authority.stamp(IMPRINT, now)
            with pytest.raises(ClockSuspect):
                authority.stamp(IMPRINT, now - timedelta(hours=1))
    # Whoever opens a house by himself answers for its times.
    assert house.timestamps.stamp(IMPRINT, now - timedelta(hours=1))


def test_a_clock_that_the_time_server_does_not_confirm_is_suspect(
    house: House, at_home: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_home(house.settings.home)
    monkeypatch.setenv("ELICENCE_NTP_SERVER", "127.0.0.1:9")  # discards, and never answers
    with opened_house() as opened, pytest.raises(ClockSuspect, match=r"127\.0\.0\.1:9 does not answer"):
        opened.timestamps.stamp(IMPRINT, datetime.now(UTC))


def test_a_clock_set_back_while_the_service_was_off_stamps_nothing_until_it_is_accepted(
    house: House, at_home: Callable[[Path], None], run: Run
) -> None:
    at_home(house.settings.home)

    def mark() -> datetime | None:
        with house.database.session(Role.WORKER) as session:
            found: datetime | None = session.scalar(mark_time())
            return found

    before = datetime.now(UTC)
    with opened_house() as opened:
        Duties(opened).do_if_time(datetime.now(UTC))  # nothing is stamped, and yet the time is remembered
    reached = mark()
    assert reached is not None
    assert reached > before
    with house.database.session(Role.WORKER) as session:  # as if the clock had been set back since
        session.execute(update(ClockMarkRow).values(reached_at=before + timedelta(hours=1)))
    try:
        with opened_house() as opened, pytest.raises(ClockSuspect, match="ca clock --accept"):
            opened.timestamps.stamp(IMPRINT, datetime.now(UTC))
        assert json.loads(run("ca", "clock", "--json")[1])["lowered"] is False
    finally:
        code, out, _ = run("ca", "clock", "--accept", "--json")
    assert (code, json.loads(out)["lowered"]) == (0, True)
    with opened_house() as opened:
        assert opened.timestamps.stamp(IMPRINT, datetime.now(UTC))
