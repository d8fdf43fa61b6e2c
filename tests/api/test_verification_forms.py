"""`POST /v1/verifications` with what is no licence of ours: packages, seals, values, and files with their seals beside them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.house import House
from api.schema import Role
from api.seal_providers import national_sealer
from ledger.actor import Uscc
from seals.life.office import SealOffice
from seals.life.rows import seal_of
from seals.ofd.sealer import seal_ofd
from seals.store import seal_by_code
from tests.api.conftest import Door
from tests.api.test_verification_routes import URL, rows
from tests.licences.verification import nationals
from tests.licences.verification.test_pairs import CONTENT, beside
from tests.seals import national, ofd_maker
from tests.seals.register import CUSTODIAN

CODE = "99010000000002"
RAW = {"Content-Type": "application/octet-stream"}


def ask(door: Door, body: bytes, **parameters: str) -> Any:
    answer = door.client.post(URL, content=body, params=parameters, headers=RAW)
    assert answer.status_code == 201
    return answer.json()


@pytest.mark.parametrize(
    "document", [nationals.sealed(), nationals.foreign(), national.esl()], ids=["package", "theirs", "seal"]
)
def test_integrity_is_judged_whoever_sealed_it(door: Door, document: bytes) -> None:
    report = ask(door, document, policy="seal")
    outcomes = rows(report)
    assert {outcomes[id_] for id_ in outcomes if id_.startswith("integrity.")} <= {"passed", "not_applicable"}
    assert report["verdict"] == "indeterminate", "our trust list knows nobody of these"
    assert report["policy"]["id"] == "seal"
    assert report["subject"]["face"] == {}


def test_a_changed_package_is_named(door: Door) -> None:
    report = ask(door, nationals.foreign_with(ofd_maker.PAGE, b"<other/>"))
    assert (report["verdict"], report["reason"]) == ("invalid", "document.altered")


def test_a_value_without_its_file_cannot_be_judged(door: Door) -> None:
    assert ask(door, nationals.value())["reason"] == "document.absent"
    assert ask(door, beside())["reason"] == "document.content_absent"


def test_a_file_and_its_seal_come_in_one_form(door: Door) -> None:
    files = {"file": ("approval.docx", CONTENT), "seal": ("approval.docx.p7s", beside())}
    report = door.client.post(URL, files=files, data={"policy": "seal"}).json()
    assert rows(report)["integrity.signature"] == rows(report)["coverage.whole_file"] == "passed"
    changed = {**files, "file": ("approval.docx", CONTENT + b"x")}
    assert door.client.post(URL, files=changed).json()["reason"] == "document.altered"


def test_two_files_in_a_form_are_a_wrong_request(door: Door) -> None:
    files = [("file", ("one.pdf", b"x")), ("file", ("two.pdf", b"y"))]
    answer = door.client.post(URL, files=files)
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.malformed")
    three = [*files, ("seal", ("three.p7s", b"z"))]
    assert door.client.post(URL, files=three).status_code == 400


def test_our_own_national_seal_is_believed_and_its_stop_reaches_the_verdict(door: Door) -> None:
    """Made, used, published and stopped by the house itself."""
    house, now = door.house, datetime.now(UTC)
    with house.database.session(Role.WORKER) as session:
        row = seal_by_code(session, CODE)
        assert row is not None
        seal, esl = seal_of(row), row.esl
    assert esl is not None
    document = seal_ofd(ofd_maker.plain(), national_sealer(house, seal), (ofd_maker.HERE,), now).data
    for body in (document, esl):
        report = ask(door, body, policy="seal")
        assert (report["verdict"], report["reason"]) == ("valid", "document.sealed"), report
        assert rows(report)["trust.seal_maker"] == rows(report)["trust.seal_register"] == "passed"
        assert report["subject"]["face"]["seal_number_1"]["value"] == CODE
    assert ask(door, document)["reason"] == "document.not_a_licence"
    unit = Uscc(seal.organisation)
    keeper = replace(CUSTODIAN, operator_unit=unit, on_behalf_of=unit)
    with house.database.session(Role.WORKER) as session:
        office(house).stops.suspend(session, seal.id, reason="inspection", actor=keeper, now=now - timedelta(minutes=1))
    assert ask(door, document, policy="seal")["reason"] == "seal.stopped"
    assert ask(door, esl, policy="seal")["reason"] == "seal.stopped"
    with house.database.session(Role.WORKER) as session:
        office(house).stops.resume(session, seal.id, actor=keeper, now=now)
    assert ask(door, esl, policy="seal")["verdict"] == "valid"


def office(house: House) -> SealOffice:
    return SealOffice(house.wrapper, house.promiser)
