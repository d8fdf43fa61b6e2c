"""The house's own trust list: which one counts, when a new one is due, and what it says then."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from api.database import Database
from api.founding import hold_ceremony, register
from api.house import House, root_keys
from api.schema import Role
from api.settings import Settings
from api.trust_lists import publish_lists, publish_trust
from ca.ceremonies import rollover
from ca.ceremonies.plan import load_plan
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.desk.issuance import CertificateDesk
from ca.errors import TrustListInvalid
from ca.judging.paths import PathReport, validate_path
from ca.judging.trust import load_trust
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.store import newest_trust
from ca.writing.locations import Locations
from ledger.actor import Actor
from ledger.objects.local_objects import LocalObjects

PLAN = Path(__file__).parents[2] / "tools" / "demo" / "ceremony.yaml"
DAY = timedelta(days=1)
OFFICER = Actor(
    kind="person", id="officer-1", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)


@pytest.fixture
def founded(database: Database, tmp_path: Path) -> House:
    """A house of the test's own: what it publishes lies in the future of the others."""
    settings = Settings(home=tmp_path)
    hold_ceremony(settings, load_plan(PLAN.read_text(encoding="utf-8")), BEGIN)
    house = House(settings, database, LocalObjects(tmp_path / "objects"))
    register(house, BEGIN)
    return house


BEGIN = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def number(house: House) -> int:
    with house.database.session(Role.APP) as session:
        row = newest_trust(session)
        assert row is not None
        return row.number


def judged(house: House, now: datetime, seal: str = "market") -> PathReport:
    return validate_path(house.ceremony.seals[seal].cert_der, (), house.trust(now), now, "seal")


def test_the_first_one_is_the_ceremonys(founded: House) -> None:
    assert founded.trust_lists.file(BEGIN) == founded.ceremony.trust
    assert founded.trust(BEGIN) is founded.trust(BEGIN + DAY)
    assert number(founded) == founded.trust(BEGIN).number == int(BEGIN.timestamp())
    assert publish_lists(founded, BEGIN + DAY) == ()


def test_a_new_one_comes_at_half_of_its_life_and_holds_as_long(founded: House) -> None:
    assert "trust" not in publish_lists(founded, BEGIN + 182 * DAY)
    now = BEGIN + 184 * DAY
    assert "trust" in publish_lists(founded, now)
    assert "trust" not in publish_lists(founded, now)
    first, second = load_trust(founded.ceremony.trust, BEGIN), founded.trust(now)
    assert (second.valid_from, second.valid_until) == (now, now + 366 * DAY)
    assert (second.anchors, second.intermediates, second.tsa) == (first.anchors, first.intermediates, first.tsa)
    assert (second.log_keys, second.status_keys) == (first.log_keys, first.status_keys)
    for crl in map(read_crl, second.crls):
        assert crl.next_update is not None
        assert crl.next_update >= second.valid_until
    assert judged(founded, now).reason == judged(founded, second.valid_until).reason == "good"


def test_none_outlives_the_roots_lists(founded: House) -> None:
    """Without a ceremony in two years the lists become shorter, and never say what they cannot know."""
    now = BEGIN + 500 * DAY
    publish_trust(founded, now)
    assert founded.trust(now).valid_until == BEGIN + 732 * DAY
    assert judged(founded, BEGIN + 732 * DAY).reason == "good"


def test_a_revocation_makes_a_new_one(founded: House) -> None:
    desk = CertificateDesk(
        sessions=lambda: founded.database.session(Role.WORKER),
        signers=founded.keys.signer,
        wrapper=founded.wrapper,
        promiser=founded.promiser,
        locations=lambda authority: Locations.of("http://127.0.0.1:8000", authority),
    )
    serial = read_certificate(founded.ceremony.seals["market"].cert_der).serial_number
    now = BEGIN + 5 * DAY
    assert judged(founded, now).reason == "good"
    desk.revoke(serial, "keyCompromise", now, OFFICER, now)
    published = publish_lists(founded, now + DAY)
    assert {"issuing-seals", "trust"} <= set(published)
    assert judged(founded, now + DAY).reason == "revoked"
    assert judged(founded, now + DAY, "housing").reason == "good"
    assert publish_lists(founded, now + DAY) == ()


