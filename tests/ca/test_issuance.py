"""The desk issues: once for each request, never beside its rules, and whatever others do at the same time."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from ca.desk import life_errors as errors
from ca.desk.issuance import STEPS
from ca.errors import CAError, KeyMissing, ProfileViolated
from ca.models import AuthorityRow, CertificateRow
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Reason
from ca.writing.certificate_errors import LintFailed
from ca.writing.certificate_request import CertificateRequest
from ca.writing.certificates import DistinguishedName
from ca.writing.profiles import PROFILES
from ledger.actor import Actor
from ledger.signing import Signer
from tests.ca.house import NOW, YEAR, openssl, pem
from tests.ca.office import DAY, HOUR, LATER, OFFICER, Office, at_once, client, new_key, person, serial_of

SYSTEMS = "issuing-systems"


def test_a_certificate_is_issued_kept_and_told_to_the_ledger(office: Office) -> None:
    before = office.count("issued")
    told: list[str] = []
    request = client()
    der = office.desk(told.append).issue(request, SYSTEMS, "r-1", OFFICER, NOW, key_name="system-1")
    assert told == list(STEPS)
    certificate = read_certificate(der)
    row = office.row(certificate.serial_number)
    assert (row.der, row.tbs, row.state, row.issued_at) == (der, certificate.tbs, "issued", NOW)
    assert (row.authority, row.profile, row.key_name) == (SYSTEMS, "client", "system-1")
    assert row.key_digest == hashlib.sha256(request.public_key).digest()
    assert row.asked_by == OFFICER.as_json()
    assert int(row.issuer_serial, 16) == read_certificate(office.ceremony.certificates[SYSTEMS].cert_der).serial_number
    assert office.count("issued") == before + 1


@pytest.mark.parametrize("hierarchy", ["", "national-"])
def test_every_kind_of_authority_issues(office: Office, hierarchy: str) -> None:
    desk = office.desk()
    key = office.ring.signer(f"{hierarchy}seal-market").public_key
    for authority, request in [("issuing-systems", client(public_key=key)), ("issuing-persons", person())]:
        asked = replace(request, public_key=key)
        der = desk.issue(asked, hierarchy + authority, f"r-{authority}", OFFICER, NOW)
        assert read_certificate(der).public_key == key


def test_openssl_believes_it(office: Office, tmp_path: Path) -> None:
    der = office.desk().issue(client(), SYSTEMS, "r-1", OFFICER, NOW)
    certificates = office.ceremony.certificates
    root = pem(tmp_path / "root.pem", certificates["root"].cert_der)
    issuing = pem(tmp_path / "issuing.pem", certificates[SYSTEMS].cert_der)
    leaf = pem(tmp_path / "leaf.pem", der)
    at = str(int(LATER.timestamp()))
    verify = ("verify", "-x509_strict", "-purpose", "sslclient", "-attime", at)
    found = openssl(*verify, "-trusted", root, "-untrusted", issuing, leaf)
    assert found.returncode == 0, found.stderr
    assert openssl(*verify, "-trusted", root, leaf).returncode != 0


# --- one certificate for one request ---------------------------------------------------------------------------------


def test_the_same_request_again_gives_the_same_certificate(office: Office) -> None:
    request = client()
    first = office.desk().issue(request, SYSTEMS, "r-1", OFFICER, NOW)
    later = replace(request, not_before=LATER, not_after=LATER + (request.not_after - request.not_before))
    assert office.desk().issue(request, SYSTEMS, "r-1", OFFICER, NOW) == first
    assert office.desk().issue(later, SYSTEMS, "r-1", OFFICER, LATER) == first
    assert office.count("issued") == len(office.ceremony.certificates) + 1


def test_the_same_id_for_something_else_is_refused(office: Office) -> None:
    request = client()
    office.desk().issue(request, SYSTEMS, "r-1", OFFICER, NOW)
    others = [
        replace(request, public_key=new_key()),
        replace(request, subject=DistinguishedName("测试另一系统", "测试市数据局")),
        replace(request, not_after=request.not_after - DAY),
        replace(request, profile="status"),
    ]
    for other in others:
        with pytest.raises(errors.RequestReused):
            office.desk().issue(other, SYSTEMS, "r-1", OFFICER, NOW)
    with pytest.raises(errors.RequestReused):
        office.desk().issue(request, "issuing-persons", "r-1", OFFICER, NOW)
    with pytest.raises(errors.RequestReused):
        office.desk().issue(request, SYSTEMS, "r-1", OFFICER, NOW, key_name="another")


def test_twenty_at_once_with_one_id_get_one_certificate(office: Office) -> None:
    request = client()
    desk = office.desk()
    answers = at_once(*[lambda: desk.issue(request, SYSTEMS, "r-1", OFFICER, NOW)] * 20)
    assert len(set(answers)) == 1
    assert isinstance(answers[0], bytes)
    assert office.count("issued") == len(office.ceremony.certificates) + 1
    with office.worker() as session:
        assert session.query(CertificateRow).filter_by(request_id="r-1").count() == 1
    assert office.intended() == []


def test_ten_pairs_of_different_requests_at_once_with_one_id_each(office: Office) -> None:
    desk = office.desk()
    pairs = [(f"r-{number}", client()) for number in range(10) for _ in range(2)]
    answers = at_once(*[lambda pair=pair: desk.issue(pair[1], SYSTEMS, pair[0], OFFICER, NOW) for pair in pairs])
    for position in range(0, 20, 2):
        kinds = sorted(type(answer).__name__ for answer in answers[position : position + 2])
        assert kinds == ["RequestReused", "bytes"]


# --- what is refused -------------------------------------------------------------------------------------------------


def test_nobody_acts_without_the_role(office: Office) -> None:
    desk, stranger = office.desk(), Actor(kind="person", id="p", operator_unit=None, on_behalf_of=None)
    custodian = replace(stranger, roles=frozenset({"seal-custodian"}))
    serial = serial_of(desk.issue(client(), SYSTEMS, "r-1", OFFICER, NOW))
    for actor in (stranger, custodian):
        for act in (
            lambda actor=actor: desk.issue(client(), SYSTEMS, "r-2", actor, NOW),
            lambda actor=actor: desk.renew(serial, "r-2", NOW + YEAR, actor, NOW),
            lambda actor=actor: desk.rekey(serial, new_key(), "r-2", NOW + YEAR, actor, NOW),
            lambda actor=actor: desk.revoke(serial, "superseded", NOW, actor, NOW),
            lambda actor=actor: desk.hold(serial, NOW, actor, NOW),
            lambda actor=actor: desk.release(serial, actor, NOW),
        ):
            with pytest.raises(errors.RoleMissing):
                act()
    assert office.revocations() == []


def test_a_certificate_begins_at_most_an_hour_before_it_is_asked_for(office: Office) -> None:
    later = NOW + 3 * DAY
    with pytest.raises(ProfileViolated):
        office.desk().issue(client(begin=later - timedelta(minutes=61)), SYSTEMS, "r-1", OFFICER, later)
    assert office.intended() == []
    assert office.desk().issue(client(begin=later - timedelta(minutes=59)), SYSTEMS, "r-2", OFFICER, later)


@pytest.mark.parametrize(
    ("authority", "request_", "error"),
    [
        ("issuing-nothing", client(), errors.AuthorityUnknown),
        ("issuing-seals", client(), errors.ProfileNotIssued),
        ("issuing-persons", client(), errors.ProfileNotIssued),
        (SYSTEMS, person(), errors.ProfileNotIssued),
        (SYSTEMS, replace(client(), profile="issuing"), errors.ProfileNotIssued),
        ("root", replace(client(), profile="issuing"), errors.ProfileNotIssued),
        ("root", replace(client(), profile="root"), errors.ProfileNotIssued),
        (SYSTEMS, replace(client(), profile="no such"), errors.ProfileNotIssued),  # type: ignore[arg-type]
        (SYSTEMS, replace(client(), public_key=b"no key"), ProfileViolated),
        (SYSTEMS, replace(client(), not_after=NOW + 30 * YEAR), ProfileViolated),
        (SYSTEMS, replace(client(), not_before=NOW - DAY), ProfileViolated),
        (SYSTEMS, client("测试\x00系统"), ProfileViolated),
        (SYSTEMS, client("\ud800"), ProfileViolated),
        ("national-issuing-systems", client(), ProfileViolated),
    ],
)
def test_what_may_not_be_issued_leaves_nothing(
    office: Office, authority: str, request_: CertificateRequest, error: type[CAError]
) -> None:
    with pytest.raises(error):
        office.desk().issue(request_, authority, "r-1", OFFICER, NOW)
    assert office.intended() == []


@pytest.mark.parametrize("request_id", ["", "a b", "a\x00", "测试", "a" * 129, "a\n"])
def test_a_request_id_is_visible_ascii(office: Office, request_id: str) -> None:
    with pytest.raises(errors.RequestIdMalformed):
        office.desk().issue(client(), SYSTEMS, request_id, OFFICER, NOW)


def test_a_certificate_that_breaks_a_clause_is_not_even_intended(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict = replace(PROFILES["client"], key_usage=frozenset({"keyCertSign"}))
    written = PROFILES["client"]
    monkeypatch.setattr("ca.desk.intents.PROFILES", {"client": strict})
    with pytest.raises(LintFailed):
        office.desk().issue(client(), SYSTEMS, "r-1", OFFICER, NOW)
    assert office.intended() == []
    assert PROFILES["client"] == written


@pytest.mark.parametrize("state", ["retiring", "ended"])
def test_an_authority_that_was_followed_by_another_issues_no_more(office: Office, state: str) -> None:
    with office.worker() as session:
        session.get_one(AuthorityRow, SYSTEMS).state = state
    with pytest.raises(errors.AuthorityNotIssuing):
        office.desk().issue(client(), SYSTEMS, "r-1", OFFICER, NOW)


# --- what a crash leaves ---------------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process ends here."""


