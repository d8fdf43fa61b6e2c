"""A backup is restored, and what was revoked since comes back in from the lists that the world has."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime

import pytest

from api.database import Database
from ca.ceremonies import rollover
from ca.desk.life_errors import ListRefused, RoleMissing
from ca.desk.taking_in import PublishedLists, TakenInList
from ca.errors import CrlInvalid
from ca.judging.trust import load_trust
from ca.keys.folder import KeyFolder
from ca.keys.software_signer import SoftwareSigner
from ca.models import LostRevocationRow
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.store import certificate_by_serial, revoked_of, serial_text, statuses
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue_root
from ca.writing.revocation import make_crl
from tests.ca.conftest import City
from tests.ca.house import CHEAP, NOW
from tests.ca.office import (
    DAY,
    HOUR,
    LATER,
    OFFICER,
    PASSPHRASE,
    Office,
    client,
    open_office,
    register,
    serial_of,
)
from tests.ca.test_issuance import SYSTEMS, crash_at

RESTORED = NOW + 3 * DAY


@pytest.fixture
def backup(
    new_database: Callable[[str], AbstractContextManager[Database]], registered: str, city: City
) -> Iterator[Office]:
    """What will be restored: the house as it was before anything below happened."""
    with new_database(registered) as database:
        yield open_office(database, city.ring.path)


def restored(office: Office) -> PublishedLists:
    return PublishedLists(office.worker, office.wrapper, office.promiser, office.ceremony.crls)


def take_in(office: Office, der: bytes, now: datetime = RESTORED) -> TakenInList:
    return restored(office).take_in(der, OFFICER, now)


def published(office: Office, now: datetime) -> bytes:
    return office.publisher().publish(SYSTEMS, now)


def issue(office: Office, number: int, now: datetime = NOW) -> int:
    return serial_of(office.desk().issue(client(f"系统{number}"), SYSTEMS, f"r-{number}", OFFICER, now))


def told(office: Office) -> dict[int, str | None]:
    with office.worker() as session:
        return {one.serial_number: one.reason for one in revoked_of(session, SYSTEMS)}


def test_what_was_revoked_since_the_backup_comes_back(office: Office, backup: Office) -> None:
    """Certificates of the ceremony, which the backup holds: the status key was lost, the receipt key is on hold."""
    made = office.ceremony.certificates
    lost, held = (serial_of(made[name].cert_der) for name in ("status", "receipt"))
    office.desk().revoke(lost, "keyCompromise", LATER, OFFICER, LATER, NOW)
    office.desk().hold(held, LATER, OFFICER, LATER)
    der = published(office, LATER)
    assert told(backup) == {}
    events = backup.count("revoked"), backup.count("suspended")
    taken = take_in(backup, der)
    assert (taken.authority, taken.entries, taken.lost, taken.held) == (SYSTEMS, 2, (), ())
    assert set(taken.revoked) == {serial_text(lost), serial_text(held)}
    assert told(backup) == told(office) == {lost: "keyCompromise", held: "certificateHold"}
    assert (backup.count("revoked"), backup.count("suspended")) == (events[0] + 1, events[1] + 1)
    assert {row.invalidity_date for row in backup.revocations()} == {NOW.replace(microsecond=0), None}
    assert {row.recorded_by["id"] for row in backup.revocations()} == {OFFICER.id}


def test_the_next_list_tells_it_and_follows_on(office: Office, backup: Office) -> None:
    serial = serial_of(office.ceremony.certificates["status"].cert_der)
    office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    der = published(office, LATER)
    take_in(backup, der)
    assert backup.crl(SYSTEMS).der == der
    # The list that was taken in is as good as any: nothing is due before its time.
    assert SYSTEMS not in backup.publisher().due(LATER)
    following = read_crl(published(backup, RESTORED))
    assert (following.number or 0) > (read_crl(der).number or 0)
    assert serial in following.entries


def test_the_same_again_and_older_lists_change_nothing(office: Office, backup: Office) -> None:
    serial = serial_of(office.ceremony.certificates["status"].cert_der)
    empty = published(office, NOW)
    office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    der = published(office, LATER)
    assert take_in(backup, der).revoked
    for again in (der, empty):
        taken = take_in(backup, again)
        assert (taken.revoked, taken.lost) == ((), ())
    assert len(backup.revocations()) == 1
    assert backup.crl(SYSTEMS).der == der


def test_a_certificate_that_the_backup_does_not_hold_stays_revoked(office: Office, backup: Office) -> None:
    serial = issue(office, 1)
    office.desk().revoke(serial, "cessationOfOperation", LATER, OFFICER, LATER)
    taken = take_in(backup, published(office, LATER))
    assert (taken.revoked, taken.lost) == ((), (serial_text(serial),))
    with backup.worker() as session:
        assert certificate_by_serial(session, serial) is None
        known = statuses(session, SYSTEMS, [serial, serial + 1])
    assert {number: status.verdict for number, status in known.items()} == {serial: "revoked"}
    assert serial in read_crl(published(backup, RESTORED)).entries
    assert take_in(backup, published(office, LATER + HOUR)).lost == ()


def test_a_worse_reason_that_was_found_later_takes_the_place(office: Office, backup: Office) -> None:
    known, lost = serial_of(office.ceremony.certificates["status"].cert_der), issue(office, 1)
    for serial in (known, lost):
        office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    take_in(backup, published(office, LATER))
    for serial in (known, lost):
        office.desk().revoke(serial, "keyCompromise", LATER + HOUR, OFFICER, LATER + HOUR)
    taken = take_in(backup, published(office, LATER + HOUR))
    assert (taken.revoked, taken.lost) == ((serial_text(known),), (serial_text(lost),))
    assert told(backup) == {known: "keyCompromise", lost: "keyCompromise"}
    assert set(take_in(backup, published(office, LATER + 2 * HOUR)).revoked) == set()


def test_an_intent_of_the_backup_is_not_issued_a_second_time(office: Office, city: City) -> None:
    """The backup fell between intent and signature: the certificate went out, and was revoked."""
    crash_at(office, "intent-committed", client())
    (row,) = office.intended()
    serial, authority = int(row.serial_number, 16), city.ceremony.certificates[SYSTEMS]
    elsewhere = Authority(authority.cert_der, city.ring.signer(SYSTEMS))
    der = make_crl(elsewhere, 9, [Revoked(serial, LATER, "keyCompromise")], LATER, LATER + 7 * DAY)
    assert take_in(office, der).lost == (serial_text(serial),)
    assert office.desk().finish(RESTORED) == 0
    assert (office.row(serial).state, office.intended()) == ("abandoned", [])
    assert told(office) == {serial: "keyCompromise"}


def test_what_was_released_since_is_named_and_left_to_people(office: Office, backup: Office) -> None:
    serial = serial_of(office.ceremony.certificates["status"].cert_der)
    backup.desk().hold(serial, NOW, OFFICER, NOW)
    taken = take_in(backup, published(office, LATER))
    assert taken.held == (serial_text(serial),)
    assert told(backup) == {serial: "certificateHold"}


def test_the_lists_inside_a_trust_list_count_too(office: Office, backup: Office) -> None:
    serial = serial_of(office.ceremony.certificates["status"].cert_der)
    office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    der = office.publisher().publish(SYSTEMS, LATER, LATER + 366 * DAY)
    take_in(backup, der)
    assert [(row.der, row.audience) for row in backup.lists(SYSTEMS)][-1] == (der, "trust-list")
    # Whoever fetches lists is not given one that holds for a year.
    assert SYSTEMS in backup.publisher().due(LATER)


def test_lists_that_are_not_ours_are_refused(office: Office, city: City) -> None:
    ours = Authority(city.ceremony.certificates[SYSTEMS].cert_der, city.ring.signer(SYSTEMS))
    entry = Revoked(serial_of(city.ceremony.certificates["status"].cert_der), NOW, "superseded")
    name = DistinguishedName.read(ours.read().subject)
    signer = SoftwareSigner.generate("ES256")
    begin, end = ours.read().not_before, ours.read().not_after
    # The same name and another key.
    forger = Authority(issue_root(profiles.ROOT, name, signer, begin, end), signer)
    forged = make_crl(forger, 9, [entry], LATER, LATER + DAY)
    future = make_crl(ours, 9, [entry], RESTORED + DAY, RESTORED + 2 * DAY)
    for der, word in ((forged, "no authority"), (future, "clock")):
        with pytest.raises(ListRefused, match=word):
            take_in(office, der)
    with pytest.raises(CrlInvalid):
        take_in(office, b"0")
    good = make_crl(ours, 9, [entry], LATER, LATER + DAY)
    with pytest.raises(RoleMissing):
        restored(office).take_in(good, replace(OFFICER, roles=frozenset()), RESTORED)
    assert office.revocations() == []


def test_an_authority_tells_of_its_own_certificates_only(office: Office, city: City) -> None:
    """Whoever has the key of one authority could otherwise revoke the certificates of all others."""
    ours = Authority(city.ceremony.certificates[SYSTEMS].cert_der, city.ring.signer(SYSTEMS))
    made = city.ceremony.certificates
    theirs = [serial_of(made[name].cert_der) for name in ("issuing-seals", "timestamp", "trust")]
    entries = [Revoked(serial, LATER, "keyCompromise") for serial in theirs]
    taken = take_in(office, make_crl(ours, 9, entries, LATER, LATER + DAY))
    assert taken.revoked == ()
    assert office.revocations() == []
    with office.worker() as session:
        for authority in ("root", "issuing-seals"):
            assert revoked_of(session, authority) == ()
            assert {one.verdict for one in statuses(session, authority, theirs).values()} <= {"good"}


def test_a_key_that_others_know_proves_nothing(office: Office, city: City) -> None:
    ours = Authority(city.ceremony.certificates[SYSTEMS].cert_der, city.ring.signer(SYSTEMS))
    serial = read_certificate(ours.certificate).serial_number
    office.desk().revoke(serial, "cACompromise", LATER, OFFICER, LATER)
    with pytest.raises(ListRefused, match="others know"):
        take_in(office, make_crl(ours, 9, [], LATER, LATER + DAY))


def test_a_roots_list_comes_back_with_its_ceremonys_folder_only(office: Office, city: City) -> None:
    """The next ceremony would otherwise give its number a second time."""
    serial = serial_of(city.ceremony.certificates["timestamp"].cert_der)
    offline = KeyFolder(city.folder.path / "root", PASSPHRASE, CHEAP)
    root = Authority(city.ceremony.certificates["root"].cert_der, offline.signer("root"))
    newer = make_crl(root, 2, [Revoked(serial, LATER, "superseded")], LATER, LATER + 700 * DAY)
    with pytest.raises(ListRefused, match="key folder"):
        take_in(office, newer)
    assert take_in(office, city.ceremony.crls["root"]).revoked == ()


def test_a_roots_revocation_is_in_the_next_ceremonys_list(
    office: Office, backup: Office, city: City, own_keys: Office
) -> None:
    serial = serial_of(city.ceremony.certificates["timestamp"].cert_der)
    offline = KeyFolder(own_keys.ring.path / "root", PASSPHRASE, CHEAP)
    revoked = {"root": [Revoked(serial, LATER, "superseded")]}
    held = rollover.renew(own_keys.ring, offline, LATER, revoked)
    register(backup, NOW)  # the register of before, the folder of after
    lists = PublishedLists(backup.worker, backup.wrapper, backup.promiser, held.crls)
    assert lists.take_in(held.crls["root"], OFFICER, RESTORED).revoked == (serial_text(serial),)
    assert lists.take_in(held.crls["root"], OFFICER, RESTORED).revoked == ()
    assert load_trust(held.trust, RESTORED)


@pytest.fixture
def own_keys(office: Office, city: City, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A copy of the city's keys, for a ceremony of the test's own."""
    import shutil

    folder = shutil.copytree(city.ring.path, tmp_path_factory.mktemp("own") / "keys")
    return open_office(office.database, folder)


def test_many_are_taken_in_at_once(office: Office, city: City) -> None:
    ours = Authority(city.ceremony.certificates[SYSTEMS].cert_der, city.ring.signer(SYSTEMS))
    entries = [Revoked((1 << 150) + number, LATER, "superseded") for number in range(6_000)]
    taken = take_in(office, make_crl(ours, 9, entries, LATER, LATER + DAY))
    assert len(taken.lost) == 6_000
    with office.worker() as session:
        assert session.query(LostRevocationRow).count() == 6_000
