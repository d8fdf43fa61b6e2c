"""Revoking, holding, releasing: what the list, the responder and the ledger then say, and what is never undone."""

from contextlib import suppress
from datetime import datetime
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ca.desk import life_errors as errors
from ca.models import AuthorityRow
from ca.ocsp.responder import CertificateStatus
from ca.reading.crl_reader import Reason
from ca.store import history, revoked_of, statuses
from ca.store.issued import certificate_by_serial
from tests.ca.house import NOW, YEAR
from tests.ca.office import DAY, HOUR, LATER, OFFICER, Office, at_once, client, new_key, serial_of
from tests.ca.test_issuance import SYSTEMS, crash_at

SECOND = NOW.replace(microsecond=0)


@pytest.fixture
def serial(office: Office) -> int:
    return issued(office)


def issued(office: Office, number: int = 1, public_key: bytes | None = None) -> int:
    return serial_of(office.desk().issue(client(public_key=public_key), SYSTEMS, f"r-{number}", OFFICER, NOW))


def status(office: Office, serial: int) -> CertificateStatus | None:
    with office.worker() as session:
        return statuses(session, SYSTEMS, [serial]).get(serial)


def listed(office: Office, authority: str = SYSTEMS) -> dict[int, tuple[datetime, str | None, datetime | None]]:
    """Return what the next list will say."""
    with office.worker() as session:
        entries = revoked_of(session, authority)
    return {entry.serial_number: (entry.at, entry.reason, entry.invalidity_date) for entry in entries}


def test_a_certificate_is_good_until_it_is_revoked(office: Office, serial: int) -> None:
    assert status(office, serial) == CertificateStatus("good")
    began = NOW - DAY
    assert office.desk().revoke(serial, "keyCompromise", NOW, OFFICER, NOW, began) == (serial,)
    assert status(office, serial) == CertificateStatus("revoked", SECOND, "keyCompromise")
    assert listed(office) == {serial: (SECOND, "keyCompromise", began.replace(microsecond=0))}
    assert office.count("revoked") == 1


def test_statuses_are_of_what_this_authority_has_issued(office: Office, serial: int) -> None:
    crash_at(office, "intent-committed", client(), "r-open")
    (intended,) = office.intended()
    with office.worker() as session:
        asked = [serial, serial + 1, int(intended.serial_number, 16), 0, 1 << 200]
        assert set(statuses(session, SYSTEMS, asked)) == {serial}
        assert statuses(session, "issuing-persons", [serial]) == {}
        assert statuses(session, SYSTEMS, []) == {}


def test_revoked_is_final(office: Office, serial: int) -> None:
    desk = office.desk()
    desk.revoke(serial, "superseded", NOW, OFFICER, NOW)
    with pytest.raises(errors.CertificateRevoked):
        desk.release(serial, OFFICER, LATER)
    with pytest.raises(errors.CertificateRevoked):
        desk.hold(serial, LATER, OFFICER, LATER)
    with pytest.raises(errors.CertificateRevoked):
        desk.revoke(serial, "affiliationChanged", LATER, OFFICER, LATER)
    assert listed(office) == {serial: (SECOND, "superseded", None)}


def test_the_same_revocation_again_changes_nothing(office: Office, serial: int) -> None:
    desk = office.desk()
    for now in (NOW, LATER):
        assert desk.revoke(serial, "superseded", now, OFFICER, now) == (serial,)
    assert listed(office) == {serial: (SECOND, "superseded", None)}
    assert office.count("revoked") == 1
    assert len(office.revocations()) == 1


def test_a_compromise_that_is_found_later_changes_the_reason_and_not_the_time(office: Office, serial: int) -> None:
    desk = office.desk()
    desk.revoke(serial, "superseded", NOW, OFFICER, NOW)
    desk.revoke(serial, "keyCompromise", LATER, OFFICER, LATER, NOW - DAY)
    assert listed(office) == {serial: (SECOND, "keyCompromise", (NOW - DAY).replace(microsecond=0))}
    with pytest.raises(errors.CertificateRevoked):
        desk.revoke(serial, "superseded", LATER, OFFICER, LATER)
    with office.worker() as session:
        assert [row.reason for row in history(session, serial)] == ["superseded", "keyCompromise"]


# --- hold ------------------------------------------------------------------------------------------------------------


def test_a_hold_is_put_on_and_lifted(office: Office, serial: int) -> None:
    desk = office.desk()
    for _ in range(2):
        desk.hold(serial, NOW, OFFICER, NOW)
        assert status(office, serial) == CertificateStatus("on_hold", SECOND, "certificateHold")
    assert listed(office) == {serial: (SECOND, "certificateHold", None)}
    desk.release(serial, OFFICER, LATER)
    assert status(office, serial) == CertificateStatus("good")
    assert listed(office) == {}
    assert (office.count("suspended"), office.count("resumed")) == (1, 1)
    (past,) = office.revocations()
    assert (past.lifted_at, past.lifted_by) == (LATER, OFFICER.as_json())
    with pytest.raises(errors.CertificateNotHeld):
        desk.release(serial, OFFICER, LATER)
    desk.hold(serial, LATER, OFFICER, LATER)
    assert len(office.revocations()) == 2


