"""Lists are published in time, complete, in order, and by any number of publishers at once."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import delete

from ca.algorithms import signatures
from ca.desk.life_errors import AuthorityNotIssuing, AuthorityUnknown, CeremonyWanted
from ca.desk.publishing import LIFETIME, STEPS
from ca.errors import KeyMissing
from ca.judging.revocation_status import revocation_status
from ca.models import AuthorityRow, CrlRow
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import read_crl
from ca.store import authority_certificate, crl_of
from tests.ca.house import NOW, YEAR, crl_pem, openssl, pem
from tests.ca.office import DAY, HOUR, LATER, OFFICER, Office, at_once, client, serial_of
from tests.ca.test_issuance import SYSTEMS, Crash

ONLINE = {f"{prefix}issuing-{role}" for prefix in ("", "national-") for role in ("seals", "persons", "systems")}


def issued(office: Office, number: int = 1) -> bytes:
    return office.desk().issue(client(), SYSTEMS, f"r-{number}", OFFICER, NOW)


def second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def numbered(moment: datetime) -> int:
    return int(moment.timestamp())


def test_every_authority_but_the_roots_publishes_by_itself(office: Office) -> None:
    publisher = office.publisher()
    assert set(publisher.publish_due(NOW)) == ONLINE
    assert publisher.publish_due(NOW) == ()
    for authority in ONLINE:
        crl, issuer = office.crl(authority), read_certificate(office.ceremony.certificates[authority].cert_der)
        assert (crl.number, crl.this_update, crl.next_update) == (
            numbered(NOW),
            second(NOW),
            second(NOW + LIFETIME),
        )
        assert crl.issuer == issuer.subject
        assert signatures.verify(issuer.public_key, crl.signature_algorithm, crl.tbs, crl.signature)
    assert office.crl("root").number == 1


def test_the_steps_are_told_in_order(office: Office) -> None:
    told: list[str] = []
    office.publisher(told.append).publish(SYSTEMS, NOW)
    assert told == list(STEPS)


def test_a_list_is_renewed_at_half_of_its_life_and_never_ends_before(office: Office) -> None:
    publisher = office.publisher()
    publisher.publish_due(NOW)
    begin = second(NOW)
    assert publisher.due(begin + LIFETIME / 2 - timedelta(seconds=1)) == ()
    assert set(publisher.due(begin + LIFETIME / 2)) == ONLINE
    moment = NOW
    while moment < NOW + 12 * DAY:
        moment += timedelta(hours=11)
        publisher.publish_due(moment)
        crl = office.crl(SYSTEMS)
        assert crl.next_update is not None
        assert crl.next_update > moment + DAY


def test_a_revocation_makes_a_list_due_and_stands_in_it(office: Office, tmp_path: Path) -> None:
    publisher, der = office.publisher(), issued(office)
    publisher.publish_due(NOW)
    office.desk().revoke(serial_of(der), "superseded", LATER, OFFICER, LATER)
    assert publisher.publish_due(LATER) == (SYSTEMS,)
    assert publisher.publish_due(LATER) == ()
    crl = office.crl(SYSTEMS)
    assert crl.entries[serial_of(der)].reason == "superseded"
    certificates = office.ceremony.certificates
    above = pem(tmp_path / "above.pem", certificates["root"].cert_der, certificates[SYSTEMS].cert_der)
    leaf, lists = pem(tmp_path / "leaf.pem", der), crl_pem(tmp_path / "crl.pem", crl.der)
    at = str(int((LATER + HOUR).timestamp()))
    found = openssl("verify", "-attime", at, "-crl_check", "-CAfile", above, "-CRLfile", lists, leaf)
    assert b"certificate revoked" in found.stdout + found.stderr


def test_a_hold_comes_and_goes_with_the_lists(office: Office) -> None:
    publisher, der = office.publisher(), issued(office)
    desk, serial = office.desk(), serial_of(der)
    leaf, issuer = read_certificate(der), read_certificate(office.ceremony.certificates[SYSTEMS].cert_der)

    def verdict(now: datetime) -> str:
        publisher.publish_due(now)
        return revocation_status(leaf, issuer, [office.crl(SYSTEMS).der], now).verdict

    desk.hold(serial, NOW, OFFICER, NOW)
    assert verdict(NOW) == "on_hold"
    desk.release(serial, OFFICER, LATER)
    assert verdict(LATER) == "good"


def test_a_list_for_a_trust_list_lasts_as_long_and_is_not_what_everybody_fetches(office: Office) -> None:
    publisher = office.publisher()
    publisher.publish_due(NOW)
    until = second(NOW + 2 * YEAR)
    long = read_crl(publisher.publish(SYSTEMS, LATER, until=until))
    assert (long.number, long.next_update) == (numbered(LATER), until)
    assert office.crl(SYSTEMS).number == numbered(NOW)
    assert publisher.publish_due(LATER) == ()
    short = read_crl(publisher.publish(SYSTEMS, LATER, until=second(NOW + YEAR)))
    assert (short.number, short.next_update) == (numbered(LATER) + 1, until), "never shortens what was said"
    assert read_crl(publisher.publish(SYSTEMS, LATER)).next_update == second(LATER + LIFETIME)


def test_before_the_first_public_list_there_is_the_ceremonys(office: Office) -> None:
    with office.worker() as session:
        row = crl_of(session, SYSTEMS)
        assert row is not None
        assert row.der == office.ceremony.crls[SYSTEMS]


def test_a_clock_that_is_behind_neither_shortens_a_list_nor_goes_back(office: Office) -> None:
    publisher = office.publisher()
    publisher.publish(SYSTEMS, LATER)
    behind = read_crl(publisher.publish(SYSTEMS, NOW))
    assert (behind.this_update, behind.next_update) == (second(LATER), second(LATER + LIFETIME))
    assert behind.number == numbered(LATER) + 1


def test_a_clock_that_was_far_ahead_once_stops_no_list(office: Office) -> None:
    """The list for a trust list told of a moment far ahead: what everybody fetches must not end before it begins."""
    publisher = office.publisher()
    ahead = second(NOW + 30 * DAY)
    publisher.publish(SYSTEMS, ahead, until=ahead + YEAR)
    crl = read_crl(publisher.publish(SYSTEMS, NOW))
    assert (crl.this_update, crl.next_update) == (ahead, ahead + LIFETIME)


def test_numbers_rise_though_a_backup_was_restored(office: Office) -> None:
    publisher = office.publisher()
    publisher.publish(SYSTEMS, NOW)
    lost = [read_crl(publisher.publish(SYSTEMS, NOW + number * HOUR)).number for number in range(1, 4)]
    with office.worker() as session:
        session.execute(delete(CrlRow).where(CrlRow.authority == SYSTEMS, CrlRow.number.in_(lost)))
    again = read_crl(publisher.publish(SYSTEMS, NOW + 4 * HOUR))
    assert again.number is not None
    assert all(again.number > one for one in lost if one is not None)


@pytest.mark.parametrize("authority", ["root", "national-root"])
def test_a_roots_list_is_made_in_a_ceremony(office: Office, authority: str) -> None:
    with pytest.raises(CeremonyWanted):
        office.publisher().publish(authority, NOW)


def test_an_unknown_or_ended_authority_publishes_nothing(office: Office) -> None:
    with pytest.raises(AuthorityUnknown):
        office.publisher().publish("issuing-nothing", NOW)
    with office.worker() as session:
        session.get_one(AuthorityRow, SYSTEMS).state = "ended"
        session.get_one(AuthorityRow, "issuing-seals").state = "retiring"
    with pytest.raises(AuthorityNotIssuing):
        office.publisher().publish(SYSTEMS, NOW)
    assert set(office.publisher().publish_due(NOW)) == ONLINE - {SYSTEMS}


def test_an_authority_whose_certificate_has_run_out_publishes_no_more(office: Office) -> None:
    publisher = office.publisher()
    publisher.publish_due(NOW)
    with office.worker() as session:
        row = authority_certificate(session, SYSTEMS)
        assert row is not None
        end = row.not_after
    assert SYSTEMS in publisher.due(end)
    assert SYSTEMS not in publisher.due(end + timedelta(seconds=1))


def test_a_key_that_is_away_keeps_no_other_authority_waiting(office: Office) -> None:
    publisher = office.publisher()

    def signer(name: str) -> object:
        if name == SYSTEMS:
            raise KeyMissing(name)
        return office.ring.signer(name)

    publisher._signers = signer  # type: ignore[assignment]
    with pytest.raises(KeyMissing):
        publisher.publish_due(NOW)
    assert set(office.publisher().publish_due(NOW)) == {SYSTEMS}


# --- crashes and crowds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS[:-1])
def test_what_was_cut_off_is_still_due_and_its_number_is_not_given_again(office: Office, step: str) -> None:
    der = issued(office)
    office.desk().revoke(serial_of(der), "superseded", NOW, OFFICER, NOW)

    def crash(told: str) -> None:
        if told == step:
            raise Crash

    with pytest.raises(Crash):
        office.publisher(crash).publish(SYSTEMS, NOW)
    assert SYSTEMS in office.publisher().due(NOW)
    office.publisher().publish_due(NOW)
    assert office.publisher().due(NOW) == ()
    crl = office.crl(SYSTEMS)
    assert crl.number == numbered(NOW) + (step != "number-written")
    assert serial_of(der) in crl.entries


def test_publishers_at_once_make_one_list_a_number(office: Office) -> None:
    publisher = office.publisher()
    moments = [NOW + number * timedelta(minutes=1) for number in range(8)]
    answers = at_once(*[lambda moment=moment: publisher.publish(SYSTEMS, moment) for moment in moments])
    made = sorted(
        (read_crl(answer) for answer in answers if isinstance(answer, bytes)), key=lambda crl: crl.number or 0
    )
    assert len({crl.number for crl in made}) == len(moments)
    assert all((crl.number or 0) >= numbered(crl.this_update) for crl in made)
    for earlier, later in pairwise(made):
        assert earlier.next_update is not None
        assert later.next_update is not None
        assert later.this_update >= earlier.this_update
        assert later.next_update >= earlier.next_update
    assert office.crl(SYSTEMS).der == made[-1].der


def test_no_entry_is_lost_between_revokers_and_publishers(office: Office) -> None:
    """Whatever list comes last, whoever revoked before it began stands in it; and then nothing is due."""
    desk, publisher = office.desk(), office.publisher()
    serials = [serial_of(issued(office, number)) for number in range(10)]
    revoking = [lambda serial=serial: desk.revoke(serial, "superseded", NOW, OFFICER, NOW) for serial in serials]
    publishing = [lambda: publisher.publish_due(NOW) for _ in range(6)]
    acts = [act for pair in zip(revoking, [*publishing, *publishing], strict=False) for act in pair]
    answers = at_once(*acts)
    assert all(isinstance(answer, tuple) for answer in answers), answers
    for row in office.lists(SYSTEMS):
        if row.der is not None and row.revision >= 0:
            assert len(read_crl(row.der).entries) == row.revision, "a list holds what its revision says"
    publisher.publish_due(NOW)
    assert publisher.due(NOW) == ()
    assert set(office.crl(SYSTEMS).entries) == set(serials)
