"""What ceremonies made is entered into the register once, and what the door may see of the register."""

import shutil
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from api.database import Database
from api.schema import Role
from ca.ceremonies import rollover
from ca.judging.trust import load_trust
from ca.keys.folder import KeyFolder
from ca.models import AuthorityRow, Base, CertificateRow, CrlRow, RevocationRow
from ca.ocsp.responder import CertificateStatus
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.store import (
    authorities,
    authority,
    authority_certificate,
    certificate_by_key_name,
    certificate_by_serial,
    certificates,
    crl_of,
    last_trust_number,
    newest_trust,
    revoked_of,
    statuses,
    store_trust,
)
from ledger.models import EventRow, SubjectRow
from tests.ca.conftest import City
from tests.ca.house import CHEAP, NOW
from tests.ca.office import (
    DAY,
    LATER,
    OFFICER,
    PASSPHRASE,
    Office,
    at_once,
    client,
    open_office,
    register,
    serial_of,
)
from tests.ca.test_issuance import SYSTEMS, crash_at

NEXT_YEAR = NOW + 360 * DAY


def test_every_certificate_of_a_ceremony_is_entered(office: Office) -> None:
    made = office.ceremony.certificates
    with office.worker() as session:
        rows = {row.key_name: row for row in certificates(session)}
    assert set(rows) == set(made)
    for name, credential in made.items():
        row, certificate = rows[name], read_certificate(credential.cert_der)
        above = read_certificate(made[credential.issuer].cert_der)
        assert (row.der, row.profile, row.authority) == (
            credential.cert_der,
            credential.profile.name,
            credential.issuer,
        )
        assert (row.not_before, row.not_after) == (certificate.not_before, certificate.not_after)
        assert (int(row.serial_number, 16), int(row.issuer_serial, 16)) == (
            certificate.serial_number,
            above.serial_number,
        )
        assert (row.state, row.issued_at, row.subject) == ("issued", NOW, certificate.subject_text)


def test_each_is_a_subject_of_the_ledger_with_the_event_of_its_issue(office: Office) -> None:
    with office.worker() as session:
        subjects = set(session.scalars(select(CertificateRow.subject_id)))
        issued = session.scalars(select(EventRow.subject_id).where(EventRow.kind == "issued")).all()
        kinds = set(session.scalars(select(SubjectRow.kind).where(SubjectRow.id.in_(subjects))))
    assert sorted(issued) == sorted(subject for subject in subjects if subject is not None)
    assert len(issued) == len(office.ceremony.certificates)
    assert kinds == {"certificate"}


def test_the_authorities_lists_and_trust_list_are_entered(office: Office) -> None:
    with office.worker() as session:
        found = {row.id: row for row in authorities(session)}
        assert set(found) == {one.key_name for one in office.ceremony.authorities()}
        assert {row.state for row in found.values()} == {"active"}
        seals = found["national-issuing-seals"]
        assert (seals.hierarchy, seals.role, seals.generation) == ("national", "seals", 1)
        for name, der in office.ceremony.crls.items():
            row = crl_of(session, name)
            assert row is not None
            assert (row.der, row.number, row.audience) == (der, 1, "everybody" if "root" in name else "trust-list")
        trust = newest_trust(session)
        assert trust is not None
        assert (trust.number, trust.data) == (int(NOW.timestamp()), office.ceremony.trust)


def test_registering_again_changes_nothing(office: Office) -> None:
    def counted() -> list[int]:
        with office.worker() as session:
            tables = (AuthorityRow, CertificateRow, CrlRow, EventRow, SubjectRow, RevocationRow)
            return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]

    before = counted()
    assert register(office, LATER) == 0
    assert counted() == before


def test_two_that_register_at_once_enter_everything_once(database: Database, city: City) -> None:
    office = open_office(database, city.ring.path)
    added = at_once(lambda: register(office), lambda: register(office), lambda: register(office))
    assert sorted(added, key=str) == [0, 0, len(city.ceremony.certificates)], added
    assert office.count("issued") == len(city.ceremony.certificates)


