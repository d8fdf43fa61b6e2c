"""A house whose seal and timestamps come from a licensed authority: sealed, published, judged; before and after its rollover."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.database import Database
from api.founding import hold_ceremony
from api.house import House
from api.schema import Role
from api.settings import Settings
from api.trust_lists import publish_lists
from ca.ceremonies.plan import load_plan
from ca.encoding import pem
from ca.outside.foreign_chain import examine_chain
from ca.outside.foreign_errors import ChainUnusable, ForeignRefused, ForeignUnavailable
from ca.reading.names import DistinguishedName
from ca.store import newest_trust, register_ceremony
from ca.timestamping.timestamps import read_token
from ca.writing.pkcs10 import LABEL, make_pkcs10
from ledger.objects.local_objects import LocalObjects
from licences.verification.offline import offline_sources
from seals.pdf.pades import PdfSealer
from tests.api.conftest import CEREMONY
from tests.ca.licensed import LicensedCa, site
from tests.ca.office import OFFICER
from tests.licences.verification.worlds import report
from tests.seals.house import PLACEMENT, appearance, page
from tools.ca.foreign_watch import ForeignWatch

MINUTE = timedelta(minutes=1)
HELD = ("integrity.signature", "trust.path", "trust.revocation", "time.timestamp")


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[LicensedCa]:
    with site() as found:
        yield LicensedCa(tmp_path, found)


@pytest.fixture
def house(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path, ca: LicensedCa
) -> Iterator[House]:
    home = tmp_path / "home"
    settings = Settings(home=home, tsa_url=ca.url("tsa"))
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    with new_database(template) as database:
        now = datetime.now(UTC)
        hold_ceremony(settings, plan.model_copy(update={"seals": plan.seals[:1], "national": None}), now)
        made = House(settings, database, LocalObjects(home / "objects"))
        with database.session(Role.WORKER) as session:
            register_ceremony(session, made.ceremony, made.wrapper, made.promiser, now)
        publish_lists(made, now)
        yield made


def bring_in(house: House, ca: LicensedCa, key_name: str) -> PdfSealer:
    """Make a key, have it certified there, take in what comes back, and that timestamp authority, too."""
    signer = house.keys.create(key_name, "ES256")
    subject = DistinguishedName("99010000000077", "11990100MB9T00038E测试市市场监督管理局")
    leaf = ca.seal(pem.encode(LABEL, make_pkcs10(signer, subject)))
    now, above = datetime.now(UTC), [ca.issuing.der, ca.root.der]
    seal = examine_chain("seal", signer.public_key, [leaf.der, *above], ca.fingerprint, now)
    tsa = examine_chain("timestamp", None, [ca.tsa.der, *above], ca.fingerprint, now)
    desk = house.foreign_desk()
    assert desk.take_in(seal, key_name, OFFICER, now).standing == "good"
    assert desk.take_in(tsa, None, OFFICER, now).standing == "good"
    return PdfSealer(signer, house.chain_of(leaf.der), appearance(), house.timestamps.stamp, "测试印章", "测试")


def sealed(sealer: PdfSealer) -> bytes:
    return sealer.seal(page(), PLACEMENT, datetime.now(UTC)).data


def trust_file(house: House) -> bytes:
    with house.database.session(Role.APP) as session:
        row = newest_trust(session)
        assert row is not None
        return row.data


def outcomes(document: bytes, trust: bytes, now: datetime) -> list[str | None]:
    found = report(document, now=now, sources=offline_sources(now, trust=trust))
    return [found.check(one).code or found.check(one).outcome for one in HELD]


def test_sealed_with_another_authoritys_certificate_and_time_and_judged_off_line(house: House, ca: LicensedCa) -> None:
    before = trust_file(house)
    document = sealed(bring_in(house, ca, "outside-1"))
    now = datetime.now(UTC) + MINUTE
    assert outcomes(document, before, now)[1] == "SEALER_NOT_TRUSTED"
    assert "trust" in publish_lists(house, now)
    assert "trust" not in publish_lists(house, now + MINUTE)
    assert outcomes(document, trust_file(house), now) == ["passed"] * 4


def test_its_rollover_leaves_everything_judged(house: House, ca: LicensedCa, tmp_path: Path) -> None:
    first = sealed(bring_in(house, ca, "outside-1"))
    following = LicensedCa(tmp_path, ca.site, "two")
    ca.site.routes[ca.path("tsa")] = ca.site.routes[following.path("tsa")]  # the address stays, who answers is new
    with pytest.raises(ForeignRefused, match="import-tsa"):
        house.timestamps.stamp(bytes(32), datetime.now(UTC))
    second = sealed(bring_in(house, following, "outside-2"))
    publish_lists(house, datetime.now(UTC) + MINUTE)
    for path in [path for path in ca.site.routes if path.startswith("/one/")]:
        del ca.site.routes[path]  # the first one is gone for good
    later = datetime.now(UTC) + 2 * timedelta(days=1)
    ForeignWatch(house.foreign_evidence).look(later)
    publish_lists(house, later)
    for document in (first, second):
        assert outcomes(document, trust_file(house), later) == ["passed"] * 4


def test_a_revocation_reaches_the_trust_list_by_the_workers_look(house: House, ca: LicensedCa) -> None:
    document = sealed(bring_in(house, ca, "outside-1"))
    now = datetime.now(UTC)
    publish_lists(house, now)
    watch = ForeignWatch(house.foreign_evidence)
    assert watch.look(now + MINUTE) == ()
    assert publish_lists(house, now + MINUTE) == ()
    ca.revoke(ca.certificate("leaf"), reason="keyCompromise")
    assert ca.url("ocsp") in watch.look(now + timedelta(hours=7))
    assert "trust" in publish_lists(house, now + timedelta(hours=7))
    moment = now + timedelta(hours=7, minutes=1)
    assert outcomes(document, trust_file(house), moment)[2] == "SEAL_REVOKED"


def test_without_its_timestamp_authority_nothing_is_sealed_and_the_reason_is_told(house: House, ca: LicensedCa) -> None:
    sealer = bring_in(house, ca, "outside-1")
    ca.close()
    with pytest.raises(ForeignUnavailable):
        sealed(sealer)
    ca.open()
    token = read_token(house.timestamps.stamp(hashlib.sha256(b"").digest(), datetime.now(UTC)))
    assert token.signer_certificate == ca.tsa.der


def test_with_what_its_authority_has_revoked_nothing_is_sealed(house: House, ca: LicensedCa) -> None:
    sealer = bring_in(house, ca, "outside-1")
    leaf, now = ca.certificate("leaf"), datetime.now(UTC)
    ca.revoke(leaf)
    ca.revoke(ca.tsa)
    ForeignWatch(house.foreign_evidence).look(now + timedelta(hours=7))
    with pytest.raises(ChainUnusable):
        sealed(sealer)
    opened_later = House(house.settings, house.database, house.objects)
    with pytest.raises(ChainUnusable):
        opened_later.chain_of(leaf.der)
