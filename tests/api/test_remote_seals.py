"""A house that imports a seal of a provincial system, and seals with the key that stays there."""

import hashlib
import json
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
from ca.ceremonies.plan import load_plan
from ca.keys.software_signer import SoftwareSigner
from ca.outside.foreign_errors import ForeignUnavailable
from ca.store import register_ceremony
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ISSUING, ROOT, SEAL
from ledger.objects.local_objects import LocalObjects
from seals.jwt.jades import read_json
from seals.life.grants import Seal
from seals.life.registry import register_organisation
from seals.pdf.evidence import read_pdf
from seals.providers.errors import ProviderUnknown
from seals.providers.importing import HandedOver, examine
from tests.api.conftest import CEREMONY
from tests.ca.office import OFFICER
from tests.seals import national
from tests.seals.house import PLACEMENT, appearance, page
from tests.seals.keys import BUREAU_CODE
from tests.seals.provincial import TOKEN, Province, province
from tests.seals.register import CUSTODIAN, bureau

CODE = "99010100000099"
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def at() -> Iterator[Province]:
    with province() as found:
        yield found


@pytest.fixture
def house(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path, at: Province
) -> Iterator[House]:
    services = tmp_path / "services.json"
    services.touch(0o600)
    services.write_text(json.dumps({"province": {"address": at.address, "token": TOKEN}}))
    settings = Settings(home=tmp_path / "home", seal_services_file=services)
    plan = load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))
    with new_database(template) as database:
        now = datetime.now(UTC)
        hold_ceremony(settings, plan.model_copy(update={"seals": plan.seals[:1], "national": None}), now)
        made = House(settings, database, LocalObjects(settings.home / "objects"))
        with database.session(Role.WORKER) as session:
            register_ceremony(session, made.ceremony, made.wrapper, made.promiser, now)
        yield made


def handed_over(at: Province, now: datetime) -> HandedOver:
    """Certify the province's key by an authority of its own."""
    since, until = now - timedelta(days=1), now + YEAR
    key = SoftwareSigner.generate("ES256")
    root = Authority(issue_root(ROOT, DistinguishedName("测试省级根", "测试省"), key, since, until), key)
    key = SoftwareSigner.generate("ES256")
    issuing = Authority(
        issue(ISSUING, DistinguishedName("测试省级 CA", "测试省"), key.public_key, root, since, until), key
    )
    name = DistinguishedName(CODE, f"{BUREAU_CODE}测试市自然资源和规划局")
    leaf = issue(SEAL, name, at.public_keys["ES256"], issuing, since, until)
    at.certified(ES256=leaf)
    return HandedOver(
        kind="special",
        name="测试市自然资源和规划局不动产登记专用章（测试）",
        provider="province",
        key_name="ES256",
        certificates=(leaf, issuing.certificate, root.certificate),
        fingerprint=hashlib.sha256(root.certificate).hexdigest(),
        public_key=at.public_keys["ES256"],
        appearance=appearance().to_bytes(),
    )


def bring_in(house: House, at: Province, now: datetime) -> Seal:
    examined = examine(handed_over(at, now), house.seal_providers, national.paths(), now)
    house.foreign_desk().take_in(examined.chain, examined.seal.key_name, OFFICER, now)
    with house.database.session(Role.WORKER) as session:
        register_organisation(session, bureau())
        return house.seals().custodian.import_seal(session, examined.seal, CUSTODIAN, now)


def test_the_house_seals_with_a_key_that_stays_elsewhere(house: House, at: Province) -> None:
    now = datetime.now(UTC)
    seal = bring_in(house, at, now)
    tools = house.sealing_tools(seal)
    [found] = read_pdf(tools.pdf.seal(page(), PLACEMENT, now).data).signatures
    assert found.signature_valid
    assert read_json(tools.json.seal({"测试": True}, (), now).flattened).signature_valid
    at.behave("500", "500", "500")
    with pytest.raises(ForeignUnavailable):
        tools.pdf.seal(page(), PLACEMENT, now)
    at.behave()
    assert tools.pdf.seal(page(), PLACEMENT, now).data  # and is there again

    unnamed = House(house.settings.model_copy(update={"seal_services_file": None}), house.database, house.objects)
    with pytest.raises(ProviderUnknown):
        unnamed.sealing_tools(seal)