def crash_at(office: Office, step: str, request: CertificateRequest, request_id: str = "r-1") -> None:
    def crash(told: str) -> None:
        if told == step:
            raise Crash

    with pytest.raises(Crash):
        office.desk(crash).issue(request, SYSTEMS, request_id, OFFICER, NOW)


@pytest.mark.parametrize("step", ["intent-committed", "certificate-signed", "activation-written"])
@pytest.mark.parametrize("how", ["finish", "repeat"])
def test_what_was_begun_is_completed_with_the_same_bytes(office: Office, step: str, how: str) -> None:
    request = client()
    crash_at(office, step, request)
    (left,) = office.intended()
    if how == "finish":
        assert office.desk().finish(LATER) == 1
    else:
        office.desk().issue(request, SYSTEMS, "r-1", OFFICER, LATER)
    row = office.row(int(left.serial_number, 16))
    assert row.der is not None
    assert read_certificate(row.der).tbs == left.tbs
    assert (row.state, row.asked_by, row.issued_at) == ("issued", OFFICER.as_json(), LATER)
    assert office.desk().finish(LATER) == 0
    assert office.desk().issue(request, SYSTEMS, "r-1", OFFICER, LATER) == row.der
    assert office.count("issued") == len(office.ceremony.certificates) + 1