def test_a_hold_that_becomes_a_revocation_was_one_all_the_time(office: Office, serial: int) -> None:
    desk = office.desk()
    desk.hold(serial, NOW, OFFICER, NOW)
    desk.revoke(serial, "privilegeWithdrawn", LATER, OFFICER, LATER)
    assert status(office, serial) == CertificateStatus("revoked", SECOND, "privilegeWithdrawn")
    assert listed(office) == {serial: (SECOND, "privilegeWithdrawn", None)}


def test_an_authority_is_never_on_hold(office: Office) -> None:
    with pytest.raises(errors.RevocationRefused, match="never put on hold"):
        office.desk().hold(serial_of(office.ceremony.certificates[SYSTEMS].cert_der), NOW, OFFICER, NOW)


def test_what_is_over_is_not_held_but_may_be_revoked(office: Office, serial: int) -> None:
    after = NOW + 2 * YEAR
    with pytest.raises(errors.CertificateExpired):
        office.desk().hold(serial, after, OFFICER, after)
    office.desk().revoke(serial, "keyCompromise", after, OFFICER, after)
    assert serial in listed(office)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(["hold", "release", "revoke", "compromise"]), min_size=1, max_size=6))
def test_whatever_happens_to_a_certificate_list_and_responder_say_the_same(office: Office, acts: list[str]) -> None:
    desk, publisher = office.desk(), office.publisher()
    serial = serial_of(desk.issue(client(), SYSTEMS, f"r-{uuid4()}", OFFICER, NOW))
    reason: str | None = None
    for number, act in enumerate(acts, 1):
        now = NOW + number * HOUR
        with suppress(errors.DeskRefused):
            if act == "hold":
                desk.hold(serial, now, OFFICER, now)
            elif act == "release":
                desk.release(serial, OFFICER, now)
            else:
                why: Reason = "keyCompromise" if act == "compromise" else "superseded"
                desk.revoke(serial, why, now, OFFICER, now)
        reason = _after(reason, act)
        publisher.publish_due(now)
        entry = office.crl(SYSTEMS).entries.get(serial)
        assert (entry and entry.reason) == reason
        found = status(office, serial)
        assert found is not None
        assert (found.reason, found.at) == (reason, entry and entry.at)


def _after(reason: str | None, act: str) -> str | None:
    """Return the reason that stands after an act, by the rules as a person would tell them."""
    if act == "compromise" or reason == "keyCompromise":
        return "keyCompromise"
    if act == "revoke" or reason == "superseded":
        return "superseded"
    return "certificateHold" if act == "hold" else None


# --- reasons and times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["certificateHold", "cACompromise", "aACompromise"])
def test_a_reason_that_is_not_for_it_is_refused(office: Office, serial: int, reason: Reason) -> None:
    with pytest.raises(errors.RevocationRefused):
        office.desk().revoke(serial, reason, NOW, OFFICER, NOW)
    assert listed(office) == {}


def test_a_time_that_cannot_be_is_refused(office: Office, serial: int) -> None:
    desk = office.desk()
    with pytest.raises(errors.RevocationRefused, match="future"):
        desk.revoke(serial, "superseded", LATER, OFFICER, NOW)
    with pytest.raises(errors.RevocationRefused, match="future"):
        desk.hold(serial, LATER, OFFICER, NOW)
    with pytest.raises(errors.RevocationRefused, match="before the certificate"):
        desk.revoke(serial, "superseded", NOW - DAY, OFFICER, NOW)
    with pytest.raises(errors.RevocationRefused, match="invalidity date"):
        desk.revoke(serial, "superseded", NOW, OFFICER, NOW, LATER)
    office.publisher().publish(SYSTEMS, LATER)
    after = LATER + HOUR
    with pytest.raises(errors.RevocationRefused, match="last published list"):
        desk.revoke(serial, "superseded", NOW + HOUR / 2, OFFICER, after)
    desk.revoke(serial, "superseded", LATER + HOUR / 2, OFFICER, after, NOW)
    assert listed(office) == {
        serial: ((LATER + HOUR / 2).replace(microsecond=0), "superseded", NOW.replace(microsecond=0))
    }


@pytest.mark.parametrize("serial", [0, 5, 1 << 158, 1 << 200])
def test_an_unknown_certificate_is_neither_revoked_nor_held(office: Office, serial: int) -> None:
    desk = office.desk()
    for act in (
        lambda: desk.revoke(serial, "superseded", NOW, OFFICER, NOW),
        lambda: desk.hold(serial, NOW, OFFICER, NOW),
        lambda: desk.release(serial, OFFICER, NOW),
    ):
        with pytest.raises(errors.CertificateUnknown):
            act()


