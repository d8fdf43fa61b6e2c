"""kill -9 at every step of issuing, revoking and publishing: nothing is lost, nothing is doubled."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ca.desk import issuance, publishing
from ca.models import CertificateRow
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.store import revoked_of, statuses
from tests.ca.conftest import City
from tests.ca.house import NOW
from tests.ca.life_driver import AUTHORITY
from tests.ca.office import LATER, OFFICER, Office, client, new_key, serial_of

ROOT = Path(__file__).parents[2]
REVOCATION_STEPS = ("revocation-written", "revoked")


def killed(office: Office, city: City, act: str, step: str, *arguments: object) -> str:
    """Run the act in a process of its own that dies at the step, and return what it had said."""
    command = [sys.executable, "-m", "tests.ca.life_driver", office.database.url, str(city.ring.path), act, step]
    done = subprocess.run([*command, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return done.stdout


@pytest.mark.parametrize("step", issuance.STEPS)
def test_a_kill_while_a_certificate_is_issued(office: Office, city: City, step: str) -> None:
    before, key = office.count("issued"), new_key()
    assert killed(office, city, "issue", step, key.hex()) == ""
    left = office.intended()
    assert [row.request_id for row in left] == ([] if step in {"intent-written", "issued"} else ["r-killed"])

    assert office.desk().finish(LATER) == len(left)
    der = office.desk().issue(client(public_key=key), AUTHORITY, "r-killed", OFFICER, LATER)
    for row in left:
        assert read_certificate(der).tbs == row.tbs, "the same bytes as were intended"
    with office.worker() as session:
        rows = session.query(CertificateRow).filter_by(request_id="r-killed").all()
    assert [(row.state, row.der) for row in rows] == [("issued", der)]
    assert office.count("issued") == before + 1
    assert office.desk().finish(LATER) == 0


@pytest.mark.parametrize("step", REVOCATION_STEPS)
@pytest.mark.parametrize("act", ["revoke", "release"])
def test_a_kill_while_a_certificate_is_revoked_or_released(office: Office, city: City, act: str, step: str) -> None:
    desk, key = office.desk(), new_key()
    both = [
        serial_of(desk.issue(client(public_key=key), AUTHORITY, f"r-{number}", OFFICER, NOW)) for number in range(2)
    ]
    desk.hold(both[0], NOW, OFFICER, NOW)
    office.publisher().publish_due(NOW)
    killed(office, city, act, step, both[0])
    committed = step == "revoked"
    assert (AUTHORITY in office.publisher().due(LATER)) == committed

    if not committed:
        if act == "revoke":
            desk.revoke(both[0], "keyCompromise", LATER, OFFICER, LATER)
        else:
            desk.release(both[0], OFFICER, LATER)
    with office.worker() as session:
        standing = {entry.serial_number: entry.reason for entry in revoked_of(session, AUTHORITY)}
        verdicts = {one: found.verdict for one, found in statuses(session, AUTHORITY, both).items()}
    assert standing == (dict.fromkeys(both, "keyCompromise") if act == "revoke" else {})
    assert verdicts == dict.fromkeys(both, "revoked" if act == "revoke" else "good")
    assert (office.count("revoked"), office.count("resumed")) == ((2, 0) if act == "revoke" else (0, 1))
    office.publisher().publish_due(LATER)
    assert set(office.crl(AUTHORITY).entries) == set(standing)


@pytest.mark.parametrize("step", publishing.STEPS)
def test_a_kill_while_a_list_is_published(office: Office, city: City, step: str) -> None:
    serial = serial_of(office.desk().issue(client(), AUTHORITY, "r-1", OFFICER, NOW))
    office.publisher().publish_due(NOW)
    office.desk().revoke(serial, "superseded", LATER, OFFICER, LATER)
    killed(office, city, "publish", step)

    published = step == "list-published"
    assert (serial in office.crl(AUTHORITY).entries) == published
    assert office.publisher().publish_due(LATER) == (() if published else (AUTHORITY,))
    crl = office.crl(AUTHORITY)
    assert set(crl.entries) == {serial}
    # A number that was committed is not given again, whether its list was ever seen or not.
    assert crl.number == int(LATER.timestamp()) + (step != "number-written" and not published)
    numbers = [read_crl(row.der).number or 0 for row in office.lists(AUTHORITY) if row.der is not None]
    assert numbers == sorted(set(numbers))
