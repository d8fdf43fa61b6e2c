import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ca.algorithms.signatures import verify
from ca.ceremonies import files as ceremony_files
from ca.ceremonies import rollover
from ca.ceremonies.ceremony import Ceremony, open_ceremony
from ca.ceremonies.errors import CeremonyTooEarly, RolloverRefused
from ca.ceremonies.names import Hierarchy
from ca.ceremonies.transcript import Session, verify_transcript
from ca.ceremonies.trust_making import make_trust, trust_end
from ca.errors import (
    CeremonyDamaged,
    CeremonyMissing,
    CeremonyRunning,
    KeyMismatch,
    KeyMissing,
    PassphraseWrong,
    ProfileViolated,
)
from ca.judging.paths import validate_path
from ca.judging.trust import TrustList, load_trust
from ca.keys import private_files
from ca.keys.folder import KeyFolder
from ca.keys.ring import KeyRing
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked, read_crl
from ca.reading.names import attributes
from ca.writing.certificates import Authority, DistinguishedName, issue
from ca.writing.profiles import SEAL
from ca.writing.revocation import make_crl
from tests.ca.conftest import PASSPHRASE, City
from tests.ca.house import NOW, YEAR, crl_pem, openssl, pem
from tests.ca.test_ceremony import Power, count_writes, cut_off

LATER = NOW + timedelta(days=300)
SEAL_NAME = DistinguishedName("99010000000009", "11990100MB9T00038E测试市市场监督管理局")


class House:
    """The city's keys and files, in a folder of their own."""

    def __init__(self, path: Path) -> None:
        self.ring = KeyRing(KeyFolder(path, PASSPHRASE))
        self.offline = KeyFolder(path / "root", PASSPHRASE)
        self.path = path

    @property
    def ceremony(self) -> Ceremony:
        return open_ceremony(self.path)

    def renew(self, now: datetime = LATER, revoked: rollover.RevokedByRoot = rollover.NOTHING) -> Ceremony:
        return rollover.renew(self.ring, self.offline, now, revoked)

    def follow(self, line: str, now: datetime = LATER, name: str | None = None) -> Ceremony:
        return rollover.follow(self.ring, self.offline, line, now, name)

    def follow_root(self, hierarchy: Hierarchy = "international", now: datetime = LATER) -> Ceremony:
        return rollover.follow_root(self.ring, self.offline, hierarchy, now)

    def sessions(self) -> tuple[Session, ...]:
        """The transcript, which must verify."""
        ceremony = self.ceremony
        certificates = {name: one.cert_der for name, one in ceremony.certificates.items()}
        plan = (self.path / "plan.json").read_bytes()
        return verify_transcript(ceremony.transcript, {**certificates, **ceremony.links}, plan)

    def seal(self, authority: str, now: datetime) -> bytes:
        """Issue a seal's certificate."""
        issuer = Authority(self.ceremony.certificates[authority].cert_der, self.ring.signer(authority))
        return issue(SEAL, SEAL_NAME, SoftwareSigner.generate("ES256").public_key, issuer, now, now + 5 * YEAR)

    def trust(self, now: datetime, revoked: Iterable[Revoked] = ()) -> TrustList:
        """The trust list as the house would publish it now."""
        ceremony, begin = self.ceremony, now.replace(microsecond=0)
        lists = {
            one.key_name: ceremony.crls[one.key_name] for one in ceremony.authorities() if one.profile.name == "root"
        }
        until = trust_end(ceremony.plan, lists.values(), begin)
        for one in ceremony.authorities():
            if one.key_name not in lists:
                authority = Authority(one.cert_der, self.ring.signer(one.key_name))
                lists[one.key_name] = make_crl(authority, 7, revoked, begin, until)
        signer = self.ring.signer(ceremony.trust_signer.key_name)
        log_keys = load_trust(ceremony.trust, now).log_keys
        return load_trust(make_trust(ceremony, lists.values(), log_keys, signer, (begin, until)), now)


@pytest.fixture
def house(city: City, tmp_path: Path) -> House:
    folder = tmp_path / "keys"
    shutil.copytree(city.ring.path, folder)
    return House(folder)


