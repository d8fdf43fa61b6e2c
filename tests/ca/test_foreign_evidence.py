"""A licensed authority's word about our certificates: fetched, kept, used until it ends, and never guessed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.database import Database
from api.schema import Role
from ca.desk.life_errors import RoleMissing
from ca.errors import CAError
from ca.judging.paths import validate_path
from ca.judging.trust import TrustList
from ca.keys.software_signer import SoftwareSigner
from ca.models import ForeignEvidenceRow
from ca.outside.foreign import ForeignDesk
from ca.outside.foreign_chain import examine_chain
from ca.outside.foreign_errors import AnchorMismatch, ChainUnusable, ForeignRefused, ForeignUnavailable
from ca.outside.foreign_evidence import ForeignEvidence, sources
from ca.outside.foreign_trust import foreign_trust
from ca.outside.http_client import HttpClient, Limits
from ca.reading.certificate_reader import Certificate
from ca.store import foreign as store
from ledger.actor import ANONYMOUS
from tests.ca.house import trust_list
from tests.ca.licensed import DAY, LicensedCa, giving, making, site
from tests.ca.office import OFFICER
from tests.ca.test_crl_client import request_for

HOUR = timedelta(hours=1)
LIMITS = Limits(connect=2.0, quiet=1.0, total=3.0)


@dataclass
class Outside:
    """A licensed authority, a certificate of it for a seal of ours, and the desk that takes it in."""

    ca: LicensedCa
    database: Database
    signer: SoftwareSigner
    seal: Certificate
    web: HttpClient

    def __post_init__(self) -> None:
        self.evidence = ForeignEvidence(lambda: self.database.session(Role.WORKER), self.web)
        self.desk = ForeignDesk(lambda: self.database.session(Role.WORKER), self.evidence)

    @property
    def chain(self) -> tuple[Certificate, ...]:
        return self.seal, self.ca.issuing, self.ca.root

    def take_in(self, now: datetime) -> str:
        ders = [one.der for one in self.chain]
        chain = examine_chain("seal", self.signer.public_key, ders, self.ca.fingerprint, now)
        return self.desk.take_in(chain, "seal-outside", OFFICER, now).standing

    def standing(self, now: datetime) -> str:
        return self.evidence.status(self.chain, now).verdict

    def rows(self) -> list[ForeignEvidenceRow]:
        with self.database.session(Role.APP) as session:
            return list(store.evidence(session))

    def trust(self) -> TrustList:
        """The trust list's part about others."""
        with self.database.session(Role.APP) as session:
            found = foreign_trust(session)
        return replace(
            trust_list([], [], list(found.crls), tsa=found.tsa),
            intermediates=found.intermediates,
            foreign_anchors=found.anchors,
            foreign_seals=found.seals,
            ocsp=found.ocsp,
        )


@pytest.fixture(scope="module")
def licensed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LicensedCa]:
    with site() as found:
        yield LicensedCa(tmp_path_factory.mktemp("licensed"), found)


@contextmanager
def outside(ca: LicensedCa, database: Database, points: str | None = None) -> Iterator[Outside]:
    ca.open()
    ca.site.asked.clear()
    signer, web = SoftwareSigner.generate("ES256"), HttpClient(LIMITS)
    yield Outside(ca, database, signer, ca.seal(request_for(signer), points), web)
    web.close()


@pytest.fixture
def both(licensed: LicensedCa, database: Database) -> Iterator[Outside]:
    """Its certificates name a responder and a list."""
    with outside(licensed, database) as found:
        yield found


@pytest.fixture
def listed(licensed: LicensedCa, database: Database) -> Iterator[Outside]:
    """Its certificates name a list only."""
    with outside(licensed, database, f"crlDistributionPoints=URI:{licensed.url('issuing.crl')}") as found:
        yield found