def test_a_list_whose_making_was_cut_off_is_made_again(founded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The authorities' lists were made for it, and it was never signed: what they tell must not wait for half a year."""
    now = BEGIN + DAY
    with monkeypatch.context() as cut:
        cut.setattr("api.trust_lists._store_as_newest", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            publish_trust(founded, now)
    assert number(founded) == int(BEGIN.timestamp())
    assert "trust" in publish_lists(founded, now + timedelta(minutes=1))
    assert publish_lists(founded, now + timedelta(minutes=2)) == ()


def _cut_off(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def test_numbers_rise_also_for_those_who_publish_at_once(founded: House) -> None:
    now = BEGIN + DAY
    houses = [House(founded.settings, founded.database, founded.objects) for _ in range(3)]
    with ThreadPoolExecutor(len(houses)) as pool:
        files = list(pool.map(lambda house: publish_trust(house, now), houses))
    first = int(now.timestamp())
    assert sorted(load_trust(file, now).number for file in files) == [first, first + 1, first + 2]
    with founded.database.session(Role.APP) as session:
        row = newest_trust(session)
        assert row is not None
        assert (row.number, load_trust(row.data, now).number) == (first + 2, first + 2)


def test_a_restored_register_does_not_give_a_number_a_second_time(founded: House) -> None:
    """It has forgotten the last ones; counterparts have not."""
    seen = load_trust(publish_trust(founded, BEGIN + 9 * DAY), BEGIN + 9 * DAY)
    with founded.database.engine(Role.OWNER).begin() as owner:
        owner.execute(text("DELETE FROM ca.trust_lists WHERE number > :first"), {"first": int(BEGIN.timestamp())})
    restored = publish_trust(founded, BEGIN + 10 * DAY)
    assert load_trust(restored, BEGIN + 10 * DAY).number > seen.number


def test_a_later_ceremony_makes_a_new_one(founded: House) -> None:
    now = BEGIN + 30 * DAY
    publish_lists(founded, now)
    old = founded.trust(now)
    rollover.follow_root(founded.keys, root_keys(founded.settings), "international", now)
    rollover.follow(founded.keys, root_keys(founded.settings), "issuing-seals", now + timedelta(hours=1))
    register(founded, now + DAY)
    new = founded.trust(now + DAY)
    made = founded.ceremony.certificates
    assert set(new.anchors) - set(old.anchors) == {made["root-2"].cert_der}
    assert set(new.intermediates) >= {made["issuing-seals-2"].cert_der, *founded.ceremony.links.values()}
    assert len(new.crls) == len(founded.ceremony.authorities()) == len(old.crls) + 2
    assert judged(founded, now + DAY).reason == "good"
    assert publish_lists(founded, now + DAY) == ()


def test_it_is_looked_up_once_a_minute(founded: House) -> None:
    assert founded.trust_lists.file(BEGIN) == founded.ceremony.trust
    newer = publish_trust(founded, BEGIN)
    assert founded.trust_lists.file(BEGIN + timedelta(seconds=59)) == founded.ceremony.trust
    assert founded.trust_lists.file(BEGIN + timedelta(seconds=61)) == newer


def test_while_the_register_is_away_the_last_one_seen_counts(founded: House, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = publish_trust(founded, BEGIN)

    def away(*_: object) -> NoReturn:
        raise OperationalError("SELECT", {}, Exception("the register is away"))

    fresh = House(founded.settings, founded.database, founded.objects)
    assert founded.trust_lists.file(BEGIN) == newer
    monkeypatch.setattr(founded.database, "session", away)
    assert founded.trust_lists.file(BEGIN + DAY) == newer
    assert fresh.trust_lists.file(BEGIN + DAY) == founded.ceremony.trust


def test_a_root_that_has_ended_does_not_end_the_trust_lists(founded: House) -> None:
    """Its last list is never renewed; what it certified has ended with it."""
    offline = root_keys(founded.settings)
    end = read_certificate(founded.ceremony.root.cert_der).not_after
    for hierarchy in founded.ceremony.hierarchies:
        rollover.follow_root(founded.keys, offline, hierarchy, end - 700 * DAY)
    for line in ("issuing-seals", "issuing-persons", "issuing-systems", "trust"):
        rollover.follow(founded.keys, offline, line, end - 300 * DAY)
    last = end + 500 * DAY
    rollover.renew(founded.keys, offline, last)
    register(founded, last)
    now = last + 400 * DAY
    publish_trust(founded, now)
    assert founded.trust(now).valid_until == last + 732 * DAY


def test_no_list_outlives_who_signed_it(founded: House) -> None:
    signer = read_certificate(founded.ceremony.trust_signer.cert_der)
    rollover.renew(founded.keys, root_keys(founded.settings), signer.not_after - 30 * DAY)
    now = signer.not_after - 20 * DAY
    register(founded, now)
    assert founded.trust(now).valid_until == signer.not_after
    with founded.database.session(Role.APP) as session:
        row = newest_trust(session)
        assert row is not None
        assert row.valid_until == signer.not_after


def test_a_list_that_nobody_would_believe_is_not_published(founded: House) -> None:
    """Its signer was revoked and nobody has followed it yet: the last good list counts."""
    now = BEGIN + 30 * DAY
    serial = read_certificate(founded.ceremony.trust_signer.cert_der).serial_number
    revoked = {"root": [Revoked(serial, now - DAY, "keyCompromise")]}
    rollover.renew(founded.keys, root_keys(founded.settings), now, revoked)
    with pytest.raises(TrustListInvalid, match="revoked"):
        register(founded, now)
    assert number(founded) == int(BEGIN.timestamp())
    assert judged(founded, now).reason == "good"
    rollover.follow(founded.keys, root_keys(founded.settings), "trust", now + DAY)
    register(founded, now + DAY)
    assert number(founded) == founded.trust(now + DAY).number == int((now + DAY).timestamp())
    assert judged(founded, now + DAY).reason == "good"


def test_a_ceremony_that_was_cut_off_before_it_was_registered_is_published_all_the_same(founded: House) -> None:
    now = BEGIN + 30 * DAY
    rollover.follow(founded.keys, root_keys(founded.settings), "issuing-seals", now)
    rollover.follow_root(founded.keys, root_keys(founded.settings), "international", now + DAY)
    assert "trust" in publish_lists(founded, now + 2 * DAY)
    trust = founded.trust(now + 2 * DAY)
    made = founded.ceremony.certificates
    assert {made["issuing-seals-2"].cert_der, made["root-2"].cert_der} <= {*trust.intermediates, *trust.anchors}
    assert publish_lists(founded, now + 2 * DAY) == ()
    register(founded, now + 3 * DAY)
    assert judged(founded, now + 3 * DAY).reason == "good"
    assert publish_lists(founded, now + 4 * DAY) == ()