def test_looking_up(office: Office) -> None:
    der = office.desk().issue(client(), SYSTEMS, "r-1", OFFICER, NOW, key_name="system-1")
    with office.worker() as session:
        for found in (certificate_by_serial(session, serial_of(der)), certificate_by_key_name(session, "system-1")):
            assert found is not None
            assert found.der == der
        newest, *_ = certificates(session, authority=SYSTEMS)
        assert newest.authority == SYSTEMS
        above = authority_certificate(session, SYSTEMS)
        assert above is not None
        assert above.der == office.ceremony.certificates[SYSTEMS].cert_der
        assert certificate_by_serial(session, 5) is None
        assert certificate_by_serial(session, 1 << 300) is None
        assert certificate_by_key_name(session, "nobody") is None
        assert authority_certificate(session, "nobody") is None
        assert authority(session, "nobody") is None
        assert crl_of(session, "nobody") is None


def test_the_numbers_of_trust_lists_only_rise(office: Office) -> None:
    def store(number: int) -> bool:
        with office.worker() as session:
            return store_trust(session, number, b"%d" % number, NOW, LATER)

    with office.worker() as session:
        first = last_trust_number(session)
    assert first == load_trust(office.ceremony.trust, NOW).number == int(NOW.timestamp())
    given = (first, first - 1, first + 2, first + 1, 0)
    assert [number for number in given if store(number)] == [first + 2]
    assert sorted(map(str, at_once(*[lambda: store(first + 3)] * 6))) == ["False"] * 5 + ["True"]


# --- rollover --------------------------------------------------------------------------------------------------------


@pytest.fixture
def own_keys(city: City, tmp_path: Path) -> Path:
    """A copy of the city's keys, for ceremonies of the test's own."""
    return shutil.copytree(city.ring.path, tmp_path / "keys")


def test_the_next_generations_are_entered_and_the_earlier_retire(database: Database, own_keys: Path) -> None:
    office = open_office(database, own_keys)
    register(office)
    root_keys = KeyFolder(own_keys / "root", PASSPHRASE, CHEAP)
    rollover.follow(office.ring, root_keys, SYSTEMS, NEXT_YEAR)
    after = rollover.follow_root(office.ring, root_keys, "international", NEXT_YEAR + DAY)
    assert after.links
    known = {one.cert_der for one in office.ceremony.credentials()}
    made = {one.cert_der for one in after.credentials()} | set(after.links.values())
    assert register(office, NEXT_YEAR + DAY, after) == len(made - known)
    with office.worker() as session:
        states = {row.id: row.state for row in authorities(session)}
        roots = session.scalars(select(CertificateRow).where(CertificateRow.profile == "root")).all()
        newest = crl_of(session, "root")
        assert newest is not None
        assert newest.der == after.crls["root"]
    assert {name: states[name] for name in ("root", "root-2", SYSTEMS, f"{SYSTEMS}-2", "national-root")} == {
        "root": "retiring",
        "root-2": "active",
        SYSTEMS: "retiring",
        f"{SYSTEMS}-2": "active",
        "national-root": "active",
    }
    international = {(row.key_name, row.authority) for row in roots if row.key_name in {"root", "root-2"}}
    assert international == {("root", "root"), ("root-2", "root-2"), ("root", "root-2"), ("root-2", "root")}
    assert register(office, NEXT_YEAR + DAY, after) == 0
    publisher = office.publisher()
    assert {SYSTEMS, f"{SYSTEMS}-2"} <= set(publisher.publish_due(NEXT_YEAR + DAY))
    office.desk().issue(client(begin=NEXT_YEAR + DAY), f"{SYSTEMS}-2", "r-1", OFFICER, NEXT_YEAR + DAY)