def test_the_yearly_ceremony_renews_lists_and_responders_and_nothing_else(house: House) -> None:
    before = house.ceremony
    after = house.renew()
    for name, one in before.certificates.items():
        new = after.certificates[name]
        if "ocsp-" not in name:
            assert new == one
            continue
        old_one, new_one = read_certificate(one.cert_der), read_certificate(new.cert_der)
        assert (new_one.public_key, new_one.subject) == (old_one.public_key, old_one.subject)
        assert new_one.not_after == old_one.not_after + timedelta(days=300)
    for name in ("root", "national-root"):
        old_list, new_list = read_crl(before.crls[name]), read_crl(after.crls[name])
        assert (old_list.number, new_list.number) == (1, 2)
        assert old_list.next_update is not None
        assert new_list.next_update == old_list.next_update + timedelta(days=300)
    assert after.crls["issuing-seals"] == before.crls["issuing-seals"]
    assert [session.purpose for session in house.sessions()] == ["founding", "yearly"]


def test_what_a_root_has_revoked_stays_revoked(house: House) -> None:
    serial = read_certificate(house.ceremony.certificates["issuing-persons"].cert_der).serial_number
    entry = Revoked(serial, LATER.replace(microsecond=0), "cessationOfOperation")
    first = house.renew(revoked={"root": [entry]})
    assert read_crl(first.crls["root"]).entries == {serial: entry}
    assert not read_crl(first.crls["national-root"]).entries
    again = house.renew(LATER + YEAR)
    assert read_crl(again.crls["root"]).entries == {serial: entry}
    trust = house.trust(LATER + YEAR)
    seal = house.seal("issuing-persons", LATER - YEAR / 2)
    assert validate_path(seal, (), trust, LATER + YEAR, "seal").reason == "revoked"


def common_name(certificate: bytes) -> str:
    return attributes(read_certificate(certificate).subject)[-1][1]


def test_an_authority_is_followed_by_the_next_generation(house: House) -> None:
    after = house.follow("issuing-seals")
    second = after.certificates["issuing-seals-2"]
    assert after.authority("seals") == second
    assert [one.key_name for one in after.generations("issuing-seals")] == ["issuing-seals", "issuing-seals-2"]
    assert (second.issuer, common_name(second.cert_der)) == ("root", "测试市电子印章签发 CA1 G2")
    responder = after.certificates["ocsp-seals-2"]
    assert (responder.issuer, common_name(responder.cert_der)) == ("issuing-seals-2", "测试市电子印章签发 CA1 G2 OCSP")
    assert read_crl(after.crls["issuing-seals-2"]).number == 1
    assert house.ring.signer("issuing-seals-2").public_key == read_certificate(second.cert_der).public_key
    for authority in ("issuing-seals", "issuing-seals-2"):
        seal = house.seal(authority, LATER)
        above = after.certificates[authority].cert_der
        assert after.chain_of(seal) == (seal, above, after.root.cert_der)
    assert [session.purpose for session in house.sessions()] == ["founding", "issuing-seals"]
    third = house.follow("issuing-seals", LATER + YEAR, "测试市电子印章签发 CA3")
    assert common_name(third.authority("seals").cert_der) == "测试市电子印章签发 CA3"
    assert third.authority("seals").key_name == "issuing-seals-3"


@pytest.mark.parametrize(
    "line", ["timestamp", "trust", "status", "receipt", "national-timestamp", "national-issuing-persons"]
)
def test_services_are_followed_too_and_the_earlier_ones_stay_believed(house: House, line: str) -> None:
    after = house.follow(line)
    assert after.current(line).key_name == f"{line}-2"
    # What verifiers know by name is used once they do.
    assert after.in_use(line, LATER).key_name == line
    assert after.in_use(line, LATER + timedelta(days=366)).key_name == f"{line}-2"
    trust = house.trust(LATER)
    listed = {"timestamp": trust.tsa, "status": trust.status_keys, "receipt": trust.receipt_keys}
    for one in after.generations(line):
        assert one.profile.name not in listed or one.cert_der in listed[one.profile.name]
    assert len(house.sessions()) == 2


def test_no_day_on_which_a_document_cannot_be_verified(house: House) -> None:
    """Seals of before and after, under every trust list that is in use at some time, at the time it is in use."""
    early = house.seal("issuing-seals", NOW)
    lists = [(NOW, house.trust(NOW))]
    seals = [early]
    for days, act in (
        (300, lambda now: house.follow("issuing-seals", now)),
        (600, lambda now: house.follow_root("international", now)),
        (700, lambda now: house.follow("issuing-seals", now)),
        (1000, lambda now: house.follow("issuing-seals", now)),
        (1300, house.renew),
    ):
        now = NOW + timedelta(days=days)
        act(now)
        lists.append((now, house.trust(now)))
        seals.append(house.seal(house.ceremony.authority("seals").key_name, now))
    assert [house.ceremony.chain_of(seal)[-1] == house.ceremony.root.cert_der for seal in seals] == [
        *(False, False, False, False),
        *(True, True),
    ]
    for begin, trust in lists:
        for moment in (*(begin + timedelta(days=day) for day in range(0, 366, 61)), trust.valid_until):
            assert trust.is_current(moment)
            for seal in seals:
                if read_certificate(seal).not_before <= begin:
                    report = validate_path(seal, (), trust, moment, "seal")
                    assert report.reason == "good", (begin, moment, report)


