"""Seals of the province: believed once its maker was taken in, judged by its lists, and stopped when these say so."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.database import Database
from api.founding import hold_ceremony, register
from api.house import House
from api.settings import Settings
from api.trust_lists import publish_lists
from ca.ceremonies.plan import load_plan
from ca.keys.software_signer import SoftwareSigner
from ca.outside.foreign_chain import examine_chain
from ca.reading.certificate_reader import read_certificate
from ca.reading.crl_reader import Revoked
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.locations import Locations
from ca.writing.revocation import make_crl
from ledger.objects.local_objects import LocalObjects
from seals.ses.checks import check_seal
from seals.ses.reader import read_seal
from seals.ses.trust import TrustPaths
from seals.ses.writer import SesDesign, make_seal
from tests.api.conftest import CEREMONY
from tests.ca.licensed import Site, giving, site
from tests.ca.office import OFFICER
from tests.seals.national import PNG

DAY = timedelta(days=1)


@dataclass
class Province:
    """Another national hierarchy, whose lists are fetched over HTTP: its root, its authority, its maker of seals."""

    site: Site
    root: Authority
    issuing: Authority
    maker: Authority

    @classmethod
    def at(cls, site: Site, now: datetime) -> "Province":
        begin, end = now - 30 * DAY, now + 1000 * DAY
        signers = [SoftwareSigner.generate("SM2") for _ in range(3)]
        names = [DistinguishedName(f"测试省国密 {one}", "测试省") for one in ("根", "签发", "制章")]
        root = Authority(issue_root(profiles.ROOT, names[0], signers[0], begin - DAY, end + DAY), signers[0])
        below = Locations.of(site.address, "root"), Locations.of(site.address, "issuing")
        made = issue(profiles.ISSUING, names[1], signers[1].public_key, root, begin, end, below[0])
        issuing = Authority(made, signers[1])
        maker = issue(profiles.SEAL_MAKER, names[2], signers[2].public_key, issuing, begin, end, below[1])
        found = cls(site, root, issuing, Authority(maker, signers[2]))
        found.say(now, ())
        return found

    def say(self, now: datetime, revoked: tuple[Revoked, ...]) -> None:
        number = int(now.timestamp())
        for name, authority, entries in (("root", self.root, ()), ("issuing", self.issuing, revoked)):
            crl = make_crl(authority, number, entries, now.replace(microsecond=0), now + 7 * DAY)
            self.site.routes[f"/pki/{name}.crl"] = giving(crl)

    def seal(self, now: datetime) -> bytes:
        signer = SoftwareSigner.generate("SM2")
        name = DistinguishedName("99000000000009", "11990100MB9T00038E测试省测试局")
        begin, end = now.replace(microsecond=0), now.replace(microsecond=0) + 300 * DAY
        of_seal = issue(profiles.SEAL, name, signer.public_key, self.issuing, begin, end)
        design = SesDesign("99000000000009", 1, "测试省测试局（测试）", PNG, 45, 45, (of_seal,), begin, end)
        return make_seal(design, self.maker.signer, self.maker.certificate, now)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        return self.root.certificate, self.maker.certificate, self.issuing.certificate


@pytest.fixture
def house(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> Iterator[House]:
    settings = Settings(home=tmp_path)
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    now = datetime.now(UTC) - 10 * DAY
    hold_ceremony(settings, plan.model_copy(update={"seals": plan.seals[:1]}), now)
    with new_database(template) as database:
        made = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(made, now)
        yield made


def judged(house: House, esl: bytes, now: datetime) -> tuple[str, str | None]:
    judgement = check_seal(read_seal(esl), paths=TrustPaths(house.trust(now)), at=now)
    return judgement.verdict, judgement.step("maker_certificate").code


def test_another_maker_is_believed_once_it_was_taken_in(house: House) -> None:
    now = datetime.now(UTC)
    with site() as web:
        province = Province.at(web, now)
        esl = province.seal(now)
        assert judged(house, esl, now) == ("invalid", "trust.no_chain")
        fingerprint = hashlib.sha256(province.root.certificate).hexdigest()
        chain = examine_chain("seal-maker", None, province.certificates, fingerprint, now)
        assert house.foreign_desk().take_in(chain, None, OFFICER, now).standing == "good"
        assert "trust" in publish_lists(house, now)
        after = now + timedelta(minutes=2)
        assert publish_lists(house, after) == ()
        trust = house.trust(after)
        assert [one.name.rpartition("CN=")[2] for one in trust.seal_makers] == [
            "测试市电子印章制作 M1",
            "测试省国密 制章",
        ]
        assert trust.foreign_anchors == (province.root.certificate,)
        assert judged(house, esl, after) == ("valid", None)
        # Whom else that root has certified makes no seals.
        other = Authority(*_another(province, now))
        strange = Province(web, province.root, province.issuing, other).seal(now)
        assert judged(house, strange, after)[0] == "invalid"


def _another(province: Province, now: datetime) -> tuple[bytes, SoftwareSigner]:
    signer, name = SoftwareSigner.generate("SM2"), DistinguishedName("测试省国密 旁人", "测试省")
    begin = now - DAY
    return issue(profiles.SEAL_MAKER, name, signer.public_key, province.issuing, begin, now + DAY), signer


def test_what_its_authority_revokes_makes_no_seal_from_then_on(house: House) -> None:
    now = datetime.now(UTC)
    with site() as web:
        province = Province.at(web, now - DAY)
        fingerprint = hashlib.sha256(province.root.certificate).hexdigest()
        chain = examine_chain("seal-maker", None, province.certificates, fingerprint, now - DAY)
        assert house.foreign_desk().take_in(chain, None, OFFICER, now - DAY).standing == "good"
        before, late = province.seal(now - DAY), province.seal(now)
        serial = read_certificate(province.maker.certificate).serial_number
        province.say(now, (Revoked(serial, now - DAY / 2, "keyCompromise"),))
        house.foreign_evidence.refresh_for([chain.certificates], now)
        publish_lists(house, now)
        assert judged(house, before, now) == ("valid", None)
        assert judged(house, late, now) == ("invalid", "trust.revoked")
