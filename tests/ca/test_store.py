from sqlalchemy import text
from sqlalchemy.orm import Session

from ca.certificate_reader import read_certificate
from ca.store import certificates, store_certificates
from tests.ca.conftest import City
from tests.ca.house import NOW


def test_a_ceremonys_certificates_are_kept_once(session: Session, city: City) -> None:
    assert store_certificates(session, city.ceremony, NOW) == 9
    assert store_certificates(session, city.ceremony, NOW) == 0
    rows = {row.key_name: row for row in certificates(session)}
    assert set(rows) == {one.key_name for one in city.ceremony.credentials()}
    for credential in city.ceremony.credentials():
        row = rows[credential.key_name]
        certificate = read_certificate(credential.cert_der)
        assert (row.der, row.profile, row.issued_at) == (credential.cert_der, credential.profile.name, NOW)
        assert (row.not_before, row.not_after) == (certificate.not_before, certificate.not_after)
        assert int(row.serial_number, 16) == certificate.serial_number
        assert row.subject == certificate.subject_text
    assert rows["root"].issuer_serial == rows["root"].serial_number == rows["timestamp"].issuer_serial
    assert rows["seal-market"].issuer_serial == rows["issuing"].serial_number


def test_no_key_stands_in_the_table(session: Session, city: City) -> None:
    store_certificates(session, city.ceremony, NOW)
    session.flush()
    columns = session.execute(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'ca' AND table_name = 'certificates'"
        )
    ).scalars()
    assert set(columns) == {
        "serial_number",
        "profile",
        "subject",
        "der",
        "key_name",
        "issued_at",
        "not_before",
        "not_after",
        "issuer_serial",
    }