def test_finishers_at_once_issue_each_intent_once(office: Office) -> None:
    for number in range(5):
        crash_at(office, "intent-committed", client(), f"r-{number}")
    desk = office.desk()
    assert all(isinstance(done, int) for done in at_once(*[lambda: desk.finish(LATER)] * 4))
    assert office.intended() == []
    assert office.count("issued") == len(office.ceremony.certificates) + 5


def test_an_authority_whose_key_is_away_keeps_nobody_waiting(office: Office) -> None:
    crash_at(office, "intent-committed", client(), "r-1")
    with office.worker() as session:  # its key is in no folder
        row = session.get_one(CertificateRow, office.intended()[0].serial_number)
        row.authority = "root"
    crash_at(office, "intent-committed", client(), "r-2")
    with pytest.raises(KeyMissing):
        office.desk().finish(LATER)
    (left,) = office.intended()
    assert left.request_id == "r-1"


def test_the_intents_of_an_authority_that_was_revoked_meanwhile_are_given_up(office: Office) -> None:
    """It was merely superseded, and may still say what it has revoked; but a certificate of it would be born dead."""

    def cut(step: str) -> None:
        if step == "intent-committed":
            raise Crash

    with pytest.raises(Crash):
        office.desk(cut).issue(client(), SYSTEMS, "r-1", OFFICER, NOW)
    above = read_certificate(office.ceremony.certificates[SYSTEMS].cert_der).serial_number
    office.desk().revoke(above, "superseded", NOW, OFFICER, NOW)
    assert office.desk().finish(LATER) == 1
    assert office.intended() == []
    with office.worker() as session:
        (row,) = session.query(CertificateRow).filter_by(request_id="r-1").all()
    assert (row.state, row.der, row.abandoned_reason) == ("abandoned", None, "ca.authority_not_issuing")