def test_the_responder_is_asked_first_and_the_list_when_it_is_away(both: Outside) -> None:
    now = datetime.now(UTC)
    assert both.take_in(now) == "good"
    assert {(row.kind, row.source) for row in both.rows()} == {
        ("ocsp", both.ca.url("ocsp")),
        ("crl", both.ca.url("root.crl")),
    }
    both.ca.site.routes[both.ca.path("ocsp")] = giving(b"", 500)
    refreshed = both.evidence.refresh(now + 7 * HOUR)
    assert set(refreshed.fetched) == {both.ca.url("issuing.crl"), both.ca.url("root.crl")}
    assert [type(error) for error in refreshed.failed] == [ForeignUnavailable]
    assert both.standing(now + 8 * HOUR) == "good"


def test_it_is_kept_and_asked_again_before_it_ends(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.take_in(now)
    for pause in (timedelta(), HOUR, 5 * HOUR):
        assert listed.evidence.refresh(now + pause).fetched == ()
    assert listed.ca.site.count(listed.ca.path("issuing.crl")) == 1
    assert len(listed.evidence.refresh(now + 6 * HOUR).fetched) == 2
    assert listed.ca.site.count(listed.ca.path("issuing.crl")) == 2
    assert len(listed.rows()) == 2


def test_while_the_source_is_away_the_last_word_counts_until_it_ends_and_then_nobody_can_tell(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.take_in(now)
    listed.ca.close()
    end = min(row.next_update for row in listed.rows())
    for moment in (now + 12 * HOUR, end - timedelta(seconds=1)):
        listed.evidence.refresh(moment)
        assert listed.standing(moment) == "good"
    for moment in (end + timedelta(seconds=1), end + 30 * DAY):
        assert listed.evidence.refresh(moment).fetched == ()
        assert listed.standing(moment) == "unknown"
    listed.ca.site.routes[listed.ca.path("issuing.crl")] = making(lambda _: listed.ca.crl(end=40 * DAY))
    listed.ca.site.routes[listed.ca.path("root.crl")] = making(lambda _: listed.ca.crl("root", end=40 * DAY))
    assert len(listed.evidence.refresh(end + 31 * DAY).fetched) == 2
    assert listed.standing(end + 31 * DAY) == "good"


def test_before_anything_came_nobody_can_tell(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.ca.close()
    assert listed.take_in(now) == "unknown"
    assert listed.rows() == []


def test_a_wrong_word_never_takes_the_place_of_a_good_one(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.take_in(now)
    kept = {row.der for row in listed.rows()}
    ca = listed.ca
    good = ca.crl()
    wrong = {
        "signature": (good[:-1] + bytes([good[-1] ^ 1]), ForeignRefused),
        "another authority's": (ca.crl("root"), ForeignRefused),
        "stale": (ca.crl(begin=-3 * DAY, end=-2 * DAY), ForeignUnavailable),
        "older": (ca.crl(begin=-HOUR, end=2 * DAY), ForeignUnavailable),
        "from the future": (ca.crl(begin=9 * DAY, end=10 * DAY), ForeignRefused),
        "rubbish": (b"<html>not here</html>", ForeignRefused),
    }
    moment = now + 6 * HOUR
    ca.site.routes[ca.path("root.crl")] = giving(b"", 503)
    for body, kind in wrong.values():
        ca.site.routes[ca.path("issuing.crl")] = giving(body)
        failed = listed.evidence.refresh(moment).failed
        assert kind in {type(error) for error in failed}
        assert listed.standing(moment) == "good"
        assert {row.der for row in listed.rows()} == kept
        moment += 61 * timedelta(minutes=1)


def test_who_fails_is_left_alone_for_longer_and_longer(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.ca.close()
    listed.take_in(now)
    path = listed.ca.path("issuing.crl")
    asked = []
    for minutes in range(1, 241):
        before = listed.ca.site.count(path)
        listed.evidence.refresh(now + timedelta(minutes=minutes))
        if listed.ca.site.count(path) > before:
            asked.append(minutes)
    assert asked == [1, 3, 7, 15, 31, 63, 123, 183]


def test_a_revocation_is_learnt_and_stays_known(both: Outside) -> None:
    now = datetime.now(UTC)
    both.take_in(now)
    both.ca.revoke(both.seal)
    both.evidence.refresh(now + 6 * HOUR)
    assert both.standing(now + 6 * HOUR) == "revoked"
    both.ca.close()
    assert both.standing(now + 300 * DAY) == "revoked"  # that is final: no silence takes it back
    with pytest.raises(ChainUnusable):
        both.take_in(now + 7 * HOUR)


def test_nobody_takes_a_revocation_back(both: Outside, listed: Outside) -> None:
    """It is final: a newer answer without it is an error there, or not theirs. A second seal's list brings none in either."""
    first = datetime.now(UTC)
    signer = SoftwareSigner.generate("ES256")
    second = replace(
        listed,
        signer=signer,
        seal=listed.ca.seal(request_for(signer), "crlDistributionPoints=URI:" + listed.ca.url("issuing.crl")),
    )
    second.take_in(first)
    for one in (both, listed):
        one.take_in(first)
        one.ca.revoke(one.seal)
    learnt = first + 7 * HOUR
    both.evidence.refresh(learnt)
    for one in (both, listed):
        assert one.standing(learnt) == "revoked"
        one.ca.unrevoke(one.seal)
    for hours in (14, 21):
        refreshed = both.evidence.refresh(first + hours * HOUR)
        assert ForeignRefused in {type(error) for error in refreshed.failed}
        for one in (both, listed):
            assert one.standing(first + hours * HOUR) == "revoked"


def test_what_was_sealed_before_stays_judged_when_the_certificate_is_off_the_lists(listed: Outside) -> None:
    now = datetime.now(UTC)
    listed.take_in(now)
    last = {row.der for row in listed.rows()}
    ca, end = listed.ca, listed.seal.not_after
    # The authority goes on long after: the certificate has expired, and its lists need not speak of it any more.
    later = ca.crl(begin=end - now + 10 * DAY, end=end - now + 20 * DAY)
    with listed.database.session(Role.WORKER) as session:
        about = next(row.about for row in store.evidence(session) if row.source == ca.url("issuing.crl"))
        values = {
            "kind": "crl",
            "source": ca.url("issuing.crl"),
            "about": about,
            "this_update": end + 10 * DAY,
            "next_update": end + 20 * DAY,
            "fetched_at": end + 10 * DAY,
            "der": later,
        }
        store.store_evidence(session, values)
        assert store.drop_superseded(session, "crl", ca.url("issuing.crl"), about) == 0
    assert {row.der for row in listed.rows()} == last | {later}
    trust = listed.trust()
    assert validate_path(listed.seal.der, [], trust, now + HOUR, "seal", proven=True).reason == "good"
    assert validate_path(listed.seal.der, [], trust, end - HOUR, "seal", proven=True).reason == "revocation_unknown"


def test_under_a_licensed_root_only_the_seals_that_were_taken_in_are_seals(both: Outside) -> None:
    now = datetime.now(UTC)
    both.take_in(now)
    trust = both.trust()
    at = now + timedelta(minutes=1)
    assert validate_path(both.seal.der, [], trust, at, "seal").reason == "good"
    somebody = both.ca.seal(request_for(SoftwareSigner.generate("ES256"), "99010000000078"))
    assert validate_path(somebody.der, [both.ca.issuing.der], trust, at, "seal").reason == "no_chain"
    assert validate_path(both.ca.tsa.der, [both.ca.issuing.der], trust, at, "timestamp").reason == "not_listed"


def test_the_next_authority_is_taken_in_beside_the_first(both: Outside, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    both.take_in(now)
    following = LicensedCa(tmp_path, both.ca.site, "two")
    signer = SoftwareSigner.generate("ES256")
    seal = following.seal(request_for(signer))
    ders, now = [seal.der, following.issuing.der, following.root.der], datetime.now(UTC)
    chain = examine_chain("seal", signer.public_key, ders, following.fingerprint, now)
    taken = both.desk.take_in(chain, "seal-outside-2", OFFICER, now)
    assert (taken.new, taken.standing) == (True, "good")
    assert both.desk.take_in(chain, "seal-outside-2", OFFICER, now).new is False
    both.ca.close()  # the first one's services end with it
    trust, at = both.trust(), now + timedelta(minutes=1)
    assert set(trust.foreign_anchors) == {both.ca.root.der, following.root.der}
    for one in (both.seal, seal):
        assert validate_path(one.der, [], trust, at, "seal").reason == "good"
    sealed_then, years_on = at, now + 400 * DAY
    both.evidence.refresh(years_on)
    assert validate_path(both.seal.der, [], both.trust(), both.seal.not_before, "seal", proven=True).reason == "good"
    assert validate_path(both.seal.der, [], both.trust(), sealed_then, "seal", proven=True).reason == "good"
    assert validate_path(both.seal.der, [], both.trust(), years_on, "seal").reason == "revocation_unknown"
    standings = {one.key_name: one.standing for one in both.desk.listed(at)}
    assert standings == {"seal-outside": "good", "seal-outside-2": "good"}


def test_what_is_not_taken_in(both: Outside, tmp_path: Path) -> None:
    ca, ders = both.ca, [one.der for one in both.chain]
    key, root = both.signer.public_key, both.ca.fingerprint
    other = LicensedCa(tmp_path, ca.site, "one-more")
    now = datetime.now(UTC)
    clients = [other.tsa.der, other.issuing.der, other.root.der]
    refused: list[tuple[type[CAError], tuple[object, ...]]] = [
        (AnchorMismatch, ("seal", key, ders, other.fingerprint, now)),
        (AnchorMismatch, ("seal", key, ders, "", now)),
        (ChainUnusable, ("seal", key, ders[:-1], root, now)),
        (ChainUnusable, ("seal", key, [ders[0], ders[2]], root, now)),
        (ChainUnusable, ("seal", key, ders[1:], root, now)),
        (ChainUnusable, ("seal", SoftwareSigner.generate("ES256").public_key, ders, root, now)),
        (ChainUnusable, ("seal", key, ders, root, now + 800 * DAY)),
        (ChainUnusable, ("client", other.tsa.public_key, clients, other.fingerprint, now)),
        (ChainUnusable, ("timestamp", None, ders, root, now)),
    ]
    for kind, arguments in refused:
        with pytest.raises((AnchorMismatch, ChainUnusable)) as told:
            examine_chain(*arguments)  # type: ignore[arg-type]
        assert type(told.value) is kind
    chain = examine_chain("seal", key, ders, root.lower(), now)
    with pytest.raises(RoleMissing):
        both.desk.take_in(chain, "seal-outside", ANONYMOUS, now)
    assert both.desk.listed(now) == ()


def test_a_seal_that_names_no_seal_is_not_taken_in(both: Outside) -> None:
    nameless = both.ca.tsa
    ders = [nameless.der, both.ca.issuing.der, both.ca.root.der]
    with pytest.raises(ChainUnusable, match="seal code"):
        examine_chain("seal", nameless.public_key, ders, both.ca.fingerprint, datetime.now(UTC))


def test_another_timestamp_authority_is_taken_in_without_a_key_of_ours(both: Outside) -> None:
    now = datetime.now(UTC)
    ders = [both.ca.tsa.der, both.ca.issuing.der, both.ca.root.der]
    chain = examine_chain("timestamp", None, ders, both.ca.fingerprint, now)
    assert both.desk.take_in(chain, None, OFFICER, now).standing == "good"
    assert validate_path(both.ca.tsa.der, [], both.trust(), now + timedelta(minutes=1), "timestamp").reason == "good"
    assert both.trust().foreign_seals == ()


def test_addresses_that_we_do_not_talk_to_are_no_sources(licensed: LicensedCa, database: Database) -> None:
    points = "crlDistributionPoints=URI:ldap:///CN=x,URI:file:///etc/passwd"
    with outside(licensed, database, points) as found:
        assert sources(found.seal, found.ca.issuing) == ()
        assert found.take_in(datetime.now(UTC)) == "unknown"
