"""`elicence seals import` and `export`: a seal of the province, whose keys stay in its own process."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.house import House
from api.seal_providers import make_national_seal
from api.settings import settings as settings_of_process
from ca.encoding import pem
from ca.keys.software_signer import SoftwareSigner
from ca.writing.certificate_request import CertificateRequest
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ISSUING, ROOT, SEAL
from seals.ofd.evidence import read_ofd
from seals.pdf.evidence import read_pdf
from seals.picture.appearance import SealDesign
from tests.seals import ofd_maker
from tests.seals.house import appearance
from tests.seals.mini_pdf import blank
from tests.seals.provincial import TOKEN, Province, province
from tests.tools.conftest import MARKET, Run
from tests.tools.processes import command, wait_for
from tests.tools.rows import TOBACCO
from tests.tools.seals.conftest import CLERK, HEAD, KEEPER, USER, Refused, Told, fresh_code
from tools.ca.office import OFFICER, desk

NAME = "测试市市场监督管理局行政审批专用章（测试）"
OWNER = f"{MARKET}测试市市场监督管理局"


@dataclass(frozen=True)
class Given:
    """What the province hands over, in files. arguments: of the command."""

    at: Province
    code: str
    arguments: tuple[object, ...]
    esl: tuple[object, ...]
    picture: tuple[object, ...]


@pytest.fixture(scope="module")
def at() -> Iterator[Province]:
    with province() as found:
        yield found


@pytest.fixture
def given(at: Province, house: House, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    """The province's authority is its own; its national seal is made by a maker that we believe."""
    del told  # asked for because it sets up: the commands are at home in this house before its settings are changed
    services = tmp_path / "services.json"
    services.touch(0o600)
    services.write_text(json.dumps({"province": {"address": at.address, "token": TOKEN}}))
    monkeypatch.setenv("ELICENCE_SEAL_SERVICES_FILE", str(services))
    settings_of_process.cache_clear()
    code, now = fresh_code(), datetime.now(UTC)
    root, chain = international(at, code, now)
    for number, certificate in enumerate(chain):
        (tmp_path / f"{number}.pem").write_bytes(pem.encode("CERTIFICATE", certificate))
    national = national_certificate(at, house, code, now)
    design = SealDesign("special", "测试市市场监督管理局", "行政审批专用章")
    esl = make_national_seal(house, code=code, name=NAME, design=design, certificate=national, now=now)
    at.certified(ES256=chain[0], SM2=national)
    (tmp_path / "seal.esl").write_bytes(esl)
    (tmp_path / "seal.pdf").write_bytes(appearance().to_bytes())
    return Given(
        at,
        code,
        (
            *("import", *sorted(tmp_path.glob("*.pem")), "--root-sha256", hashlib.sha256(root).hexdigest()),
            *("--kind", "special", "--name", NAME, "--provider", "province", "--key", "ES256", "--actor", KEEPER),
        ),
        ("--esl", tmp_path / "seal.esl", "--esl-key", "SM2"),
        ("--picture", tmp_path / "seal.pdf"),
    )


def international(at: Province, code: str, now: datetime) -> tuple[bytes, tuple[bytes, ...]]:
    """Certify the province's key by an authority of its own; return its root, and the chain from the leaf on."""
    since, until = now - timedelta(days=1), now + timedelta(days=365)
    key = SoftwareSigner.generate("ES256")
    root = Authority(issue_root(ROOT, DistinguishedName("测试省级根", "测试省"), key, since, until), key)
    key = SoftwareSigner.generate("ES256")
    name = DistinguishedName("测试省级 CA", "测试省")
    issuing = Authority(issue(ISSUING, name, key.public_key, root, since, until), key)
    leaf = issue(SEAL, DistinguishedName(code, OWNER), at.public_keys["ES256"], issuing, since, until)
    return root.certificate, (leaf, issuing.certificate, root.certificate)


