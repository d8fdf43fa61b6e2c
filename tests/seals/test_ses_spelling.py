from datetime import UTC, datetime

import pytest

from ca.errors import DerInvalid
from seals.ses.spelling import parse_signature, parse_time


@pytest.mark.parametrize(
    ("text", "moment", "zoned"),
    [
        ("20261122083000Z", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), True),
        ("261122083000Z", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), True),
        ("991122083000Z", datetime(1999, 11, 22, 8, 30, tzinfo=UTC), True),
        ("20261122083000.25Z", datetime(2026, 11, 22, 8, 30, 0, 250000, tzinfo=UTC), True),
        ("20261122163000+0800", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), True),
        ("20261122033000-0500", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), True),
        ("20261122163000", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), False),
        ("261122163000", datetime(2026, 11, 22, 8, 30, tzinfo=UTC), False),
    ],
)
def test_times_are_read(text: str, moment: datetime, zoned: bool) -> None:  # noqa: FBT001
    assert parse_time(text) == (moment, zoned)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2026112208300Z",
        "20261322083000Z",
        "20260230083000Z",
        "20261122243000Z",
        "20261122083000z",
        "20261122083000+9999",
        "00000101000000Z",
        "00010101000000",
        "２０２６１１２２０８３０００Z",
        "20261122083000.Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DerInvalid):
        parse_time(text)


def test_both_spellings_of_a_signature_are_one() -> None:
    raw = bytes([0x80, *range(31), *range(100, 132)])
    spelled, as_der = parse_signature(raw)
    assert not as_der
    assert parse_signature(spelled) == (spelled, True)
    assert spelled[:5] == bytes((0x30, 0x45, 2, 0x21, 0))
