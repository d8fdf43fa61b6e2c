"""National seals of a real house: made by its own maker, believed through its trust list, used as every seal is."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.database import Database
from api.founding import FOUNDER, enrol, hold_ceremony, register
from api.house import House, root_keys
from api.schema import Role
from api.seal_providers import make_national_seal, national_sealer
from api.settings import Settings
from api.trust_lists import publish_trust
from ca.ceremonies import rollover, wanted
from ca.ceremonies.plan import load_plan
from ca.desk.asking import CERTIFICATE_OFFICER
from ca.judging.paths import validate_path
from ca.judging.trust import TrustList, load_trust
from ca.reading.certificate_reader import read_certificate
from ca.writing import profiles
from ledger.actor import Actor, Uscc
from ledger.event_kinds import EventKind
from ledger.models import EventRow
from ledger.objects.local_objects import LocalObjects
from seals.errors import SealRefused
from seals.life.choosing import Choice, choose_seal
from seals.life.grants import Seal
from seals.life.rows import seal_of
from seals.life.uses import Ending, Opening
from seals.ofd.evidence import judge_ofd, read_ofd
from seals.ofd.sealer import seal_ofd
from seals.picture.design import SealDesign
from seals.providers.errors import NationalSealMissing, SealCertificateRevoked, SealMakerMissing
from seals.ses.checks import check_seal
from seals.ses.reader import SesSeal, read_seal
from seals.ses.trust import TrustPaths
from seals.store import national_form, open_uses, seal_by_code
from tests.api.conftest import CEREMONY, MARKET, PLATFORM
from tests.seals.ofd_maker import HERE, plain
from tools.ca.office import desk

if TYPE_CHECKING:
    from ca.ceremonies.plan import CeremonyPlan

CODE = "99010000000003"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
DAY = timedelta(days=1)
OFFICER = Actor(
    kind="person", id="officer-1", operator_unit=None, on_behalf_of=None, roles=frozenset({CERTIFICATE_OFFICER})
)
SYSTEM = Actor(kind="system", id="approval-1", operator_unit=Uscc(PLATFORM), on_behalf_of=Uscc(MARKET))


def _plan() -> "CeremonyPlan":
    return load_plan((Path(__file__).parents[2] / CEREMONY).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def founded(
    new_database: Callable[[str], AbstractContextManager[Database]],
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    home = tmp_path_factory.mktemp("home")
    settings = Settings(home=home)
    hold_ceremony(settings, _plan(), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(home / "objects"))
        register(house, NOW)
        enrol(house, system_id="approval-1", name="测试审批系统", unit=PLATFORM, issuers=[MARKET], now=NOW)
        yield house


def the_seal(house: House, code: str = CODE) -> Seal:
    with house.database.session(Role.WORKER) as session:
        row = seal_by_code(session, code)
        assert row is not None
        return seal_of(row)


def esl_of(house: House, seal: Seal) -> bytes:
    with house.database.session(Role.WORKER) as session:
        esl = national_form(session, seal.id)
    assert esl is not None
    return esl


def judged(esl: SesSeal, trust: TrustList, at: datetime) -> tuple[str, str | None]:
    judgement = check_seal(esl, paths=TrustPaths(trust), at=at)
    return judgement.verdict, judgement.failure.code if judgement.failure else None


def test_every_department_has_its_national_seal(founded: House) -> None:
    trust = founded.trust(NOW)
    for name, credential in founded.ceremony.seals.items():
        seal = the_seal(founded, credential.plan.code)
        made, signing = read_seal(esl_of(founded, seal)), founded.ceremony.national_seals[name]
        assert (seal.esl_certificate, seal.esl_key_name) == (signing.cert_der, f"national-seal-{name}")
        assert (made.form, made.faults, made.es_id, made.name) == (4, (), seal.code, seal.name)
        assert made.kind == credential.plan.kind
        assert made.names_signer(signing.cert_der)
        assert (made.picture.type, made.picture.width_mm) == ("PNG", credential.plan.diameter_mm)
        assert (made.valid_from, made.valid_until) == (NOW, read_certificate(signing.cert_der).not_after)
        assert judged(made, trust, NOW) == ("valid", None)
    assert [one.name for one in trust.seal_makers] == ["C=CN, O=测试市数据局, CN=测试市电子印章制作 M1"]


def test_a_maker_that_the_list_does_not_name_is_refused(founded: House) -> None:
    """Fails closed: its certificate leads to the same root, and is as good for everything else."""
    seal, trust = the_seal(founded), founded.trust(NOW)
    assert judged(read_seal(esl_of(founded, seal)), replace(trust, seal_makers=()), NOW) == (
        "invalid",
        "trust.not_listed",
    )
    (maker,) = trust.seal_makers
    assert validate_path(maker.certificate, (), replace(trust, seal_makers=()), NOW, "seal").reason == "good"
    assert validate_path(maker.certificate, (), trust, NOW, "seal-maker").reason == "good"
    # And whom it does name seals no documents.
    assert validate_path(maker.certificate, (), trust, NOW, "seal").reason == "key_usage"


def test_a_national_seal_is_used_as_every_seal_is(founded: House) -> None:
    """Opened and committed, sealed outside any transaction, closed: and the package is good before everybody."""
    uses, now = founded.seals().uses, NOW + timedelta(hours=1)
    with founded.database.session(Role.WORKER) as session:
        kind = founded.catalogue.type("business-licence").code
        chosen = choose_seal(session, organisation=MARKET, licence_type=kind, kind="statutory", actor=SYSTEM, now=now)
        assert isinstance(chosen, Choice)
        assert uses.admit(session, [chosen.use], now) == [None]
        opening = Opening(chosen.use, chosen.grant.id, "测试 OFD 证照", "测试-1")
        (use,) = uses.open(session, [opening], SYSTEM, now)
    sealed = seal_ofd(plain(), national_sealer(founded, chosen.seal), (HERE,), now)
    with founded.database.session(Role.WORKER) as session:
        assert uses.look_again(session, [chosen.use], now) == {}
        document = f"sha-256:{hashlib.sha256(sealed.data).hexdigest()}"
        uses.close(session, [Ending(use, chosen.use, SYSTEM, document, "测试-1")], now)
    (evidence,) = read_ofd(sealed.data).signatures
    judgement = judge_ofd(evidence, paths=TrustPaths(founded.trust(now)))
    assert (judgement.verdict, judgement.proven) == ("valid", True)
    with founded.database.session(Role.WORKER) as session:
        assert open_uses(session, now + DAY) == []
        kinds = [row.kind for row in session.query(EventRow).filter_by(subject_id=chosen.seal.id)]
        assert kinds.count(EventKind.USED) == 1


def test_a_seal_without_national_form_seals_no_ofd(founded: House) -> None:
    bare = replace(the_seal(founded), esl_certificate=None, esl_key_name=None)
    with pytest.raises(NationalSealMissing) as caught:
        national_sealer(founded, bare)
    assert CODE in caught.value.message("zh")


def test_the_next_maker_waits_until_every_trust_list_knows_it(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> None:
    settings, later = Settings(home=tmp_path), NOW + 30 * DAY
    hold_ceremony(settings, _plan(), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(house, NOW)
        first = house.trust(NOW)
        rollover.follow(house.keys, root_keys(settings), "national-seal-maker", later)
        register(house, later)
        second = house.trust(later + DAY)
        names = [one.name.rpartition("CN=")[2] for one in second.seal_makers]
        assert names == ["测试市电子印章制作 M1", "测试市电子印章制作 M1 G2"]
        seal, design = the_seal(house), SealDesign("statutory", "测试市市场监督管理局")
        assert seal.esl_certificate is not None

        def made(at: datetime) -> SesSeal:
            certificate = seal.esl_certificate
            assert certificate is not None
            return read_seal(
                make_national_seal(house, code=CODE, name=seal.name, design=design, certificate=certificate, now=at)
            )

        by_first = made(later + DAY)
        assert by_first.maker_certificate == first.seal_makers[0].certificate
        assert judged(by_first, first, later + DAY) == ("valid", None)
        by_second = made(later + 367 * DAY)
        assert by_second.maker_certificate == second.seal_makers[1].certificate
        assert judged(by_second, first, later + 367 * DAY) == ("invalid", "trust.not_listed")
        third = load_trust(publish_trust(house, later + 367 * DAY), later + 367 * DAY)
        assert judged(by_second, third, later + 367 * DAY) == ("valid", None)
        assert judged(by_first, third, later + 367 * DAY) == ("valid", None)


def test_a_certificate_that_we_have_revoked_signs_no_more(founded: House) -> None:
    seal, later = the_seal(founded, founded.ceremony.seals["housing"].plan.code), NOW + DAY
    assert seal.esl_certificate is not None
    serial = read_certificate(seal.esl_certificate).serial_number
    desk(founded).hold(serial, later, OFFICER, later)
    with pytest.raises(SealCertificateRevoked):
        national_sealer(founded, seal)
    desk(founded).release(serial, OFFICER, later)
    assert national_sealer(founded, seal).seal.es_id == seal.code
    desk(founded).revoke(serial, "superseded", later, OFFICER, later)
    with pytest.raises(SealCertificateRevoked):
        national_sealer(founded, seal)


def test_a_maker_that_was_revoked_makes_way_at_once(
    new_database: Callable[[str], AbstractContextManager[Database]], template: str, tmp_path: Path
) -> None:
    """Its seals are believed by nobody; its successor's by whoever has the list that tells of both."""
    settings, later = Settings(home=tmp_path), NOW + 30 * DAY
    hold_ceremony(settings, _plan(), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(house, NOW)
        seal, design = the_seal(house), SealDesign("statutory", "测试市市场监督管理局")
        assert seal.esl_certificate is not None
        act = partial(
            make_national_seal, house, code=CODE, name=seal.name, design=design, certificate=seal.esl_certificate
        )
        (first,) = house.trust(NOW).seal_makers
        desk(house).revoke(read_certificate(first.certificate).serial_number, "keyCompromise", NOW, OFFICER, NOW + DAY)
        with pytest.raises(SealMakerMissing):
            act(now=NOW + DAY)
        assert register(house, NOW + DAY) == 0
        rollover.follow(house.keys, root_keys(settings), "national-seal-maker", later)
        register(house, later)
        made = read_seal(act(now=later + DAY))
        trust = load_trust(publish_trust(house, later + DAY), later + DAY)
        assert made.maker_certificate == trust.seal_makers[1].certificate
        assert judged(made, trust, later + DAY) == ("valid", None)


def test_a_house_of_an_earlier_release_gets_maker_and_seals_in_a_later_ceremony(
    new_database: Callable[[str], AbstractContextManager[Database]],
    template: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings, later = Settings(home=tmp_path), NOW + 30 * DAY
    with monkeypatch.context() as earlier:
        every = wanted.wanted
        earlier.setattr(
            wanted, "wanted", lambda plan: tuple(one for one in every(plan) if one.profile != profiles.SEAL_MAKER)
        )
        hold_ceremony(settings, _plan(), NOW)
    with new_database(template) as database:
        house = House(settings, database, LocalObjects(tmp_path / "objects"))
        register(house, NOW)
        assert house.trust(NOW).seal_makers == ()
        seal = the_seal(house)
        assert (seal.esl_certificate, seal.esl_key_name) == (None, None)
        with pytest.raises(SealMakerMissing):
            make_national_seal(
                house,
                code=CODE,
                name=seal.name,
                design=SealDesign("statutory", "测试市市场监督管理局"),
                certificate=house.ceremony.national_seals["market"].cert_der,
                now=NOW,
            )
        rollover.follow(house.keys, root_keys(settings), "national-seal-maker", later)
        assert register(house, later) == 0
        completed = the_seal(house)
        late = read_seal(esl_of(house, completed))
        assert judged(late, house.trust(later + DAY), later) == ("valid", None)
        assert judged(late, house.trust(later + DAY), later - DAY) == ("invalid", "time.seal_not_yet_valid")
        assert register(house, later) == 0
        assert the_seal(house) == completed
        founder = replace(FOUNDER, on_behalf_of=Uscc(MARKET))
        with (
            house.database.session(Role.WORKER) as session,
            pytest.raises(SealRefused, match="national_seal_there"),
        ):
            house.seals().custodian.add_national(session, completed.id, b"", b"", "x", founder, later)
        assert publish_trust(house, later + 2 * DAY)