def national_certificate(at: Province, house: House, code: str, now: datetime) -> bytes:
    until = now + timedelta(days=300)
    request = CertificateRequest("seal", DistinguishedName(code, OWNER), at.public_keys["SM2"], now, until)
    return desk(house).issue(request, "national-issuing-seals", f"province-{code}", OFFICER, now)


def test_it_is_imported_granted_and_used(told: Told, given: Given, tmp_path: Path) -> None:
    answer = told(*given.arguments, *given.esl)
    assert (answer["code"], answer["state"], answer["provider"]) == (given.code, "active", "province")
    assert (answer["national"], answer["standing"]) == (True, "unknown")
    told("grant", given.code, "--to", USER, "--type", "documents", "--actor", KEEPER)
    sealing = ("--seal", given.code, "--matter", "测试", "--x", 100, "--y", 100, "--actor", USER)
    (tmp_path / "a.pdf").write_bytes(blank())
    sealed = read_pdf(Path(told("seal", tmp_path / "a.pdf", *sealing)["file"]).read_bytes()).seal
    assert sealed is not None
    assert sealed.fault is None
    # The page shows the picture of the national seal, of its own size.
    assert told("show", given.code)["key_name"] == "ES256"
    (tmp_path / "a.ofd").write_bytes(ofd_maker.plain())
    [signature] = read_ofd(Path(told("seal", tmp_path / "a.ofd", *sealing)["file"]).read_bytes()).signatures
    assert signature.fault() is None
    exported = told("export", given.code, "-o", tmp_path / "out.esl")
    assert Path(exported["file"]).read_bytes() == (tmp_path / "seal.esl").read_bytes()


def test_a_service_that_is_away_while_it_seals(told: Told, run: Run, given: Given, tmp_path: Path) -> None:
    told(*given.arguments, *given.picture)
    told("grant", given.code, "--to", USER, "--type", "documents", "--actor", KEEPER)
    (tmp_path / "a.pdf").write_bytes(blank())
    given.at.behave("500", "500", "500")
    sealing = ("--seal", given.code, "--matter", "测试", "--x", 100, "--y", 100, "--actor", USER)
    try:
        code, out, err = run("seals", "seal", tmp_path / "a.pdf", *sealing)
    finally:
        given.at.behave()
    # Nothing is wrong with the request: 2, as for everything that could not be told.
    assert (code, out, "ca.foreign_unavailable" in err) == (2, "", True)
    assert [one["outcome"] for one in told("uses", "--seal", given.code, "--possible")] == [None]


def test_a_kill_while_the_service_signs_leaves_a_possible_use_that_was_counted(
    told: Told, refused: Refused, given: Given, environment: dict[str, str], tmp_path: Path
) -> None:
    told(*given.arguments, *given.picture)
    told("grant", given.code, "--to", USER, "--type", "documents", "--daily-limit", 1, "--actor", KEEPER)
    (tmp_path / "a.pdf").write_bytes(blank())
    sealing = ("--seal", given.code, "--matter", "测试", "--x", 100, "--y", 100, "--actor", USER)
    given.at.heard()
    given.at.behave("slow")
    services = {"ELICENCE_SEAL_SERVICES_FILE": str(tmp_path / "services.json")}
    asked = ("seals", "seal", tmp_path / "a.pdf", *sealing)
    with command(*asked, env=environment | services, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: bool(given.at.heard().asked))
        process.kill()
    given.at.behave()
    [use] = told("uses", "--seal", given.code, "--possible")
    assert (use["outcome"], use["operator"], use["document"]) == (None, USER, None)
    assert not (tmp_path / "a-sealed.pdf").exists()
    # It was counted when it was opened: the day has none left.
    assert "seals.daily_limit_reached" in refused("seal", tmp_path / "a.pdf", *sealing)
    assert [one["outcome"] for one in told("uses", "--seal", given.code)] == ["refused", None]