def test_what_was_not_issued_yet_is_not_revoked(office: Office) -> None:
    crash_at(office, "intent-committed", client())
    (left,) = office.intended()
    with pytest.raises(errors.CertificateUnknown):
        office.desk().revoke(int(left.serial_number, 16), "superseded", NOW, OFFICER, NOW)


# --- one key, many certificates --------------------------------------------------------------------------------------


def test_a_compromise_revokes_every_certificate_of_the_key(office: Office) -> None:
    key = new_key()
    serials = [issued(office, number, key) for number in range(3)]
    another = issued(office, 9)
    crash_at(office, "intent-committed", client(public_key=key), "r-open")
    desk = office.desk()
    desk.revoke(serials[1], "superseded", NOW, OFFICER, NOW)
    desk.hold(serials[2], NOW, OFFICER, NOW)
    assert set(desk.revoke(serials[0], "keyCompromise", LATER, OFFICER, LATER)) == set(serials)
    assert {one: entry[1] for one, entry in listed(office).items()} == dict.fromkeys(serials, "keyCompromise")
    assert status(office, another) == CertificateStatus("good")
    assert office.intended() == []


def test_any_other_reason_leaves_the_other_certificates_of_the_key_alone(office: Office) -> None:
    key = new_key()
    first, second = issued(office, 1, key), issued(office, 2, key)
    assert office.desk().revoke(first, "superseded", NOW, OFFICER, NOW) == (first,)
    assert status(office, second) == CertificateStatus("good")


# --- authorities -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "state"), [("cACompromise", "ended"), ("cessationOfOperation", "retiring")])
def test_a_revoked_authority_issues_no_more(office: Office, reason: Reason, state: str) -> None:
    desk, authority = office.desk(), office.ceremony.certificates[SYSTEMS]
    serial = serial_of(authority.cert_der)
    desk.revoke(serial, reason, NOW, OFFICER, NOW)
    with office.worker() as session:
        assert session.get_one(AuthorityRow, SYSTEMS).state == state
        assert session.get_one(AuthorityRow, "root").revision == 1
    assert listed(office, "root") == {serial: (SECOND, reason, None)}
    with pytest.raises(errors.AuthorityNotIssuing):
        desk.issue(client(), SYSTEMS, "r-1", OFFICER, NOW)


def test_a_key_compromise_is_no_reason_for_an_authority(office: Office) -> None:
    with pytest.raises(errors.RevocationRefused):
        office.desk().revoke(
            serial_of(office.ceremony.certificates[SYSTEMS].cert_der), "keyCompromise", NOW, OFFICER, NOW
        )


def test_a_root_is_not_revoked_by_its_own_list(office: Office) -> None:
    with pytest.raises(errors.CeremonyWanted):
        office.desk().revoke(serial_of(office.ceremony.root.cert_der), "cACompromise", NOW, OFFICER, NOW)


# --- at once ---------------------------------------------------------------------------------------------------------


def test_revoking_holding_and_releasing_at_once_end_revoked(office: Office) -> None:
    desk = office.desk()
    serials = [issued(office, number) for number in range(4)]
    for serial in serials:
        desk.hold(serial, NOW, OFFICER, NOW)
        acts = [
            lambda serial=serial: desk.revoke(serial, "superseded", NOW, OFFICER, NOW),
            lambda serial=serial: desk.revoke(serial, "superseded", NOW, OFFICER, NOW),
            lambda serial=serial: desk.release(serial, OFFICER, NOW),
            lambda serial=serial: desk.hold(serial, NOW, OFFICER, NOW),
        ]
        answers = at_once(*acts)
        assert answers[:2] == [(serial,), (serial,)], answers
        assert all(answer is None or isinstance(answer, errors.DeskRefused) for answer in answers[2:]), answers
    assert {entry[1] for entry in listed(office).values()} == {"superseded"}
    assert set(listed(office)) == set(serials)
    assert office.count("revoked") == len(serials)
    with office.worker() as session:
        assert session.get_one(AuthorityRow, SYSTEMS).revision >= 2 * len(serials)


def test_two_compromises_of_one_key_at_once(office: Office) -> None:
    key = new_key()
    serials = [issued(office, number, key) for number in range(4)]
    desk = office.desk()
    answers = at_once(
        *[lambda serial=serial: desk.revoke(serial, "keyCompromise", NOW, OFFICER, NOW) for serial in serials]
    )
    assert {isinstance(answer, tuple) for answer in answers} == {True}, answers
    assert set(listed(office)) == set(serials)
    assert office.count("revoked") == len(serials)


def test_a_certificate_of_the_first_release_gets_its_chain_of_events_when_something_happens_to_it(
    office: Office, serial: int
) -> None:
    before = office.count("issued")
    with office.worker() as session:
        row = certificate_by_serial(session, serial)
        assert row is not None
        row.subject_id = None
    office.desk().revoke(serial, "superseded", NOW, OFFICER, NOW)
    assert office.row(serial).subject_id is not None
    assert (office.count("issued"), office.count("revoked")) == (before + 1, 1)
