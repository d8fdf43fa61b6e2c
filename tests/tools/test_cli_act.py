"""`elicence act`: what an authority does to a licence, and who may."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.house import House
from api.schema import Role
from ledger.log.reading import inclusion
from licences.store import reading
from tests.tools.conftest import MARKET, Run
from tests.tools.issue_driver import issue_here
from tests.tools.rows import FOREIGN, SYSTEM, TOBACCO, permits, write_rows

GROUNDS = ("--reason", "伪造材料（测试）", "--legal-basis", "行政许可法第六十九条")


@pytest.fixture
def licence(house: House, tmp_path: Path) -> str:
    """The identifier of a licence in force."""
    (result,) = issue_here(house, write_rows(tmp_path / "one.jsonl", permits(1)))
    assert result.identifier is not None
    return result.identifier


def statuses(house: House, identifier: str) -> list[tuple[str, str, str]]:
    with house.database.session(Role.WORKER) as session:
        version = reading.version_by_identifier(session, identifier)
        assert version is not None
        return [(row.status, row.actor["kind"], row.event_id) for row in reading.statuses(session, version.id)]


def test_a_revocation_stands_in_the_register_and_in_the_ledger(run: Run, house: House, licence: str) -> None:
    code, out, err = run("act", licence, "--act", "revoke", *GROUNDS, "--decision", "测罚〔2026〕1号", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["identifier"], told["status"]) == (licence, "revoked")
    *_, (status, actor, event) = statuses(house, licence)
    assert (status, actor, event) == ("revoked", "system", told["event"])
    with house.database.session(Role.WORKER) as session:
        assert inclusion(session, house.objects, house.wrapper, event) is not None


def test_a_suspension_until_a_day_and_what_people_read(run: Run, house: House, licence: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    code, out, _ = run("act", licence, "--act", "suspend", "--kind", "seizure", "--until", until, *GROUNDS)
    assert code == 0
    assert licence in out
    assert "suspended" in out
    assert statuses(house, licence)[-1][0] == "suspended"


def test_what_may_not_follow_is_refused_and_says_what_may(run: Run, licence: str) -> None:
    assert run("act", licence, "--act", "void", *GROUNDS)[0] == 0
    code, out, err = run("act", licence, "--act", "revoke", *GROUNDS)
    assert (code, out) == (3, "")
    assert "licences.act_not_allowed" in err


def test_the_operator_acts_for_the_unit_that_issued_it_and_for_no_other(run: Run, house: House, licence: str) -> None:
    code, _, err = run("act", licence, "--act", "revoke", *GROUNDS, "--unit", MARKET)
    assert code == 3
    assert "licences.unknown" in err
    assert run("act", licence, "--act", "revoke", *GROUNDS, "--unit", TOBACCO)[0] == 0
    assert statuses(house, licence)[-1][:2] == ("revoked", "person")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--act", "burn", *GROUNDS], "--act"),
        (["--act", "revoke", "--reason", "x"], "--legal-basis"),
        (["--act", "revoke", "--reason", " ", "--legal-basis", "x"], "licences.act_malformed"),
        (["--act", "suspend", *GROUNDS], "licences.act_malformed"),
        (["--act", "reinstate", *GROUNDS], "licences.act_not_allowed"),
        (["--act", "revoke", *GROUNDS, "--effective-at", "yesterday"], "--effective-at"),
        (["--act", "revoke", *GROUNDS, "--effective-at", "2026-11-22T10:00:00"], "--effective-at"),
        (["--act", "revoke", *GROUNDS, "--effective-at", "2020-01-01T00:00:00+08:00"], "licences.act_malformed"),
        (["--act", "revoke", *GROUNDS, "--as", "nobody"], "tools.system_unknown"),
        (["--act", "revoke", *GROUNDS, "--as", SYSTEM, "--unit", TOBACCO], "--unit"),
        (["--act", "revoke", *GROUNDS, "--unit", "1199"], "seals.organisation_refused"),
        (["--act", "revoke", *GROUNDS, "--unit", FOREIGN], "licences.unknown"),
    ],
)
def test_wrong_requests_change_nothing(run: Run, house: House, licence: str, arguments: list[str], said: str) -> None:
    code, out, err = run("act", licence, *arguments)
    assert (code, out) == (3, "")
    assert said in err
    assert [row[0] for row in statuses(house, licence)] == ["active"]


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("1.2.156", "identifiers.malformed"),
        (f"1.2.156.3005.2.11100000000013338W009.{FOREIGN}.2026000000001.001.X", "door.not_authorised"),
    ],
)
def test_licences_that_are_not_ours(run: Run, identifier: str, said: str) -> None:
    code, _, err = run("act", identifier, "--act", "revoke", *GROUNDS)
    assert code == 3
    assert said in err


def test_without_a_house(run: Run, at_home: Callable[[Path], None], tmp_path: Path) -> None:
    at_home(tmp_path)
    code, _, err = run("act", "1.2.156", "--act", "revoke", *GROUNDS)
    assert code == 3
    assert "elicence init" in err
