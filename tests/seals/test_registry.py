from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Thread
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.actor import Uscc
from ledger.models import EventRow
from seals import store
from seals.errors import (
    OrganisationRefused,
    OrganisationUnknown,
    SealCertificateNotValid,
    SealNotAuthorised,
    SealNotGranted,
    SealRefused,
    SealStopped,
    SealUnknown,
)
from seals.life.choosing import Choice, usable_seal
from seals.life.grants import Seal
from seals.life.life_errors import GrantRefused, GrantUnknown, RoleWanted, StateRefused, UnitRefused
from seals.life.organisations import Organisation
from seals.life.registry import NewSeal, register_organisation, seals_of
from seals.life.roles import SEAL_APPROVER, SEAL_AUDITOR, SEAL_CLERK
from seals.life.uses import Ending, Opening
from tests.seals.keys import NOW, issuing, seal_keys
from tests.seals.register import (
    BUREAU,
    CUSTODIAN,
    SYSTEM,
    TYPE,
    bureau,
    custodian,
    grant,
    granted_seal,
    new_seal,
    office,
)

DOCUMENT = "sha-256:" + "ab" * 32


def usable(session: Session, *, grantee: str = SYSTEM.id, now: datetime = NOW, kind: str = "special") -> Choice:
    actor = replace(SYSTEM, id=grantee)
    return usable_seal(session, organisation=BUREAU, licence_type=TYPE, kind=kind, actor=actor, now=now)


def kinds(session: Session, seal: Seal) -> list[str]:
    query = select(EventRow.kind).where(EventRow.subject_id == seal.id).order_by(EventRow.ordinal)
    return list(session.scalars(query))


def test_organisation_under_its_names(session: Session) -> None:
    first = Organisation(BUREAU, "测试市国土资源局", date(2010, 1, 1), date(2019, 12, 31))
    register_organisation(session, first)
    register_organisation(session, bureau())
    register_organisation(session, bureau())
    on = {day: store.organisation_on(session, BUREAU, date(day, 6, 1)) for day in (2009, 2015, 2026)}
    assert on[2009] is None
    assert on[2015] is not None
    assert on[2026] is not None
    assert (on[2015].name, on[2026].name) == (first.name, bureau().name)
    assert len(store.organisation_names(session, BUREAU)) == 2


@pytest.mark.parametrize("valid_from", [date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1)])
def test_names_do_not_overlap(session: Session, valid_from: date) -> None:
    register_organisation(session, replace(bureau(), valid_to=date(2021, 1, 1)))
    with pytest.raises(OrganisationRefused) as refused:
        register_organisation(session, Organisation(BUREAU, "另一名称", valid_from))
    assert refused.value.reason == "dates_overlap"


def test_the_next_name_ends_the_one_before(session: Session) -> None:
    register_organisation(session, bureau())
    register_organisation(session, Organisation(BUREAU, "测试市自然资源局", date(2026, 7, 1)))
    ends = [row.valid_to for row in store.organisation_names(session, BUREAU)]
    assert ends == [date(2026, 6, 30), None]


def test_a_seal_and_its_chain_of_events(session: Session) -> None:
    seal, given = granted_seal(session)
    chosen = usable(session)
    assert (chosen.seal, chosen.grant) == (seal, given)
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    office().stops.suspend(session, seal.id, reason="inspection", actor=CUSTODIAN, now=NOW)
    assert kinds(session, seal) == ["made", "granted", "approved", "stopped", "stopped"]


def test_an_imported_seal_says_so(session: Session) -> None:
    register_organisation(session, bureau())
    outside = replace(
        new_seal(), provider="province", esl=b"esl", esl_certificate=b"certificate", esl_key_name="remote-1"
    )
    seal = custodian().import_seal(session, outside, CUSTODIAN, NOW)
    assert kinds(session, seal) == ["imported"]
    assert (seal.provider, store.national_form(session, seal.id), seal.esl_key_name) == ("province", b"esl", "remote-1")


def _refused_seals() -> list[tuple[NewSeal, str]]:
    another = seal_keys("99010100000009").chain[0]
    another_unit = seal_keys(new_seal().code, "11990100MB9T0002XE").chain[0]
    return [
        (replace(new_seal(), kind="emblem"), "kind"),
        (replace(new_seal(), esl=b"esl"), "national_seal_incomplete"),
        (replace(new_seal(), certificate=b"not DER"), "certificate_unreadable"),
        (replace(new_seal(), certificate=issuing().certificate), "certificate_not_for_seals"),
        (replace(new_seal(), certificate=another), "certificate_of_another_seal"),
        (replace(new_seal(), certificate=another_unit), "certificate_of_another_seal"),
    ]


