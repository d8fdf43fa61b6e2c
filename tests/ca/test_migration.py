"""What the first release had in its table of certificates survives the upgrade."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import text

from api.database import Database, alembic_config
from api.schema import Role
from ca.models import CertificateRow
from ca.reading.certificate_reader import read_certificate
from ca.store import authorities, certificates
from ca.writing.certificates import Authority
from tests.ca.conftest import City
from tests.ca.house import NOW, issuing, root, seal
from tests.ca.office import LATER, OFFICER, Office, open_office, register, serial_of

_INSERT = text("""
    INSERT INTO ca.certificates
           (serial_number, profile, subject, der, key_name, issued_at, not_before, not_after, issuer_serial)
    VALUES (:serial, :profile, :subject, :der, :profile, :now, :not_before, :not_after, :issuer)
""")


@pytest.fixture
def old(new_database: Callable[[str], AbstractContextManager[Database]]) -> Iterator[Database]:
    """An empty database as the first release left it."""
    with new_database("template1") as database:
        with database._migrating() as owner:
            command.upgrade(alembic_config(owner), "0001")
        yield database


def _enter(database: Database, made: dict[str, Authority], days: int = 0) -> None:
    above = {"root": "root", "issuing": "root", "seal": "issuing"}
    with database.session(Role.WORKER) as session:
        for profile, one in made.items():
            certificate = read_certificate(one.certificate)
            values = {
                "serial": f"{certificate.serial_number:040x}",
                "profile": profile,
                "subject": certificate.subject_text,
                "der": one.certificate,
                "now": NOW + timedelta(days=days),
                "not_before": certificate.not_before,
                "not_after": certificate.not_after,
                "issuer": f"{read_certificate(made[above[profile]].certificate).serial_number:040x}",
            }
            session.execute(_INSERT, values)


def _old_house() -> dict[str, Authority]:
    above = root()
    below = issuing(above)
    return {"root": above, "issuing": below, "seal": seal(below)}


def test_certificates_survive(old: Database) -> None:
    earlier, later = _old_house(), _old_house()
    _enter(old, earlier)
    _enter(old, later, days=1)
    old.migrate()
    assert old.check() == []
    with old.session(Role.WORKER) as session:
        rows = {row.der: row for row in certificates(session)}
        above = {row.id: row for row in authorities(session)}
    assert set(rows) == {one.certificate for made in (earlier, later) for one in made.values()}
    for made in (earlier, later):
        for profile, one in made.items():
            row = rows[one.certificate]
            assert (row.profile, row.key_name, row.state, row.requested_at) == (
                profile,
                profile,
                "issued",
                row.issued_at,
            )
            assert row.key_digest == hashlib.sha256(read_certificate(one.certificate).public_key).digest()
            assert above[row.authority].serial_number == row.issuer_serial
            assert row.subject_id is None
    found = {(row.role, row.generation, row.state) for row in above.values()}
    assert found == {(role, number, "ended") for role in ("root", "seals") for number in (0, -1)}


def test_a_house_goes_on_beside_what_the_first_release_made(old: Database, city: City) -> None:
    made = _old_house()
    _enter(old, made)
    old.migrate()
    office: Office = open_office(old, city.ring.path)
    assert register(office) == len(city.ceremony.certificates)
    assert office.publisher().publish_due(NOW)
    serial = serial_of(made["seal"].certificate)
    office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    with office.worker() as session:
        row = session.get_one(CertificateRow, f"{serial:040x}")
        assert row.subject_id is not None
    assert office.count("revoked") == 1