def test_the_intents_of_an_authority_that_has_ended_are_given_up_without_its_key(office: Office) -> None:
    crash_at(office, "intent-committed", client())
    with office.worker() as session:
        session.get_one(AuthorityRow, SYSTEMS).state = "ended"
    desk = office.desk()

    def no_keys(name: str) -> Signer:
        raise KeyMissing(name)

    desk._signers = no_keys
    assert desk.finish(LATER) == 1
    assert office.intended() == []


def test_a_key_found_to_be_compromised_meanwhile_gets_no_certificate(office: Office) -> None:
    request = client()
    desk = office.desk()
    known = serial_of(desk.issue(request, SYSTEMS, "r-1", OFFICER, NOW))

    def revoke(step: str) -> None:
        if step == "certificate-signed":
            office.desk().revoke(known, "keyCompromise", NOW, OFFICER, NOW)

    with pytest.raises((errors.KeyCompromised, errors.RequestAbandoned)):
        office.desk(revoke).issue(request, SYSTEMS, "r-2", OFFICER, NOW)
    with pytest.raises(errors.RequestAbandoned):
        desk.issue(request, SYSTEMS, "r-2", OFFICER, NOW)
    with pytest.raises(errors.KeyCompromised):
        desk.issue(request, SYSTEMS, "r-3", OFFICER, NOW)
    assert desk.finish(LATER) == 0


def test_an_intent_whose_time_is_over_is_given_up(office: Office) -> None:
    request = client(days=2)
    crash_at(office, "intent-committed", request)
    assert office.desk().finish(NOW + 3 * DAY) == 1
    with pytest.raises(errors.RequestAbandoned, match="certificate_expired"):
        office.desk().issue(request, SYSTEMS, "r-1", OFFICER, NOW)


