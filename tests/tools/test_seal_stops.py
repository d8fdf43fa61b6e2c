"""A stop reaches the certificate, and through its revocation list every verifier; across crashes too."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.database import Database
from api.founding import FOUNDER, hold_ceremony, register
from api.house import House
from api.schema import Role
from api.settings import Settings
from api.trust_lists import publish_trust
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.judging.paths import PathReport, validate_path
from ca.judging.trust import load_trust
from ca.reading.certificate_reader import read_certificate
from ledger.actor import Actor, Uscc
from ledger.objects.local_objects import LocalObjects
from seals.life.grants import Seal
from seals.life.rows import seal_of
from seals.life.stop_effects import due_effects
from seals.store import seal_by_code
from tools.ca.duties import Duties
from tools.ca.office import desk
from tools.demo.service import ceremony_plan

CODES = [f"9901000000000{number}" for number in range(1, 5)]
OFFICER = replace(FOUNDER, id="officer-1", roles=frozenset({CERTIFICATE_OFFICER}))


@pytest.fixture(scope="module")
def founded(
    new_database: Callable[[str], AbstractContextManager[Database]],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """A house of the test's own: its seals are stopped, one test each."""
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    with new_database(template) as database:
        now = datetime.now(UTC)
        hold_ceremony(settings, ceremony_plan(settings.base_url), now)
        house = House(settings, database, LocalObjects(home / "objects"))
        register(house, now)
        yield house


def keeper(seal: Seal) -> Actor:
    return replace(FOUNDER, id="custodian-1", kind="person", on_behalf_of=Uscc(seal.organisation))


def the_seal(house: House, code: str) -> Seal:
    with house.database.session(Role.WORKER) as session:
        row = seal_by_code(session, code)
        assert row is not None
        return seal_of(row)


def judged(house: House, seal: Seal, at: datetime, now: datetime) -> PathReport:
    """What an off-line verifier says of the seal's certificate, with the newest trust list."""
    trust = load_trust(publish_trust(house, now), now)
    return validate_path(seal.certificate, (), trust, at=at, usage="seal", proven=True)


def test_a_compromise_reaches_back_and_a_reorganisation_does_not(founded: House) -> None:
    now = datetime.now(UTC)
    lost, merged = the_seal(founded, CODES[0]), the_seal(founded, CODES[1])
    # The ceremony was a moment ago: later, so that a day of compromise lies between it and the stop.
    later = now + timedelta(minutes=30)
    since = now + timedelta(minutes=10)
    stops = founded.seals().stops
    with founded.database.session(Role.WORKER) as session:
        stops.cancel(session, lost.id, reason="compromise", actor=keeper(lost), now=later, invalid_from=since)
        stops.cancel(session, merged.id, reason="reorganisation", actor=keeper(merged), now=later)
    duties = Duties(founded)
    duties.do(later)
    duties.do(later + timedelta(seconds=5))
    with founded.database.session(Role.WORKER) as session:
        assert due_effects(session) == []
    after = later + timedelta(minutes=1)
    told = {
        (name, at): judged(founded, seal, at, after).revocation
        for name, seal in (("lost", lost), ("merged", merged))
        for at in (since - timedelta(minutes=1), since + timedelta(minutes=1), after)
    }
    assert [told["lost", at] for at in sorted(at for name, at in told if name == "lost")] == [
        "good",
        "revoked",
        "revoked",
    ]
    assert [told["merged", at] for at in sorted(at for name, at in told if name == "merged")] == [
        "good",
        "good",
        "revoked",
    ]


def test_a_suspicion_holds_the_certificate_until_the_seal_is_resumed(founded: House) -> None:
    now = datetime.now(UTC) + timedelta(hours=1)
    seal = the_seal(founded, CODES[2])
    stops, duties = founded.seals().stops, Duties(founded)
    with founded.database.session(Role.WORKER) as session:
        stops.suspend(session, seal.id, reason="suspected_compromise", actor=keeper(seal), now=now)
        assert [effect.act for effect in due_effects(session)].count("hold") >= 1
    duties.do(now)
    held = now + timedelta(minutes=1)
    assert judged(founded, seal, held, held).reason == "on_hold"
    with founded.database.session(Role.WORKER) as session:
        stops.resume(session, seal.id, actor=keeper(seal), now=held)
    duties.do(held)
    free = held + timedelta(minutes=1)
    assert judged(founded, seal, free, free).revocation == "good"


def test_a_hold_of_somebody_else_is_his_to_lift(founded: House) -> None:
    now = datetime.now(UTC) + timedelta(hours=2)
    seal = the_seal(founded, CODES[3])
    desk(founded).hold(read_certificate(seal.certificate).serial_number, now, OFFICER, now)
    with founded.database.session(Role.WORKER) as session:
        assert due_effects(session) == []


def test_a_suspension_for_other_reasons_leaves_the_certificate_alone(founded: House) -> None:
    now = datetime.now(UTC) + timedelta(hours=3)
    seal = the_seal(founded, CODES[3])
    with founded.database.session(Role.WORKER) as session:
        founded.seals().stops.suspend(session, seal.id, reason="personnel", actor=keeper(seal), now=now)
        assert due_effects(session) == []
