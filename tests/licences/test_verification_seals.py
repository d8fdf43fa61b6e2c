"""What the register of seals says reaches the verdict on line, at once and by what each stop means."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ca.writing.certificates import DistinguishedName
from ledger.objects.objects import ObjectStore
from licences.verification.report import Report
from licences.verification.sources import Absent, SealStanding
from licences.verification_sources import UnavailableSources
from seals.life.registry import NewSeal, register_organisation
from seals.models import SealRow
from tests.licences.issuing_house import KEEPER, TOBACCO, register_seals, shop
from tests.licences.test_verification_sources import LATER, Register
from tests.seals import national
from tests.seals.keys import NOW, seal_keys
from tests.seals.register import CUSTODIAN, bureau, custodian, office

MINUTE = timedelta(minutes=1)
Stop = Callable[[Session, UUID], None]


@pytest.fixture
def register(database: Database, objects: ObjectStore) -> Register:
    register_seals(database)
    return Register(database, objects)


def sealed_then(register: Register, stop: Stop) -> Report:
    """A licence is issued at NOW, the seal stopped thereafter, and the licence verified."""
    (licence,) = register.issue(shop(1))
    with register.database.session(Role.WORKER) as session:
        stop(session, seal_of(session))
    return register.verify(licence.pdf.data, now=LATER + MINUTE)


def seal_of(session: Session) -> UUID:
    return session.scalars(select(SealRow.id).where(SealRow.organisation == TOBACCO)).one()


def cancelled(invalid_from: datetime | None = None, reason: str = "compromise") -> Stop:
    def act(session: Session, seal_id: UUID) -> None:
        said: dict[str, Any] = {"reason": reason, "actor": KEEPER, "now": LATER, "invalid_from": invalid_from}
        office().stops.cancel(session, seal_id, **said)

    return act


def suspended(reason: str, at: datetime = LATER) -> Stop:
    return lambda session, seal_id: office().stops.suspend(session, seal_id, reason=reason, actor=KEEPER, now=at)


def suspended_and_resumed(session: Session, seal_id: UUID) -> None:
    suspended("inspection", NOW - MINUTE)(session, seal_id)
    office().stops.resume(session, seal_id, actor=KEEPER, now=LATER)


@pytest.mark.parametrize(
    ("stop", "verdict", "code"),
    [
        pytest.param(lambda *_: None, "valid", None, id="in use"),
        pytest.param(cancelled(NOW - MINUTE), "invalid", "SEAL_COMPROMISED", id="compromised before"),
        pytest.param(cancelled(NOW + MINUTE), "valid", "COMPROMISED_LATER", id="compromised later"),
        pytest.param(cancelled(reason="reorganisation"), "valid", None, id="reorganised later"),
        pytest.param(suspended("suspected_compromise"), "valid", "IN_QUESTION_LATER", id="suspected later"),
        pytest.param(
            suspended("suspected_compromise", NOW - MINUTE), "indeterminate", "SEAL_IN_QUESTION", id="suspected before"
        ),
        pytest.param(suspended("inspection"), "valid", None, id="suspended later"),
        pytest.param(suspended("inspection", NOW - MINUTE), "invalid", "SEAL_STOPPED", id="suspended before"),
        pytest.param(suspended_and_resumed, "invalid", "SEAL_STOPPED", id="sealed while suspended"),
    ],
)
def test_a_stop_reaches_what_it_means(register: Register, stop: Stop, verdict: str, code: str | None) -> None:
    found = sealed_then(register, stop)
    row = found.check("trust.seal_register")
    assert (found.verdict, row.code) == (verdict, code), found.as_json()


def test_a_seal_of_another_house_is_not_in_our_register(register: Register) -> None:
    strangers = (seal_keys("99019900000099").chain[0], national.maker().certificate, b"no certificate")
    with register.sources() as sources:
        assert [sources.seal(one) for one in strangers] == [Absent.NOT_FOUND] * 3


def test_the_number_alone_is_not_the_seal(register: Register) -> None:
    """Somebody certified by another authority under the number of one of ours."""
    with register.database.session(Role.WORKER) as session:
        row = session.get(SealRow, seal_of(session))
        assert row is not None
        code, ours = row.code, row.certificate
    again = national.party(DistinguishedName(code, f"{TOBACCO} 测试")).certificate
    with register.sources() as sources:
        assert sources.seal(again) is Absent.NOT_FOUND
        assert isinstance(sources.seal(ours), SealStanding)


def test_a_national_seal_is_found_by_the_certificate_that_signs_under_it(database: Database) -> None:
    new = NewSeal(
        code=national.ES_ID,
        organisation=bureau().uscc,
        kind="special",
        name=national.design().name,
        certificate=seal_keys(national.ES_ID).chain[0],
        key_name="pdf",
        appearance=b"picture",
        esl=national.esl(),
        esl_certificate=national.bureau().certificate,
        esl_key_name="national",
    )
    with database.session(Role.WORKER) as session:
        register_organisation(session, bureau())
        made = custodian().make_seal(session, new, CUSTODIAN, NOW)
        office().stops.suspend(session, made.id, reason="suspected_compromise", actor=CUSTODIAN, now=LATER)
    register = Register(database, None)  # type: ignore[arg-type]
    with register.sources() as sources:
        for certificate in (new.certificate, national.bureau().certificate):
            standing = sources.seal(certificate)
            assert isinstance(standing, SealStanding)
            assert (standing.state, standing.invalid_from) == ("suspended", None)
            assert [(one.since, one.until, one.in_question) for one in standing.stops] == [(LATER, None, True)]


def test_without_the_register_nothing_is_guessed() -> None:
    sources = UnavailableSources("database", None, None)
    assert sources.seal(b"") == sources.status("")