def test_an_intent_that_stricter_rules_refuse_is_given_up(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_at(office, "intent-committed", client())
    strict = replace(PROFILES["client"], key_usage=frozenset({"keyCertSign"}))
    monkeypatch.setattr("ca.desk.issuance.PROFILES", {"client": strict})
    assert office.desk().finish(LATER) == 1
    assert office.intended() == []
    assert office.count("issued") == len(office.ceremony.certificates)


# --- successors ------------------------------------------------------------------------------------------------------


def test_renewing_keeps_subject_and_key(office: Office) -> None:
    desk = office.desk()
    old = desk.issue(client(), SYSTEMS, "r-1", OFFICER, NOW, key_name="system-1")
    new = desk.renew(serial_of(old), "r-2", NOW + YEAR + DAY, OFFICER, LATER)
    before, after = read_certificate(old), read_certificate(new)
    assert (after.subject, after.public_key) == (before.subject, before.public_key)
    assert (after.not_before, after.not_after) == (
        LATER.replace(microsecond=0),
        (NOW + YEAR + DAY).replace(microsecond=0),
    )
    row = office.row(after.serial_number)
    assert (row.replaces, row.key_name) == (f"{before.serial_number:040x}", "system-1")
    assert office.count("renewed") == 1
    assert desk.renew(serial_of(old), "r-2", NOW + YEAR + DAY, OFFICER, LATER + HOUR) == new


def test_rekeying_keeps_the_subject_and_takes_another_key(office: Office) -> None:
    desk, key = office.desk(), new_key()
    old = desk.issue(client(), SYSTEMS, "r-1", OFFICER, NOW, key_name="system-1")
    new = desk.rekey(serial_of(old), key, "r-2", NOW + YEAR, OFFICER, LATER, key_name="system-1-2")
    before, after = read_certificate(old), read_certificate(new)
    assert after.subject == before.subject
    assert after.public_key == key
    assert office.row(after.serial_number).key_name == "system-1-2"
    assert office.count("replaced") == 1
    with pytest.raises(errors.KeyNotNew):
        desk.rekey(serial_of(new), key, "r-3", NOW + YEAR, OFFICER, LATER)


def test_a_certificate_has_one_successor(office: Office) -> None:
    desk = office.desk()
    serial = serial_of(desk.issue(client(), SYSTEMS, "r-1", OFFICER, NOW))
    acts = [lambda n=n: desk.renew(serial, f"s-{n}", NOW + YEAR, OFFICER, LATER) for n in range(6)]
    answers = at_once(*acts)
    assert sorted(type(answer).__name__ for answer in answers) == ["CertificateReplaced"] * 5 + ["bytes"]
    with pytest.raises(errors.CertificateReplaced):
        desk.rekey(serial, new_key(), "s-9", NOW + YEAR, OFFICER, LATER)


def test_what_is_revoked_held_over_or_unknown_has_no_successor(office: Office) -> None:
    desk = office.desk()
    revoked, held = (serial_of(desk.issue(client(), SYSTEMS, f"r-{n}", OFFICER, NOW)) for n in range(2))
    desk.revoke(revoked, "superseded", NOW, OFFICER, NOW)
    desk.hold(held, NOW, OFFICER, NOW)
    over = serial_of(desk.issue(client(days=1), SYSTEMS, "r-over", OFFICER, NOW))
    for serial, error in [
        (revoked, errors.CertificateRevoked),
        (held, errors.CertificateHeld),
        (over, errors.CertificateExpired),
        (12345, errors.CertificateUnknown),
    ]:
        with pytest.raises(error):
            desk.renew(serial, "r-new", NOW + YEAR, OFFICER, NOW + 2 * DAY)
    with pytest.raises(ProfileViolated):
        desk.renew(over, "r-new", NOW - DAY, OFFICER, NOW)


def test_authorities_are_renewed_in_ceremonies(office: Office) -> None:
    for name in ("root", SYSTEMS):
        serial = serial_of(office.ceremony.certificates[name].cert_der)
        with pytest.raises(errors.CeremonyWanted):
            office.desk().renew(serial, "r-1", NOW + YEAR, OFFICER, NOW)


def test_revoking_and_renewing_at_once_leave_no_certificate_that_nobody_could_have(office: Office) -> None:
    """Either the successor was there first, or there is none; a revocation for compromise always takes it along."""
    desk = office.desk()
    for number in range(8):
        serial = serial_of(desk.issue(client(), SYSTEMS, f"r-{number}", OFFICER, NOW))
        compromised = number % 2 == 0
        reason: Reason = "keyCompromise" if compromised else "cessationOfOperation"
        renewed, revoked = at_once(
            partial(desk.renew, serial, f"s-{number}", NOW + YEAR, OFFICER, NOW),
            partial(desk.revoke, serial, reason, NOW, OFFICER, NOW),
        )
        assert isinstance(revoked, tuple), revoked
        with office.worker() as session:
            rows = session.query(CertificateRow).filter_by(request_id=f"s-{number}").all()
        if isinstance(renewed, bytes):
            assert [row.der for row in rows] == [renewed]
            assert (serial_of(renewed) in revoked) == compromised
        else:
            assert isinstance(renewed, errors.DeskRefused), renewed
            assert [row.state for row in rows] in ([], ["abandoned"])
    assert office.intended() == []
