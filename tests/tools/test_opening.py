"""The house as commands and the server open it: it stamps no time that its clock cannot be trusted with."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.house import House
from ca.clock_errors import ClockSuspect
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