@pytest.mark.parametrize(
    ("seal", "reason"), _refused_seals(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_seals_refused(session: Session, seal: NewSeal, reason: str) -> None:
    register_organisation(session, bureau())
    with pytest.raises(SealRefused) as refused:
        custodian().make_seal(session, seal, CUSTODIAN, NOW)
    assert refused.value.reason == reason


def test_a_seal_needs_its_organisation_and_a_free_code(session: Session) -> None:
    with pytest.raises(OrganisationUnknown):
        custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    granted_seal(session)
    with pytest.raises(SealRefused) as refused:
        custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    assert refused.value.reason == "code_in_use"


def test_what_is_not_there(session: Session) -> None:
    with pytest.raises(SealUnknown):
        grant(session, uuid4())
    with pytest.raises(GrantUnknown):
        custodian().revoke_grant(session, uuid4(), CUSTODIAN, NOW)
    with pytest.raises(SealUnknown):
        seals_of(session, {uuid4()})


@pytest.mark.parametrize("role", [SEAL_CLERK, SEAL_APPROVER, SEAL_AUDITOR, "seal-anything", None])
def test_only_a_custodian_keeps_seals(session: Session, role: str | None) -> None:
    seal, given = granted_seal(session)
    other = replace(CUSTODIAN, roles=frozenset() if role is None else frozenset({role}))
    stranger = replace(CUSTODIAN, on_behalf_of=Uscc("11990100MB9T0002XE"))
    for actor, error in ((other, RoleWanted), (stranger, UnitRefused)):
        with pytest.raises(error):
            custodian().make_seal(session, new_seal("99010100000007"), actor, NOW)
        with pytest.raises(error):
            custodian().import_seal(session, new_seal("99010100000007"), actor, NOW)
        with pytest.raises(error):
            custodian().grant(
                session,
                seal.id,
                grantee="*",
                licence_type="*",
                valid_from=NOW,
                valid_until=None,
                actor=actor,
                now=NOW,
            )
        with pytest.raises(error):
            custodian().revoke_grant(session, given.id, actor, NOW)
        with pytest.raises(error):
            office().stops.suspend(session, seal.id, reason="inspection", actor=actor, now=NOW)
        with pytest.raises(error):
            office().stops.cancel(session, seal.id, reason="renamed", actor=actor, now=NOW)
        with pytest.raises(error):
            office().stops.resume(session, seal.id, actor=actor, now=NOW)
    assert usable(session).grant == given


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"valid_until": NOW}, "valid_until"),
        ({"valid_from": NOW - timedelta(days=9), "valid_until": NOW - timedelta(days=1)}, "valid_until"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"daily_limit": 2**31}, "daily_limit"),
        ({"grantee": ""}, "grantee"),
        ({"grantee": " user-1"}, "grantee"),
        ({"grantee": "x" * 201}, "grantee"),
        ({"licence_type": "a\x00"}, "licence_type"),
    ],
)
def test_grants_that_cannot_be(session: Session, changed: dict[str, Any], reason: str) -> None:
    seal, _ = granted_seal(session)
    members: dict[str, Any] = {
        "grantee": "*",
        "licence_type": "*",
        "valid_from": NOW,
        "valid_until": None,
        "actor": CUSTODIAN,
        "now": NOW,
    }
    with pytest.raises(GrantRefused) as refused:
        custodian().grant(session, seal.id, **members | changed)
    assert refused.value.reason == reason


def test_an_ended_seal_is_granted_to_nobody(session: Session) -> None:
    seal, _ = granted_seal(session)
    office().stops.cancel(session, seal.id, reason="renamed", actor=CUSTODIAN, now=NOW)
    with pytest.raises(StateRefused):
        grant(session, seal.id)


def test_a_grant_waits_for_the_stop_that_is_being_decided(database: Database) -> None:
    """Both at once: whichever comes first, nobody is granted a seal that has ended."""
    with database.session(Role.WORKER) as session:
        seal, _ = granted_seal(session)
    refused: list[Exception] = []

    def giving() -> None:
        try:
            with database.session(Role.WORKER) as session:
                grant(session, seal.id, grantee="late-1")
        except StateRefused as error:
            refused.append(error)

    giver = Thread(target=giving)
    with database.session(Role.WORKER) as session:
        office().stops.cancel(session, seal.id, reason="renamed", actor=CUSTODIAN, now=NOW)
        giver.start()
        wait_until_blocked(database)
    giver.join(60)
    assert [type(error) for error in refused] == [StateRefused]
    with database.session(Role.WORKER) as session:
        assert store.grants_of(session, seal.id, "late-1") == []


