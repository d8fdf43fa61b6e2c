import threading
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
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
    SealError,
    SealNotGranted,
    SealRefused,
    SealStopped,
    SealUnknown,
)
from seals.grants import Grant, Seal
from seals.models import UseRow
from seals.organisations import Organisation
from seals.registry import (
    NewSeal,
    abandon_uses,
    close_uses,
    open_uses,
    refused_uses,
    register_organisation,
    usable_seal,
)
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
)

DOCUMENT = "sha-256:" + "ab" * 32


def usable(
    session: Session, *, grantee: str = SYSTEM.id, now: datetime = NOW, kind: str = "special"
) -> tuple[Seal, Grant]:
    return usable_seal(session, organisation=BUREAU, licence_type=TYPE, kind=kind, grantee=grantee, now=now)


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
    assert usable(session) == (seal, given)
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    custodian().stop_seal(session, seal.id, state="suspended", reason="reorganisation", actor=CUSTODIAN, now=NOW)
    assert kinds(session, seal) == ["made", "granted", "stopped", "stopped"]


def test_an_imported_seal_says_so(session: Session) -> None:
    register_organisation(session, bureau())
    seal = custodian().import_seal(session, new_seal(), CUSTODIAN, NOW)
    assert kinds(session, seal) == ["imported"]


def _refused_seals() -> list[tuple[NewSeal, str]]:
    another = seal_keys("99010100000009").chain[0]
    another_unit = seal_keys(new_seal().code, "11990100MB9T0002XE").chain[0]
    return [
        (replace(new_seal(), kind="emblem"), "kind"),
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


def test_unknown_seals_and_states(session: Session) -> None:
    seal, _ = granted_seal(session)
    with pytest.raises(SealUnknown):
        grant(session, uuid4())
    with pytest.raises(SealUnknown):
        custodian().revoke_grant(session, uuid4(), CUSTODIAN, NOW)
    for unknown, state in ((uuid4(), "suspended"), (seal.id, "active"), (seal.id, "lost")):
        with pytest.raises((SealUnknown, SealRefused)):
            custodian().stop_seal(session, unknown, state=state, reason="lost", actor=CUSTODIAN, now=NOW)


def test_the_best_seal_is_chosen(session: Session) -> None:
    statutory, _ = granted_seal(session, new_seal("99010100000002", "statutory"))
    special, _ = granted_seal(session, new_seal("99010100000001", "special"), licence_type="*")
    assert usable(session)[0] == special
    assert usable(session, kind="statutory")[0] == statutory
    custodian().stop_seal(session, special.id, state="expired", reason="expiry", actor=CUSTODIAN, now=NOW)
    assert usable(session)[0] == statutory


def test_any_system_may_be_granted(session: Session) -> None:
    seal, _ = granted_seal(session)
    with pytest.raises(SealNotGranted) as refused:
        usable(session, grantee="approval-2")
    assert refused.value.reason == "other_system"
    anyone = grant(session, seal.id, grantee="*")
    assert usable(session, grantee="approval-2")[1] == anyone


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
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    with pytest.raises(SealNotGranted) as refused:
        usable(session)
    assert refused.value.reason == "revoked"
    custodian().stop_seal(session, seal.id, state="cancelled", reason="lost", actor=CUSTODIAN, now=NOW)
    with pytest.raises(SealStopped) as stopped:
        usable(session)
    assert stopped.value.state == "cancelled"
    assert other.licence_type != TYPE


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
    assert usable(session, now=NOW + timedelta(days=1))[1] == ending
    with pytest.raises(SealNotGranted) as refused:
        usable(session, now=NOW + timedelta(days=1, seconds=1))
    assert refused.value.reason == "ended"


def test_uses_are_opened_and_closed(session: Session) -> None:
    seal, given = granted_seal(session)
    used, abandoned, forgotten = open_uses(session, [((seal.id, given.id), uuid4()) for _ in range(3)], SYSTEM, NOW)
    close_uses(session, [(used.id, DOCUMENT)], NOW)
    close_uses(session, [(used.id, DOCUMENT.replace("ab", "cd"))], NOW + timedelta(hours=1))
    abandon_uses(session, [abandoned.id], NOW)
    rows = {row.id: row for row in session.scalars(select(UseRow))}
    assert (rows[used.id].outcome, rows[used.id].document, rows[used.id].closed_at) == ("used", DOCUMENT, NOW)
    assert (rows[abandoned.id].outcome, rows[abandoned.id].document) == ("abandoned", None)
    assert [row.id for row in store.open_uses(session, NOW + timedelta(seconds=1))] == [forgotten.id]
    assert store.open_uses(session, NOW) == []
    assert rows[used.id].actor == SYSTEM.as_json()


def test_a_use_is_refused_after_a_stop(session: Session) -> None:
    seal, given = granted_seal(session)
    use = (seal.id, given.id)
    unknown = (uuid4(), given.id)
    assert refused_uses(session, [use, use], NOW) == {}
    assert refused_uses(session, [], NOW) == {}
    assert [type(error) for error in refused_uses(session, [unknown], NOW).values()] == [SealUnknown]
    custodian().revoke_grant(session, given.id, CUSTODIAN, NOW)
    assert isinstance(refused_uses(session, [use], NOW)[use], SealNotGranted)
    custodian().stop_seal(session, seal.id, state="suspended", reason="lost", actor=CUSTODIAN, now=NOW)
    assert isinstance(refused_uses(session, [use], NOW)[use], SealStopped)


def test_a_stop_waits_for_running_activations_and_the_next_one_sees_it(database: Database) -> None:
    with database.session(Role.WORKER) as session:
        seal, given = granted_seal(session)
    use = (seal.id, given.id)
    stopped = threading.Event()

    def stop() -> None:
        with database.session(Role.WORKER) as custody:
            custodian().stop_seal(custody, seal.id, state="suspended", reason="lost", actor=CUSTODIAN, now=NOW)
        stopped.set()

    with database.session(Role.WORKER) as activation:
        assert refused_uses(activation, [use], NOW) == {}
        thread = threading.Thread(target=stop)
        thread.start()
        assert not stopped.wait(0.3)
        # Another activation is not held up by the first.
        with database.session(Role.WORKER) as neighbour:
            neighbour.execute(select(1))
    thread.join(10)
    assert stopped.is_set()
    with database.session(Role.WORKER) as activation:
        assert isinstance(refused_uses(activation, [use], NOW)[use], SealError)


def test_a_department_sees_its_own_seals_only(database: Database) -> None:
    with database.session(Role.WORKER) as session:
        seal, given = granted_seal(session)
        opened = open_uses(session, [((seal.id, given.id), uuid4())], SYSTEM, NOW)
    stranger = replace(SYSTEM, on_behalf_of=Uscc("11990100MB9T0002XE"))
    with database.session(Role.APP, SYSTEM) as own:
        assert usable(own) == (seal, given)
        assert refused_uses(own, [(seal.id, given.id)], NOW) == {}
        close_uses(own, [(opened[0].id, DOCUMENT)], NOW)
    with database.session(Role.APP, stranger) as other:
        assert store.seal_by_id(other, seal.id) is None
        assert refused_uses(other, [(seal.id, given.id)], NOW)
    with database.session(Role.APP, stranger, purpose="verification") as verifier:
        assert store.seal_by_code(verifier, seal.code) is not None
    with pytest.raises(DBAPIError), database.session(Role.APP, stranger) as other:
        open_uses(other, [((seal.id, given.id), uuid4())], SYSTEM, NOW)