def test_what_a_ceremony_revoked_is_entered(database: Database, own_keys: Path) -> None:
    office = open_office(database, own_keys)
    first = office.ceremony
    register(office)
    root_keys = KeyFolder(own_keys / "root", PASSPHRASE, CHEAP)
    serial = serial_of(first.certificates["issuing-persons"].cert_der)
    entry = Revoked(serial, (NEXT_YEAR + DAY).replace(microsecond=0), "superseded")
    after = rollover.renew(office.ring, root_keys, NEXT_YEAR + 2 * DAY, {"root": [entry]})
    register(office, NEXT_YEAR + 2 * DAY, after)
    with office.worker() as session:
        assert statuses(session, "root", [serial]) == {serial: CertificateStatus("revoked", entry.at, "superseded")}
        assert revoked_of(session, "root") == (entry,)
        root, persons = session.get_one(AuthorityRow, "root"), session.get_one(AuthorityRow, "issuing-persons")
        newest = crl_of(session, "root")
        assert newest is not None
        assert newest.revision == root.revision, "the list knows all that the register knows"
        assert persons.state == "retiring"
    assert office.count("revoked") == 1
    register(office, NEXT_YEAR + 3 * DAY, after)
    assert office.count("revoked") == 1


def test_a_roots_list_that_misses_a_revocation_is_known_to_be_behind(database: Database, own_keys: Path) -> None:
    office = open_office(database, own_keys)
    register(office)
    serial = serial_of(office.ceremony.certificates["issuing-seals"].cert_der)
    moment = NEXT_YEAR + 9 * DAY
    office.desk().revoke(serial, "superseded", moment, OFFICER, moment)
    root_keys = KeyFolder(own_keys / "root", PASSPHRASE, CHEAP)
    behind = rollover.renew(office.ring, root_keys, moment)
    register(office, moment, behind)
    with office.worker() as session:
        newest, root = crl_of(session, "root"), session.get_one(AuthorityRow, "root")
        assert newest is not None
        assert newest.der == behind.crls["root"]
        assert newest.revision < root.revision
        entries = revoked_of(session, "root")
    complete = rollover.renew(office.ring, root_keys, moment + DAY, {"root": entries})
    register(office, moment + DAY, complete)
    with office.worker() as session:
        newest, root = crl_of(session, "root"), session.get_one(AuthorityRow, "root")
        assert newest is not None
        assert newest.der is not None
        assert newest.revision == root.revision
        assert serial in read_crl(newest.der).entries


# --- row-level security ----------------------------------------------------------------------------------------------


def _app(office: Office) -> AbstractContextManager[object]:
    return office.database.session(Role.APP, OFFICER)


def test_the_door_sees_what_was_issued_and_published_and_nothing_before(office: Office) -> None:
    crash_at(office, "intent-committed", client())
    with office.worker() as session:
        session.add(
            CrlRow(
                authority=SYSTEMS,
                number=99,
                audience="everybody",
                revision=0,
                this_update=NOW,
                next_update=NOW + timedelta(days=1),
            )
        )
    with office.database.session(Role.APP, OFFICER) as session:
        assert set(session.scalars(select(CertificateRow.state))) == {"issued"}
        assert len(authorities(session)) == len(office.ceremony.authorities())
        assert 99 not in set(session.scalars(select(CrlRow.number)))
        assert newest_trust(session) is not None
        der = office.ceremony.certificates["receipt"].cert_der
        assert statuses(session, SYSTEMS, [serial_of(der)]) == {serial_of(der): CertificateStatus("good")}


@pytest.mark.parametrize("table", sorted(table.name for table in Base.metadata.sorted_tables))
def test_the_door_changes_nothing(office: Office, table: str) -> None:
    for statement in (f"DELETE FROM ca.{table}", f"INSERT INTO ca.{table} SELECT * FROM ca.{table}"):
        with pytest.raises(ProgrammingError, match="permission denied"), _app(office) as session:
            session.execute(text(statement))  # type: ignore[attr-defined]
    column = Base.metadata.tables[f"ca.{table}"].primary_key.columns[0].name
    with pytest.raises(ProgrammingError, match="permission denied"), _app(office) as session:
        session.execute(text(f"UPDATE ca.{table} SET {column} = {column}"))  # type: ignore[attr-defined]


def test_no_key_stands_in_the_database() -> None:
    columns = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    assert {name for name in columns if "key" in name} == {"key_name", "key_digest"}
