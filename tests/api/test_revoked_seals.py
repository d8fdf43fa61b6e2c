"""A seal whose certificate we revoked or put on hold seals no more, though nobody has stopped the seal itself."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from api.database import Database
from api.founding import enrol, hold_ceremony, register
from api.house import House
from api.schema import Role
from api.settings import Settings
from ca.ceremonies.plan import load_plan
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.reading.certificate_reader import read_certificate
from ledger.actor import Actor
from ledger.objects.local_objects import LocalObjects
from licences.issuing import Issuer
from licences.issuing_results import Failed, Issued, Outcome, Refused
from seals.life.grants import Seal
from seals.life.rows import seal_of
from seals.providers.errors import SealCertificateRevoked
from seals.store import open_uses, seal_by_code
from tests.api.conftest import CEREMONY, PLATFORM, TOBACCO
from tests.licences.issuing_house import actor, shop
from tools.ca.office import desk

NOW = datetime.now(UTC)
OFFICER = Actor(
    kind="person", id="officer-1", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)


@pytest.fixture
def founded(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> Iterator[House]:
    settings = Settings(home=tmp_path)
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    seals = tuple(seal for seal in plan.seals if seal.uscc == TOBACCO)
    hold_ceremony(settings, plan.model_copy(update={"seals": seals, "national": None}), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(house, NOW)
        enrol(house, system_id="approval-1", name="测试审批系统", unit=PLATFORM, issuers=[TOBACCO], now=NOW)
        yield house


def the_seal(house: House) -> Seal:
    (credential,) = house.ceremony.seals.values()
    with house.database.session(Role.WORKER) as session:
        row = seal_by_code(session, credential.plan.code)
        assert row is not None
        return seal_of(row)


def serial(house: House) -> int:
    return read_certificate(the_seal(house).certificate).serial_number


def issue(issuer: Issuer, *numbers: int) -> list[Outcome]:
    return issuer.issue_batch([shop(number) for number in numbers], actor(TOBACCO), lambda: datetime.now(UTC))


def test_its_key_is_not_opened(founded: House) -> None:
    seal = the_seal(founded)
    desk(founded).hold(serial(founded), NOW, OFFICER, NOW)
    with pytest.raises(SealCertificateRevoked) as caught:
        founded.sealing_tools(seal)
    assert (caught.value.code, caught.value.reason) == ("seals.certificate_revoked", "certificate_revoked")
    assert "更换印章证书" in caught.value.message("zh")
    desk(founded).release(serial(founded), OFFICER, NOW)
    assert founded.sealing_tools(seal)
    assert founded.chain_of(seal.certificate) == founded.ceremony.chain_of(seal.certificate)
    desk(founded).revoke(serial(founded), "superseded", NOW, OFFICER, NOW)
    with pytest.raises(SealCertificateRevoked):
        founded.chain_of(seal.certificate)


def test_an_issuer_that_has_its_key_open_goes_on_no_more(founded: House) -> None:
    with founded.issuer(Role.APP) as issuer:
        assert isinstance(issue(issuer, 1)[0], Issued)
        desk(founded).hold(serial(founded), NOW, OFFICER, NOW)
        refused = issue(issuer, 2, 3)
        assert [type(one) for one in refused] == [Refused, Refused]
        assert all(isinstance(one.error, SealCertificateRevoked) for one in refused if isinstance(one, Refused))
        desk(founded).release(serial(founded), OFFICER, NOW)
        assert isinstance(issue(issuer, 2)[0], Issued)


@pytest.mark.parametrize("step", ["intent-committed", "sealed"])
def test_what_was_intended_before_does_not_come_in_force(founded: House, step: str) -> None:
    """Whether the key was opened by then or not; and nobody who comes after stumbles over it."""

    def stop(reached: str) -> None:
        if reached == step:
            desk(founded).revoke(serial(founded), "keyCompromise", NOW, OFFICER, NOW)

    with founded.issuer(Role.WORKER, checkpoint=stop) as issuer:
        (ended,) = issue(issuer, 1)
        assert isinstance(ended, Failed)
        assert ended.reason == "seals.certificate_revoked"
    with founded.issuer(Role.WORKER) as issuer:
        assert issuer.finish_intents(lambda: NOW + timedelta(days=1)) == 0


def test_a_crash_before_the_revocation_keeps_no_worker_from_its_start(founded: House) -> None:
    class Killed(BaseException):
        pass

    def kill(reached: str) -> None:
        if reached == "intent-committed":
            raise Killed

    with founded.issuer(Role.WORKER, checkpoint=kill) as issuer, pytest.raises(Killed):
        issue(issuer, 1)
    desk(founded).revoke(serial(founded), "keyCompromise", NOW, OFFICER, NOW)
    ended: list[Outcome] = []
    with founded.issuer(Role.WORKER) as issuer:
        assert issuer.finish_intents(lambda: datetime.now(UTC), ended.append) == 1
    assert [type(one) for one in ended] == [Failed]
    with founded.database.session(Role.WORKER) as session:
        # Nothing was signed, but who knows that of a worker that died?
        assert len(open_uses(session, datetime.now(UTC) + timedelta(hours=1))) == 1


def test_one_look_serves_a_batch(founded: House) -> None:
    with founded.issuer(Role.WORKER) as issuer:
        issue(issuer, 1)
        asked = []
        for numbers in (range(2, 3), range(3, 11)):
            with statements(founded) as heard:
                outcomes = issue(issuer, *numbers)
            assert {type(one) for one in outcomes} == {Issued}
            asked.append((len(heard), sum("revocations" in one for one in heard)))
    # As many for eight licences as for one; two looks, before the seal is set and before the licence is in force.
    assert asked == [(asked[0][0], 2)] * 2


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement)

    engine = house.database.engine(Role.WORKER)
    others = house.database.engine(Role.APP)
    for one in (engine, others):
        event.listen(one, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        for one in (engine, others):
            event.remove(one, "before_cursor_execute", note)