def test_one_root_vouches_for_the_other(house: House, tmp_path: Path) -> None:
    """Who knows but one of the two roots reaches everything through the link; openssl agrees."""
    old_seal = house.seal("issuing-seals", NOW)
    house.follow_root()
    settled = LATER + timedelta(days=367)
    after = house.follow("issuing-seals", settled)
    new_seal = house.seal("issuing-seals-2", settled)
    roots = {name: after.certificates[name].cert_der for name in ("root", "root-2")}
    assert read_certificate(roots["root"]).subject == read_certificate(roots["root-2"]).subject
    moment = settled + timedelta(days=1)
    crls = crl_pem(tmp_path / "crls.pem", *(after.crls[name] for name in ("root", "root-2")), *fresh(house, moment))
    for known, seal, authority, link in (
        ("root", new_seal, "issuing-seals-2", "root-2-by-root"),
        ("root-2", old_seal, "issuing-seals", "root-by-root-2"),
    ):
        middle = pem(tmp_path / "middle.pem", after.certificates[authority].cert_der, after.links[link])
        anchor, leaf = pem(tmp_path / "anchor.pem", roots[known]), pem(tmp_path / "leaf.pem", seal)
        verified = openssl(
            *("verify", "-x509_strict", "-crl_check_all", "-CRLfile", crls, "-attime", str(int(moment.timestamp()))),
            *("-CAfile", anchor, "-untrusted", middle, leaf),
        )
        assert verified.returncode == 0, verified.stderr.decode()
    assert after.certificates["ocsp-root-2"].issuer == "root-2"
    assert [tuple(one.key_name for one in session.signatures) for session in house.sessions()] == [
        ("root", "national-root"),
        ("root", "national-root", "root-2"),
        ("root-2", "national-root"),
    ]


def test_a_new_root_issues_nothing_before_all_verifiers_know_it(house: House) -> None:
    house.follow_root(now=LATER)
    soon = house.follow("issuing-seals", LATER + timedelta(days=365))
    assert soon.authority("seals").issuer == "root"
    later = house.follow("issuing-seals", LATER + timedelta(days=366))
    assert later.authority("seals").issuer == "root-2"


def fresh(house: House, now: datetime) -> list[bytes]:
    return [
        make_crl(Authority(one.cert_der, house.ring.signer(one.key_name)), 9, (), now - timedelta(days=1), now + YEAR)
        for one in house.ceremony.generations("issuing-seals")
    ]


def test_a_root_that_has_run_out_is_followed_all_the_same(house: House) -> None:
    after = house.follow_root(now=NOW + 21 * YEAR)
    assert read_certificate(after.root.cert_der).not_after > NOW + 40 * YEAR
    assert len(house.sessions()) == 2


def test_the_national_root_is_followed_too(house: House) -> None:
    after = house.follow_root("national")
    link = read_certificate(after.links["national-root-2-by-national-root"])
    old = read_certificate(after.certificates["national-root"].cert_der)
    assert verify(old.public_key, link.signature_algorithm, link.tbs, link.signature)
    assert after.root.key_name == "root"
    assert len(house.sessions()) == 2


REFUSED = ("root", "national-root", "ocsp-seals", "seal-market", "log", "issuing-seals-2", "nothing", "")


@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_followed(house: House, line: str) -> None:
    before = files(house.path)
    with pytest.raises(RolloverRefused) as caught:
        house.follow(line)
    assert caught.value.message("zh")
    assert files(house.path) == before


