import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licences.verification.errors import LookupIncomplete, MomentInFuture, MomentUnclear
from licences.verification.request import (
    Lookup,
    lookup,
    new_verification_id,
    parse_moment,
    verification_request,
)
from seals.local_time import local_date

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T10:00:00+08:00", datetime(2026, 11, 20, 2, tzinfo=UTC)),
        ("2026-11-20T10:00:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
        # A day means its end in China: whatever happened on it has happened.
        ("2026-11-20", datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)),
        ("2026-11-22", NOW),
    ],
)
def test_moments_that_are_understood(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-11-20T10:00:00", "2026-13-01", "20261120", "0001-01-01T00:00:00+23:00"]
)
def test_moments_that_are_not(text: str) -> None:
    with pytest.raises(MomentUnclear):
        parse_moment(text, NOW)


@given(st.text(max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    with suppress(MomentUnclear):
        assert parse_moment(text, NOW).tzinfo is not None


def test_what_is_left_open_means_now() -> None:
    request = verification_request(NOW)
    assert (request.as_of, request.known_at, request.policy.id) == (NOW, NOW, "default")


def test_the_future_cannot_be_asked_about_but_a_fast_clock_is_forgiven() -> None:
    assert verification_request(NOW, as_of=NOW + timedelta(minutes=4)).as_of == NOW
    with pytest.raises(MomentInFuture):
        verification_request(NOW, as_of=NOW + timedelta(minutes=6))
    with pytest.raises(MomentInFuture):
        verification_request(NOW, known_at=NOW + timedelta(days=1))
    with pytest.raises(MomentUnclear):
        verification_request(NOW, as_of=NOW.replace(tzinfo=None))


def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = [new_verification_id(NOW + timedelta(milliseconds=step)) for step in range(50)]
    assert ids == sorted(ids)
    assert len({new_verification_id(NOW) for _ in range(100)}) == 100
    assert all(re.fullmatch(r"vrf_[0-9a-hjkmnp-tv-z]{26}", one) for one in ids)


def test_a_look_up_needs_a_digest_or_a_code() -> None:
    assert lookup(" 1.2.3 ", "SHA-256:" + "AB" * 32) == Lookup("1.2.3", bytes.fromhex("ab" * 32))
    assert lookup("1.2.3", "sha256-" + "ab" * 32).digest == bytes.fromhex("ab" * 32)
    for digest in ("", "ab" * 32, "sha-256:" + "ab" * 31, "sha-1:" + "ab" * 20):
        with pytest.raises(LookupIncomplete):
            lookup("1.2.3", digest)
    with pytest.raises(LookupIncomplete):
        Lookup(identifier="1.2.3")
    assert "secret" not in repr(Lookup(code="secret"))


def test_validity_is_counted_in_china() -> None:
    assert local_date(datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)).isoformat() == "2026-11-22"
    assert local_date(datetime(2026, 11, 22, 16, 0, 0, tzinfo=UTC)).isoformat() == "2026-11-23"
