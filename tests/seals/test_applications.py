"""A seal from the application to the delivery, and its successor."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificates import DistinguishedName, issue
from ca.writing.profiles import SEAL
from ledger.actor import Actor, Uscc
from ledger.models import EventRow
from seals import store
from seals.errors import OrganisationUnknown, SealUnknown
from seals.life.applications import SealApplication
from seals.life.life_errors import (
    ApplicationRefused,
    ApplicationUnknown,
    FourEyesWanted,
    MaterialDiffers,
    RoleWanted,
    StateRefused,
    UnitRefused,
)
from seals.life.registry import NewSeal, register_organisation
from seals.life.roles import SEAL_APPROVER, SEAL_CLERK
from seals.models import ApplicationRow, SealRow
from seals.store.applications import applications_of
from tests.seals.keys import BUREAU_CODE, NOW, SINCE, UNTIL, issuing
from tests.seals.register import APPROVER, AUDITOR, BUREAU, CLERK, CUSTODIAN, bureau, granted_seal, new_seal, office


def wanted(replaces: UUID | None = None, **changes: Any) -> SealApplication:
    seal = new_seal()
    sound = SealApplication(BUREAU, seal.kind, seal.code, seal.name, "新设窗口", "不动产登记专用章", replaces)
    return replace(sound, **changes)


def renewed() -> NewSeal:
    """The same seal under a new certificate."""
    name = DistinguishedName(new_seal().code, f"{BUREAU_CODE} 测试市自然资源和规划局")
    key = SoftwareSigner.generate("ES256")
    return replace(new_seal(), certificate=issue(SEAL, name, key.public_key, issuing(), SINCE, UNTIL))


def approved(session: Session, application: SealApplication) -> UUID:
    made = office().applications.apply(session, application, CLERK, NOW)
    office().applications.decide(session, made, "approved", APPROVER, NOW)
    return made


def test_from_the_application_to_the_delivery(session: Session) -> None:
    register_organisation(session, bureau())
    desk = office().applications
    application = approved(session, wanted())
    made = desk.make(session, application, new_seal(), CUSTODIAN, NOW)
    assert (made.state, made.generation) == ("made", 1)
    assert store.seal_by_code(session, made.code) is None
    delivered = desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    assert delivered.state == "active"
    row = session.get(ApplicationRow, application)
    assert row is not None
    assert (row.state, row.delivered_to, row.decided_by) == ("delivered", "clerk-2", APPROVER.as_json())
    query = select(EventRow.kind).where(EventRow.subject_id == made.id).order_by(EventRow.ordinal)
    assert list(session.scalars(query)) == ["applied", "approved", "made", "delivered"]
    assert [one.id for one in applications_of(session, BUREAU)] == [application]
    assert applications_of(session, BUREAU, "applied") == []


@pytest.mark.parametrize(
    ("decider", "error"),
    [
        (replace(CLERK, roles=frozenset({SEAL_CLERK, SEAL_APPROVER})), FourEyesWanted),
        (replace(APPROVER, kind="system"), FourEyesWanted),
        (CLERK, RoleWanted),
        (CUSTODIAN, RoleWanted),
        (AUDITOR, RoleWanted),
        (replace(APPROVER, on_behalf_of=Uscc("11990100MB9T0002XE")), UnitRefused),
        (replace(APPROVER, on_behalf_of=None), UnitRefused),
    ],
)
def test_another_person_decides(session: Session, decider: Actor, error: type[Exception]) -> None:
    register_organisation(session, bureau())
    application = office().applications.apply(session, wanted(), CLERK, NOW)
    for verdict in ("approved", "rejected"):
        with pytest.raises(error):
            office().applications.decide(session, application, verdict, decider, NOW, words="看过")
    with pytest.raises(StateRefused):
        office().applications.make(session, application, new_seal(), CUSTODIAN, NOW)


def test_a_rejection_says_why_and_is_final(session: Session) -> None:
    register_organisation(session, bureau())
    desk = office().applications
    application = desk.apply(session, wanted(), CLERK, NOW)
    for words in (None, "", " ", "a\nb"):
        with pytest.raises(ApplicationRefused):
            desk.decide(session, application, "rejected", APPROVER, NOW, words=words)
    desk.decide(session, application, "rejected", APPROVER, NOW, words="名称有误")
    with pytest.raises(StateRefused):
        desk.decide(session, application, "approved", APPROVER, NOW)
    with pytest.raises(StateRefused):
        desk.withdraw(session, application, CLERK, NOW)
    # Nothing was made under the number.
    approved(session, wanted())


def test_steps_are_taken_in_order(session: Session) -> None:
    register_organisation(session, bureau())
    desk = office().applications
    application = approved(session, wanted())
    with pytest.raises(StateRefused):
        desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    desk.make(session, application, new_seal(), CUSTODIAN, NOW)
    for act in (
        lambda: desk.make(session, application, new_seal(), CUSTODIAN, NOW),
        lambda: desk.withdraw(session, application, CLERK, NOW),
        lambda: desk.decide(session, application, "approved", APPROVER, NOW),
    ):
        with pytest.raises(StateRefused):
            act()
    with pytest.raises(ApplicationRefused):
        desk.deliver(session, application, "", CUSTODIAN, NOW)
    with pytest.raises(RoleWanted):
        desk.deliver(session, application, "clerk-2", CLERK, NOW)
    desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    with pytest.raises(StateRefused):
        desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    with pytest.raises(ApplicationUnknown):
        desk.deliver(session, uuid4(), "clerk-2", CUSTODIAN, NOW)


def test_a_seal_that_was_lost_on_the_way_is_never_active(session: Session) -> None:
    register_organisation(session, bureau())
    desk = office().applications
    application = approved(session, wanted())
    made = desk.make(session, application, new_seal(), CUSTODIAN, NOW)
    office().stops.cancel(session, made.id, reason="lost", actor=CUSTODIAN, now=NOW, invalid_from=NOW)
    with pytest.raises(StateRefused):
        desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)


@pytest.mark.parametrize(
    ("changes", "member"),
    [({"kind": "statutory"}, "kind"), ({"name": "另一名称"}, "name"), ({"code": "99010100000009"}, "code")],
)
def test_only_what_was_approved_is_made(session: Session, changes: dict[str, Any], member: str) -> None:
    register_organisation(session, bureau())
    application = approved(session, wanted())
    with pytest.raises(MaterialDiffers) as differs:
        office().applications.make(session, application, replace(new_seal(), **changes), CUSTODIAN, NOW)
    assert differs.value.member == member


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "emblem"}, "kind"),
        ({"code": "123"}, "code"),
        ({"code": "9901010000000x"}, "code"),
        ({"code": "９９０１０１００００００００１"[:14]}, "code"),
        ({"name": " "}, "name"),
        ({"name": "a\x00"}, "name"),
        ({"grounds": "x" * 201}, "grounds"),
        ({"bottom_text": "a\nb"}, "bottom_text"),
    ],
)
def test_applications_that_cannot_be(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ApplicationRefused) as refused:
        wanted(**changes)
    assert refused.value.reason == reason


def test_applications_of_nobody_and_for_taken_numbers(session: Session) -> None:
    desk = office().applications
    with pytest.raises(OrganisationUnknown):
        desk.apply(session, wanted(), CLERK, NOW)
    granted_seal(session)
    with pytest.raises(ApplicationRefused) as refused:
        desk.apply(session, wanted(), CLERK, NOW)
    assert refused.value.reason == "code"
    with pytest.raises(SealUnknown):
        desk.apply(session, wanted(uuid4()), CLERK, NOW)
    with pytest.raises(RoleWanted):
        desk.apply(session, wanted(), APPROVER, NOW)


def test_a_renewed_certificate_is_a_new_seal_that_replaces_the_old(session: Session) -> None:
    old, _ = granted_seal(session)
    desk = office().applications
    application = approved(session, wanted(old.id))
    with pytest.raises(MaterialDiffers) as differs:
        desk.make(session, application, new_seal(), CUSTODIAN, NOW)
    assert differs.value.member == "certificate"
    made = desk.make(session, application, renewed(), CUSTODIAN, NOW)
    assert (made.generation, made.code) == (2, old.code)
    # The old one works until the very moment of delivery.
    before = store.seal_by_code(session, old.code)
    assert before is not None
    assert (before.id, before.state) == (old.id, "active")
    with pytest.raises(StateRefused):
        desk.apply(session, wanted(old.id), CLERK, NOW)
    desk.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    row, now = session.get(SealRow, old.id), store.seal_by_code(session, old.code)
    assert row is not None
    assert now is not None
    assert (row.state, row.stop_reason, now.id, now.state) == ("replaced", "renewal", made.id, "active")


def test_a_successor_may_bear_a_new_number(session: Session) -> None:
    old, _ = granted_seal(session)
    application = approved(session, wanted(old.id, code="99010100000008"))
    made = office().applications.make(session, application, new_seal("99010100000008"), CUSTODIAN, NOW)
    office().applications.deliver(session, application, "clerk-2", CUSTODIAN, NOW)
    row = session.get(SealRow, old.id)
    assert row is not None
    assert (row.state, made.generation) == ("replaced", 1)