def files(folder: Path) -> dict[str, bytes]:
    """The files of ceremonies; the counts of the keys' uses rise by themselves."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "uses"]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_a_name_that_no_certificate_can_bear(house: House) -> None:
    with pytest.raises(ProfileViolated):
        house.follow("timestamp", name="测" * 65)
    assert "timestamp-2" not in house.ceremony.certificates
    assert house.follow("timestamp").tsa.key_name == "timestamp-2"


def test_without_the_roots_keys_nothing_is_done(house: House) -> None:
    shutil.rmtree(house.path / "root")
    before = files(house.path)
    with pytest.raises(KeyMissing):
        house.renew()
    assert files(house.path) == before


def test_a_clock_from_before_the_last_ceremony_is_refused(house: House) -> None:
    """Lists made by it would be older than those that they follow."""
    house.renew()
    before = files(house.path)
    with pytest.raises(CeremonyTooEarly) as caught:
        house.follow_root(now=LATER - timedelta(days=1))
    assert caught.value.message("zh")
    assert files(house.path) == before


def test_another_houses_roots_are_not_taken_for_ours(house: House) -> None:
    shutil.rmtree(house.path / "root")
    for root, algorithm in (("root", "ES256"), ("national-root", "SM2")):
        house.offline.create(root, algorithm)  # type: ignore[arg-type]
    before = files(house.path)
    with pytest.raises(KeyMismatch):
        house.renew()
    assert files(house.path) == before


def test_with_another_passphrase_nothing_is_done(house: House) -> None:
    before = files(house.path)
    with pytest.raises(PassphraseWrong):
        rollover.renew(house.ring, KeyFolder(house.path / "root", b"another passphrase"), LATER)
    assert files(house.path) == before


def test_a_key_that_stands_is_taken_up_only_if_it_is_what_is_wanted(house: House) -> None:
    house.ring.create("timestamp-2", "ES384")
    with pytest.raises(RolloverRefused):
        house.follow("timestamp")
    assert "timestamp-2" not in house.ceremony.certificates


def test_who_looks_for_news_sees_a_ceremony_that_was_cut_off_after_it_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ceremony_files.last_written(house.path)

    write = private_files.write

    def stop(path: Path, data: bytes) -> None:
        if path.name == ceremony_files.TRANSCRIPT:
            raise Power
        write(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(private_files, "write", stop)
        with pytest.raises(Power):
            house.follow_root()
    assert house.ceremony.root.key_name == "root-2"
    assert ceremony_files.last_written(house.path) != seen


def test_an_older_list_in_place_of_the_last_one_is_found(house: House) -> None:
    """The next list would begin from it, and forget what was revoked since."""
    old = (house.path / "root.crl").read_bytes()
    serial = read_certificate(house.ceremony.certificates["issuing-persons"].cert_der).serial_number
    house.renew(revoked={"root": [Revoked(serial, LATER, "cessationOfOperation")]})
    (house.path / "root.crl").write_bytes(old)
    with pytest.raises(CeremonyDamaged):
        house.renew(LATER + YEAR)


def test_another_trust_list_in_place_of_the_ceremonys_is_found(house: House) -> None:
    path = house.path / "trust.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(CeremonyDamaged):
        open_ceremony(house.path)


def test_two_at_once_are_one_and_none_before_the_first(house: House, tmp_path: Path) -> None:
    with house.ring.locked(), pytest.raises(CeremonyRunning):
        house.renew()
    with pytest.raises(CeremonyMissing):
        House(tmp_path / "empty").renew()


@pytest.mark.parametrize("persisted", [False, True])
def test_a_later_ceremony_that_was_cut_off_is_all_or_nothing(
    city: City,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    persisted: bool,  # noqa: FBT001
) -> None:
    def copy(name: str) -> House:
        shutil.copytree(city.ring.path, tmp_path / name)
        return House(tmp_path / name)

    with monkeypatch.context() as patch:
        whole = copy("whole")
        total = count_writes(patch, whole.follow_root)
    pending = total - len(changed(city.ring.path, whole.path)) - 1
    for step in sorted({*range(1, total + 1, 9), *range(pending - 1, pending + 3), total}):
        house = copy(str(step))
        before = house.ceremony
        with monkeypatch.context() as patch:
            cut_off(patch, step, persisted=persisted)
            with pytest.raises(Power):
                house.follow_root()
        done = (house.path / ceremony_files.PENDING).exists() or "root-2" in house.ceremony.certificates
        after = house.ceremony
        assert ("root-2" in after.certificates) == done
        assert done or after == before
        house.sessions()
        # The next one takes up what it finds, be it done or not.
        final = house.renew(LATER + YEAR) if done else house.follow_root()
        assert final.root.key_name == "root-2"
        assert len(house.sessions()) == (3 if done else 2)
        assert not (house.path / ceremony_files.PENDING).exists()


def changed(before: Path, after: Path) -> set[str]:
    """The files that a later ceremony has written into their places."""
    old = files(before)
    return {
        name
        for name, data in files(after).items()
        if old.get(name) != data and not name.startswith("root/") and ".key." not in name
    }
