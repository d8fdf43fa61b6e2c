"""The expiry watch tells of what ends soon and has no successor, and of nothing else."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.ceremonies import rollover
from ca.desk.expiry import Expiring, expiring
from ca.desk.publishing import LIFETIME
from ca.keys.folder import KeyFolder
from ca.models import AuthorityRow
from tests.ca.house import CHEAP, NOW, YEAR
from tests.ca.office import (
    DAY,
    HOUR,
    OFFICER,
    PASSPHRASE,
    Office,
    client,
    new_key,
    open_office,
    person,
    register,
    serial_of,
)
from tests.ca.test_issuance import SYSTEMS

MONTH = timedelta(days=30)


def told(office: Office, now: datetime, kind: str, within: timedelta = MONTH) -> list[Expiring]:
    with office.worker() as session:
        return [one for one in expiring(session, now, within) if one.kind == kind]


def serials(office: Office, now: datetime) -> set[int]:
    return {int(one.number, 16) for one in told(office, now, "certificate")}


@pytest.fixture
def serial(office: Office) -> int:
    return serial_of(office.desk().issue(client(), SYSTEMS, "r-1", OFFICER, NOW, key_name="system-1"))


def test_a_certificate_that_ends_is_told_of_before_and_after(office: Office, serial: int) -> None:
    end = office.row(serial).not_after
    assert serials(office, end - MONTH - HOUR) == set()
    for now in (end - MONTH + HOUR, end, end + MONTH - HOUR):
        assert serials(office, now) == {serial}
    assert serials(office, end + MONTH + HOUR) == set()
    (one,) = told(office, end, "certificate")
    assert (one.ends_at, one.authority, one.profile, one.key_name) == (end, SYSTEMS, "client", "system-1")
    assert "测试审批系统" in one.name


@pytest.mark.parametrize("how", ["renewed", "rekeyed", "issued again"])
def test_one_that_has_a_successor_is_not_told_of(office: Office, serial: int, how: str) -> None:
    desk, now = office.desk(), NOW + YEAR - DAY
    if how == "renewed":
        successor = desk.renew(serial, "r-2", now + YEAR, OFFICER, now)
    elif how == "rekeyed":
        successor = desk.rekey(serial, new_key(), "r-2", now + YEAR, OFFICER, now)
    else:
        successor = desk.issue(client(begin=now), SYSTEMS, "r-2", OFFICER, now, key_name="system-2")
    assert serials(office, now) == set()
    desk.revoke(serial_of(successor), "superseded", now, OFFICER, now)
    assert serials(office, now) == {serial}, "a successor that was revoked is none"


def test_persons_of_one_name_are_no_successors_of_each_other(office: Office) -> None:
    desk, now = office.desk(), NOW + YEAR - DAY
    first = serial_of(desk.issue(person(), "issuing-persons", "r-1", OFFICER, NOW))
    desk.issue(person(), "issuing-persons", "r-2", OFFICER, NOW)
    second = person()
    assert first in serials(office, now)
    assert second.subject.common_name in told(office, now, "certificate")[0].name


def test_a_revoked_certificate_needs_no_successor_and_a_held_one_does(office: Office, serial: int) -> None:
    now = NOW + YEAR - DAY
    office.desk().hold(serial, now, OFFICER, now)
    assert serials(office, now) == {serial}
    office.desk().revoke(serial, "superseded", now, OFFICER, now)
    assert serials(office, now) == set()


def test_an_authority_that_was_followed_by_another_may_end(office: Office) -> None:
    issuing = serial_of(office.ceremony.certificates[SYSTEMS].cert_der)
    now = office.row(issuing).not_after - DAY
    assert issuing in serials(office, now)
    with office.worker() as session:
        session.get_one(AuthorityRow, SYSTEMS).state = "retiring"
    assert issuing not in serials(office, now)


def test_a_list_is_told_of_when_it_was_not_renewed_by_itself(office: Office) -> None:
    office.publisher().publish_due(NOW)
    online = [one for one in told(office, NOW + LIFETIME / 2, "crl") if "issuing" in one.name]
    assert online == []
    late = {one.name for one in told(office, NOW + LIFETIME - DAY, "crl")}
    assert {SYSTEMS, "issuing-seals", "national-issuing-persons"} <= late
    office.publisher().publish_due(NOW + LIFETIME - DAY)
    assert told(office, NOW + LIFETIME - DAY, "crl") == []


def test_a_roots_list_is_told_of_before_it_ends_and_when_it_misses_a_revocation(office: Office) -> None:
    office.publisher().publish_due(NOW)
    end = office.crl("root").next_update
    assert end is not None
    roots = {one.name for one in told(office, end - DAY, "crl")} & {"root", "national-root"}
    assert roots == {"root", "national-root"}
    assert told(office, NOW, "crl") == []
    office.desk().revoke(serial_of(office.ceremony.certificates[SYSTEMS].cert_der), "superseded", NOW, OFFICER, NOW)
    assert [(one.name, one.ends_at) for one in told(office, NOW, "crl")] == [("root", NOW)]


@pytest.mark.parametrize("line", ["national-seal-maker", "status", "timestamp"])
def test_a_service_that_was_followed_under_another_name_may_end(office: Office, tmp_path: Path, line: str) -> None:
    keys = shutil.copytree(office.ring.path, tmp_path / "keys")
    serial = serial_of(office.ceremony.certificates[line].cert_der)
    end = office.row(serial).not_after
    assert serial in serials(office, end - DAY)
    own = open_office(office.database, keys)
    offline = KeyFolder(keys / "root", PASSPHRASE, CHEAP)
    followed = rollover.follow(own.ring, offline, line, end - 300 * DAY)
    register(own, end - 300 * DAY, followed)
    assert serial not in serials(own, end - DAY)


def test_the_trust_list_is_told_of(office: Office) -> None:
    assert told(office, NOW, "trust-list") == []
    (one,) = told(office, NOW + YEAR - DAY, "trust-list")
    assert one.number == str(int(NOW.timestamp()))
    with office.worker() as session:
        whole = expiring(session, NOW + 5 * YEAR, 6 * YEAR)
    assert [one.ends_at for one in whole] == sorted(one.ends_at for one in whole)