def test_a_renewed_seal_of_the_province_takes_the_place_of_the_old_one(
    told: Told, refused: Refused, given: Given, tmp_path: Path
) -> None:
    told(*given.arguments, *given.picture)
    told("grant", given.code, "--to", USER, "--type", "documents", "--actor", KEEPER)
    wanted = told("replace", given.code, "--grounds", "证书更新", "--carry", "--actor", CLERK)["id"]
    renewed = tmp_path / "renewed"
    renewed.mkdir()
    root, chain = international(given.at, given.code, datetime.now(UTC) - timedelta(hours=1))
    for number, certificate in enumerate(chain):
        (renewed / f"{number}.pem").write_bytes(pem.encode("CERTIFICATE", certificate))
    given.at.certified(ES256=chain[0])
    again = ("import", *sorted(renewed.glob("*.pem")), "--root-sha256", hashlib.sha256(root).hexdigest())
    again += (*given.arguments[given.arguments.index("--kind") :], *given.picture)
    # By itself it would be a second seal of that number; and nobody has approved it yet.
    assert "code_in_use" in refused(*again)
    assert "seals.state_refused" in refused(*again, "--application", wanted)
    told("approve", wanted, "--actor", HEAD)
    assert "seals.material_differs" in refused(*again, "--name", "测试另一枚印章", "--application", wanted)
    made = told(*again, "--application", wanted)
    assert (made["state"], made["generation"], made["provider"]) == ("made", 2, "province")
    told("deliver", wanted, "--to", USER, "--actor", KEEPER)
    assert told("show", f"{given.code}-1")["state"] == "replaced"
    (tmp_path / "a.pdf").write_bytes(blank())
    sealed = told("seal", tmp_path / "a.pdf", "--seal", given.code, "--matter", "测试", "--x", 100, "--y", 100,
                  "--actor", USER)  # fmt: skip
    assert sealed["seal"] == f"{given.code}-2"


def test_a_refusal_leaves_nothing_behind(refused: Refused, run: Run, given: Given) -> None:
    """What only the register knows is asked before the chain is taken in."""
    before = run("ca", "list", "--json")
    assert "seals.unit_refused" in refused(*given.arguments, *given.picture, "--unit", TOBACCO)
    assert "seals.refused" in refused(*given.arguments, *given.picture, "--name", "测试\n章")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert "seals.application_unknown" in refused(*given.arguments, *given.picture, "--application", unknown)
    assert run("ca", "list", "--json") == before
    assert "tools.seal_missing" in refused("show", given.code)


def test_what_is_not_what_it_says_is_not_taken_in(refused: Refused, given: Given, tmp_path: Path) -> None:
    asked, pictured = given.arguments, (*given.arguments, *given.picture)
    assert "tools.picture_missing" in refused(*asked)
    assert "--esl-key" in refused(*asked, *given.esl[:2])
    assert "ca.anchor_mismatch" in refused(*pictured, "--root-sha256", "00" * 32)
    assert "seals.provider_unknown" in refused(*pictured, "--provider", "nobody")
    assert "seals.refused" in refused(*asked, *given.esl, "--kind", "finance")
    assert "seals.refused" in refused(*asked, *given.esl, "--name", "测试另一枚印章")
    assert "ca.foreign_refused" in refused(*pictured, "--key", "SM2")
    assert "seals.pdf_unreadable" in refused(*asked, "--picture", tmp_path / "seal.esl")
    assert "seals.ses_unreadable" in refused(*asked, "--esl", tmp_path / "seal.pdf", "--esl-key", "SM2")
    leafless = [one for one in asked if not str(one).endswith("0.pem")]
    assert "tools.leaf_unclear" in refused(*leafless, *given.picture)
    assert "tools.seal_missing" in refused("show", given.code)


def test_only_a_seal_with_a_national_form_is_exported(refused: Refused, seal: str, tmp_path: Path) -> None:
    assert "seals.national_seal_missing" in refused("export", seal, "-o", tmp_path / "seal.esl")
    assert not (tmp_path / "seal.esl").exists()