def wait_until_blocked(database: Database) -> None:
    """Return when somebody waits for a lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
    end = monotonic() + 30
    while monotonic() < end:
        with database.session(Role.WORKER) as session:
            if session.scalar(query):
                return
    raise AssertionError("nobody waits")


def test_the_best_seal_is_chosen(session: Session) -> None:
    statutory, _ = granted_seal(session, new_seal("99010100000002", "statutory"))
    special, _ = granted_seal(session, new_seal("99010100000001", "special"), licence_type="*")
    assert usable(session).seal == special
    assert usable(session, kind="statutory").seal == statutory
    office().stops.suspend(session, special.id, reason="inspection", actor=CUSTODIAN, now=NOW)
    assert usable(session).seal == statutory


def test_any_system_may_be_granted(session: Session) -> None:
    seal, _ = granted_seal(session)
    with pytest.raises(SealNotGranted) as refused:
        usable(session, grantee="approval-2")
    assert refused.value.reason == "other_system"
    anyone = grant(session, seal.id, grantee="*")
    assert usable(session, grantee="approval-2").grant == anyone


def test_why_a_seal_cannot_be_used(session: Session) -> None:
    with pytest.raises(SealNotGranted) as refused:
        usable(session)
    assert (refused.value.seal, refused.value.reason) == (BUREAU, "no_seal")
    register_organisation(session, bureau())
    seal = custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    with pytest.raises(SealNotGranted) as refused:
        usable(session)
    assert (refused.value.seal, refused.value.reason) == (seal.code, "no_grant")
    other = grant(session, seal.id, licence_type="11100000MB0143028R001")
    with pytest.raises(SealNotGranted):
        usable(session)
    given = grant(session, seal.id)
    with pytest.raises(SealNotGranted) as refused:
        usable(session, now=NOW - timedelta(seconds=1))
    assert refused.value.reason == "not_yet"
    for now in (NOW + timedelta(days=4000), NOW - timedelta(days=31)):
        with pytest.raises(SealCertificateNotValid):
            usable(session, now=now)
    with pytest.raises(SealNotAuthorised) as unattended:
        usable(session)
    assert unattended.value.reason == "none"
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    with pytest.raises(SealNotGranted) as refused:
        usable(session)
    assert refused.value.reason == "revoked"
    office().stops.cancel(session, seal.id, reason="renamed", actor=CUSTODIAN, now=NOW)
    with pytest.raises(SealStopped) as stopped:
        usable(session)
    assert stopped.value.state == "cancelled"
    assert other.licence_type != TYPE


def test_a_person_needs_no_standing_authorisation(session: Session) -> None:
    register_organisation(session, bureau())
    seal = custodian().make_seal(session, new_seal(), CUSTODIAN, NOW)
    given = grant(session, seal.id, grantee="clerk-1")
    person = replace(SYSTEM, kind="person", id="clerk-1")
    chosen = usable_seal(session, organisation=BUREAU, licence_type=TYPE, kind="special", actor=person, now=NOW)
    assert (chosen.grant, chosen.authorisation) == (given, None)


def test_a_grant_ends_by_itself(session: Session) -> None:
    seal, _ = granted_seal(session, licence_type="other")
    ending = custodian().grant(
        session,
        seal.id,
        grantee="*",
        licence_type=TYPE,
        valid_from=NOW,
        valid_until=NOW + timedelta(days=1),
        actor=CUSTODIAN,
        now=NOW,
    )
    assert usable(session, now=NOW + timedelta(days=1)).grant == ending
    with pytest.raises(SealNotGranted) as refused:
        usable(session, now=NOW + timedelta(days=1, seconds=1))
    assert refused.value.reason == "ended"


def test_a_department_sees_its_own_seals_only(database: Database) -> None:
    with database.session(Role.WORKER) as session:
        seal, given = granted_seal(session)
        use = usable(session).use
        (opened,) = office().uses.open(session, [Opening(use, uuid4(), TYPE)], SYSTEM, NOW)
    stranger = replace(SYSTEM, on_behalf_of=Uscc("11990100MB9T0002XE"))
    with database.session(Role.APP, SYSTEM) as own:
        assert usable(own).grant == given
        assert office().uses.admit(own, [use], NOW) == [None]
        assert office().uses.look_again(own, [use], NOW) == {}
        office().uses.close(own, [Ending(opened, use, SYSTEM, DOCUMENT)], NOW)
    with database.session(Role.APP, stranger) as other:
        assert store.seal_by_id(other, seal.id) is None
        assert office().uses.look_again(other, [use], NOW)
    with database.session(Role.APP, stranger, purpose="verification") as verifier:
        assert store.seal_by_code(verifier, seal.code) is not None
    with pytest.raises(DBAPIError), database.session(Role.APP, stranger) as other:
        office().uses.open(other, [Opening(use, uuid4(), TYPE)], SYSTEM, NOW)
