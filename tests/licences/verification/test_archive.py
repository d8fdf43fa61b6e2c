"""Long-term documents: judged for as long as each timestamp was renewed before the one below it ran out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason, Revoked
from ca.writing.revocation import make_crl
from licences.verification.documents import DocumentStamp, ValidationData
from licences.verification.examination import examine
from licences.verification.report import CheckResult, Report
from licences.verification.timestamps import Clock, judge_stamps
from licences.verification.validation_data import with_validation_data
from tests.licences.verification.archives import (
    ARCHIVED,
    DAY,
    LONG_AFTER,
    RENEWED,
    archive,
    archived,
    made,
    renewed,
)
from tests.licences.verification.archives import (
    with_validation_data as of_level_lt,
)
from tests.licences.verification.sealed import NOW, Party, make_world

LEVELS: dict[str, Callable[[], bytes]] = {
    "B-T": lambda: made().pdf.data,
    "B-LT": of_level_lt,
    "B-LTA": archived,
    "renewed": renewed,
}


def row(found: Report, check: str) -> CheckResult:
    return found.check(check)


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_valid_in_its_day(level: str) -> None:
    day = RENEWED + DAY if level == "renewed" else ARCHIVED + DAY
    found = archive().judge(LEVELS[level](), day)
    assert (found.verdict, found.reason) == ("valid", "licence.valid"), found.as_json()
    assert found.subject.document == archive().judge(made().pdf.data, NOW).subject.document
    expected = "passed" if level in {"B-LTA", "renewed"} else "not_applicable"
    assert row(found, "time.archive").outcome == expected


@pytest.mark.parametrize(
    ("level", "verdict"),
    [("B-T", "indeterminate"), ("B-LT", "indeterminate"), ("B-LTA", "indeterminate"), ("renewed", "valid")],
)
def test_long_after_only_what_was_renewed_in_time_can_be_judged(level: str, verdict: str) -> None:
    """The seal's certificate ended 970 days ago, that of the first timestamp authority 800 days ago."""
    found = archive().judge(LEVELS[level](), LONG_AFTER)
    assert found.verdict == verdict, found.as_json()


def test_the_report_says_which_timestamp_carried_it() -> None:
    found = archive().judge(renewed(), LONG_AFTER)
    stamps = examine(renewed(), 1 << 25).page.stamps  # type: ignore[union-attr]
    assert row(found, "time.archive").evidence["carried_by"] == stamps[0].name
    assert row(found, "time.archive").at == ARCHIVED
    assert row(found, "time.timestamp").evidence["carried_by"] == stamps[0].name
    assert row(found, "trust.path").outcome == "passed"
    assert row(found, "trust.path").evidence["proof_of_existence"] == "timestamp"
    assert row(found, "trust.path").evidence["indication"] == "PASSED"
    until = [one["had_to_stand_until"] for one in row(found, "time.archive").evidence["each"]]  # type: ignore[union-attr,index,call-overload]
    assert until == [f"{RENEWED:%Y-%m-%dT%H:%M:%SZ}", f"{LONG_AFTER:%Y-%m-%dT%H:%M:%SZ}"]


def test_a_renewal_that_came_too_late_proves_nothing_of_what_had_run_out() -> None:
    here = archive()
    stamps = examine(renewed(), 1 << 25).page.stamps  # type: ignore[union-attr]
    clock = Clock(LONG_AFTER, timedelta(minutes=5))
    # As if the second had been put on when the first authority's certificate had ended already.
    late = DocumentStamp("late", stamps[1].end, here.stamper(here.later_tsa)(bytes(32), NOW + 300 * DAY))
    states = [one.state for one in judge_stamps((stamps[0], late), here.trust(LONG_AFTER), clock)]
    assert states == ["aged", "holds"]


def _revoked(party: Party, at: datetime, reason: Reason) -> tuple[bytes, ...]:
    here = archive()
    entry = Revoked(read_certificate(party.chain[0]).serial_number, at, reason, None)
    begin, end = LONG_AFTER - DAY, LONG_AFTER + 7 * DAY
    return tuple(make_crl(one.authority, 9, (entry,), begin, end) for one in (here.world.root, here.world.issuing))


@pytest.mark.parametrize(
    ("stolen_at", "verdict"), [(RENEWED + DAY, "valid"), (RENEWED - DAY, "invalid"), (ARCHIVED - DAY, "invalid")]
)
def test_an_authority_whose_key_was_stolen_later_had_told_the_truth_before(stolen_at: datetime, verdict: str) -> None:
    """Whoever took the key can name any time; but these tokens another one had seen before it was taken."""
    here = archive()
    lists = _revoked(here.world.tsa, stolen_at, "keyCompromise")
    found = here.judge(renewed(), LONG_AFTER, here.trust(LONG_AFTER, crls=lists))
    assert found.verdict == verdict, found.as_json()
    if verdict == "valid":
        alone = here.judge(archived(), RENEWED, here.trust(LONG_AFTER, valid_from=RENEWED - DAY, crls=lists))
        assert alone.verdict == "invalid", "nobody else had seen it"


@pytest.mark.parametrize(("revoked_at", "outcome"), [(ARCHIVED + DAY, "warning"), (NOW - 20 * DAY, "failed")])
def test_a_seal_revoked_since_is_told_by_lists_of_today(revoked_at: datetime, outcome: str) -> None:
    here = archive()
    lists = _revoked(here.world.seal, revoked_at, "keyCompromise")
    found = here.judge(renewed(), LONG_AFTER, here.trust(LONG_AFTER, crls=lists))
    assert row(found, "trust.revocation").outcome == outcome


@pytest.mark.parametrize("position", [0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
@pytest.mark.parametrize("level", ["B-LT", "B-LTA", "renewed"])
def test_a_changed_byte_of_what_was_added_is_found(level: str, position: float) -> None:
    data = LEVELS[level]()
    start = len(made().pdf.data)
    place = start + int((len(data) - start) * position)
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    day = RENEWED + DAY if level == "renewed" else ARCHIVED + DAY
    found = archive().judge(changed, day)
    assert found.verdict != "valid"
    assert "BROKEN_CHECK" not in {one.code for one in found.checks}


def test_without_a_trust_list_the_timestamps_are_nobodys_and_the_bytes_are_whole() -> None:
    from tests.licences.verification.worlds import SetSources, report

    found = report(renewed(), now=RENEWED + DAY, sources=SetSources(trust=None))
    assert found.verdict == "indeterminate"
    assert row(found, "time.archive").code == "NO_TRUST_LIST"
    assert row(found, "coverage.whole_file").outcome == row(found, "integrity.signature").outcome == "passed"


def test_lists_of_nobody_we_trust_are_not_looked_at() -> None:
    here, stranger = archive(), make_world()
    trust = here.trust(LONG_AFTER)
    strange = make_crl(stranger.root.authority, 1, (), NOW, NOW + DAY)
    own = make_crl(here.world.root.authority, 2, (), NOW, NOW + DAY)
    kept = ValidationData(crls=(strange, b"no list", own, trust.crls[0]))
    assert with_validation_data(trust, kept).crls == (*trust.crls, own)
    assert with_validation_data(trust, replace(kept, crls=(strange,))) is trust
    assert len(with_validation_data(trust, ValidationData(ocsp=(bytes(70_000), b"answer"))).ocsp) == 1
