"""What the worker does for the authority: certificates that a crash left half-made, and lists in time."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from api.house import House
from api.schema import Role
from ca.desk.issuance import CertificateDesk
from ca.errors import KeyMissing
from ca.keys.software_signer import SoftwareSigner
from ca.reading.names import DistinguishedName
from ca.writing.certificate_request import CertificateRequest
from tests.tools.conftest import Run
from tools.ca import duties as module
from tools.ca.duties import Duties
from tools.ca.office import OFFICER, desk

NUMBERS = text("SELECT authority, max(number) AS number FROM ca.crls WHERE der IS NOT NULL GROUP BY authority")


class PowerCutError(Exception):
    """Stands for whatever ends a process."""


def leave_intent(house: House, request_id: str, now: datetime) -> CertificateRequest:
    """Ask for a certificate, and stop before it is signed."""

    def cut(step: str) -> None:
        if step == "intent-committed":
            raise PowerCutError

    at_desk: CertificateDesk = desk(house)
    at_desk._checkpoint = cut
    name = DistinguishedName("测试中断系统", "测试市数据局")
    key = SoftwareSigner.generate("ES256").public_key
    asked = CertificateRequest("client", name, key, now, now + timedelta(days=30))
    with pytest.raises(PowerCutError):
        at_desk.issue(asked, "issuing-systems", request_id, OFFICER, now)
    return asked


def numbers(house: House) -> dict[str, int]:
    with house.database.session(Role.WORKER) as session:
        return {row.authority: row.number for row in session.execute(NUMBERS)}


def noted(looks: list[datetime], at: datetime) -> tuple[str, ...]:
    looks.append(at)
    return ()


def test_an_intent_is_finished_and_a_list_published(house: House, run: Run) -> None:
    now = datetime.now(UTC)
    asked = leave_intent(house, "duties-1", now)
    code, out, _ = run("work", "--once")
    assert (code, "certificates: 1" in out) == (0, True)
    issued = desk(house).issue(asked, "issuing-systems", "duties-1", OFFICER, now)
    assert asked.public_key in issued
    before = numbers(house)
    assert run("ca", "publish", "issuing-persons")[0] == 0
    assert numbers(house)["issuing-persons"] > before["issuing-persons"]
    assert "certificates: 0" in run("work", "--once")[1]


def test_a_key_that_is_away_is_noted_and_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime.now(UTC)
    looks: list[datetime] = []

    def away(_house: House, at: datetime) -> Any:
        looks.append(at)
        raise KeyMissing("issuing-seals")

    monkeypatch.setattr(module, "publish_lists", away)
    duties = Duties(house)
    with caplog.at_level(logging.WARNING):
        for seconds in range(0, 61, 1):
            duties.do_if_time(now + timedelta(seconds=seconds))
    # Five seconds apart at first, then ten, twenty, forty.
    assert [round((one - now).total_seconds()) for one in looks] == [0, 10, 30]
    assert "ca.key_missing" in caplog.text


@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=1)])
def test_a_clock_that_was_set_back_stops_nothing_for_long(
    house: House, monkeypatch: pytest.MonkeyPatch, back: timedelta
) -> None:
    looks: list[datetime] = []
    monkeypatch.setattr(module, "publish_lists", lambda _house, at: noted(looks, at))
    duties, now = Duties(house), datetime.now(UTC)
    duties.do_if_time(now)
    duties.do_if_time(now - back)
    duties.do_if_time(now - back + timedelta(seconds=7))
    assert len(looks) == 2 + (back > module._LONGEST_PAUSE)


def test_intents_that_cannot_be_finished_keep_no_list_from_being_published(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[datetime] = []
    monkeypatch.setattr(module, "publish_lists", lambda _house, at: noted(published, at))
    duties, now = Duties(house), datetime.now(UTC)

    def missing(_now: datetime) -> int:
        raise KeyMissing("issuing-systems")

    monkeypatch.setattr(duties._desk, "finish", missing)
    with pytest.raises(KeyMissing):
        duties.do(now)
    assert published == [now]
