"""A seal's life at the command line: applied for, approved by another, made, delivered, replaced, stopped."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.house import House
from api.schema import Role
from ca.encoding import pem
from ca.keys.software_signer import SoftwareSigner
from ca.reading.certificate_reader import read_certificate
from ca.reading.names import seal_holder
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from ca.writing.profiles import ISSUING, ROOT, SEAL
from ledger.models import EventRow
from seals.errors import SealStopped
from seals.models import SealRow
from seals.ses.checks import check_seal
from seals.ses.reader import read_seal
from seals.ses.trust import TrustPaths
from tests.api.postgres_users import wait_until
from tests.tools.conftest import MARKET, Run
from tests.tools.rows import SYSTEM, TOBACCO
from tests.tools.seals.conftest import CLERK, HEAD, KEEPER, NAME, USER, Refused, Told, fresh_code
from tools.seals import material

Apply = Callable[..., Any]
Approve = Callable[..., str]


def row(house: House, code: str) -> SealRow:
    with house.database.session(Role.WORKER) as session:
        query = select(SealRow).where(SealRow.code == code).order_by(SealRow.generation.desc()).limit(1)
        return session.scalars(query).one()


def kinds_of_events(house: House, seal: str) -> list[str]:
    with house.database.session(Role.WORKER) as session:
        query = select(EventRow.kind).where(EventRow.subject_id == seal).order_by(EventRow.ordinal)
        return list(session.scalars(query))


def test_from_the_application_to_the_delivery(house: House, told: Told, applied: Apply) -> None:
    application = applied()
    assert (application["state"], application["applied_by"]) == ("applied", CLERK)
    approved = told("approve", application["id"], "--actor", HEAD, "--words", "同意")
    assert (approved["state"], approved["decided_by"], approved["decision"]) == ("approved", HEAD, "同意")
    made = told("make", application["id"], "--actor", KEEPER)
    assert (made["state"], made["key_name"], made["national"]) == ("made", f"seal-{made['code']}", True)
    told("deliver", application["id"], "--to", USER, "--actor", KEEPER)
    shown = told("show", made["code"])
    assert (shown["state"], shown["application"]["delivered_to"]) == ("active", USER)
    assert kinds_of_events(house, shown["id"]) == ["applied", "approved", "made", "delivered"]


def test_what_was_made_is_what_was_approved(house: House, told: Told, approved: Approve, tmp_path: Path) -> None:
    made = told("make", approved(), "--actor", KEEPER, "--algorithm", "ES384", "--days", 100)
    found = row(house, made["code"])
    certificate = read_certificate(found.certificate)
    holder = seal_holder(certificate.subject)
    assert holder is not None
    assert (holder.code, holder.uscc) == (made["code"], MARKET)
    now = datetime.now(UTC)
    assert timedelta(days=99) < certificate.not_after - now <= timedelta(days=100)
    assert found.esl is not None
    esl = read_seal(found.esl)
    assert (esl.es_id, esl.name, esl.certificates) == (made["code"], NAME, (found.esl_certificate,))
    # With the revocation lists of `work` the seal and its maker are good by our own trust list.
    judged = check_seal(esl, paths=TrustPaths(house.trust(now)), at=now)
    assert judged.failure is None, judged.failure
    (tmp_path / "seal.pdf").write_bytes(found.appearance)
    checked = subprocess.run(["qpdf", "--check", tmp_path / "seal.pdf"], capture_output=True, check=False)
    assert checked.returncode == 0


def test_nobody_decides_on_his_own_application(told: Told, applied: Apply, refused: Refused) -> None:
    application = applied()["id"]
    assert "seals.four_eyes_wanted" in refused("approve", application, "--actor", CLERK)
    assert "seals.four_eyes_wanted" in refused("reject", application, "--words", "否", "--actor", CLERK)
    assert "seals.state_refused" in refused("make", application, "--actor", KEEPER)
    assert told("reject", application, "--words", "重复", "--actor", HEAD)["decision"] == "重复"
    assert "seals.state_refused" in refused("approve", application, "--actor", HEAD)


def test_an_application_is_taken_back(told: Told, applied: Apply) -> None:
    application = applied()
    assert told("withdraw", application["id"], "--actor", CLERK)["state"] == "withdrawn"
    listed = told("applications", "--unit", MARKET, "--state", "withdrawn")
    assert application["id"] in {one["id"] for one in listed}


def test_another_unit_may_nothing(applied: Apply, refused: Refused, seal: str) -> None:
    foreign = ("--unit", TOBACCO)
    assert "seals.unit_refused" in refused("approve", applied()["id"], "--actor", HEAD, *foreign)
    assert "seals.unit_refused" in refused("suspend", seal, "--reason", "inspection", *foreign)
    assert "seals.unit_refused" in refused("grant", seal, "--to", USER, "--type", "*", *foreign)


def test_a_seal_that_was_interrupted_in_the_making_is_the_same(
    house: House, told: Told, refused: Refused, approved: Approve
) -> None:
    """Key and certificate were made, the seal was not entered: the next try goes on from there."""
    application, real = approved(), material.material

    def dying(*arguments: Any) -> Any:
        real(*arguments)
        raise SealStopped(seal="-", state="made")

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(material, "material", dying)
        assert "seals.stopped" in refused("make", application, "--actor", KEEPER)
    keys = {name for name in house.keys.names() if name.startswith("seal-")}
    made = told("make", application, "--actor", KEEPER)
    assert made["key_name"] in keys
    assert {name for name in house.keys.names() if name.startswith("seal-")} == keys


def test_a_licensed_authority_may_certify_its_key(
    run: Run, house: House, told: Told, approved: Approve, refused: Refused, tmp_path: Path
) -> None:
    application, key = approved(), "licensed-seal-1"
    assert "tools.key_not_certified" in refused("make", application, "--key", key, "--actor", KEEPER)
    assert "--key" in refused("make", application, "--key", key, "--algorithm", "ES256", "--actor", KEEPER)
    code = next(one["code"] for one in told("applications") if one["id"] == application)
    names = ("--cn", code, "--o", f"{MARKET}测试市市场监督管理局")
    assert run("ca", "request", key, *names, "-o", tmp_path / "seal.csr")[0] == 0
    since, until = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=300)
    signer = SoftwareSigner.generate("ES256")
    root = Authority(issue_root(ROOT, DistinguishedName("测试持牌机构根", "测试省"), signer, since, until), signer)
    signer = SoftwareSigner.generate("ES256")
    name = DistinguishedName("测试持牌机构", "测试省")
    issuing = Authority(issue(ISSUING, name, signer.public_key, root, since, until), signer)
    leaf = issue(SEAL, DistinguishedName(code, names[3]), house.keys.signer(key).public_key, issuing, since, until)
    files = []
    for number, certificate in enumerate((leaf, issuing.certificate, root.certificate)):
        files.append(tmp_path / f"{number}.pem")
        files[-1].write_bytes(pem.encode("CERTIFICATE", certificate))
    fingerprint = sha256(root.certificate).hexdigest()
    assert run("ca", "import", key, *files, "--root-sha256", fingerprint)[0] == 0
    made = told("make", application, "--key", key, "--no-national", "--actor", KEEPER)
    assert (made["key_name"], made["national"]) == (key, False)
    assert row(house, code).certificate == leaf


def test_a_successor_takes_over_what_was_approved_with_it(house: House, told: Told, seal: str) -> None:
    wanted = told("replace", seal, "--grounds", "证书到期", "--carry", "--actor", CLERK)
    assert wanted["carries"]
    told("approve", wanted["id"], "--actor", HEAD)
    made = told("make", wanted["id"], "--actor", KEEPER)
    assert (made["generation"], made["key_name"]) == (2, f"seal-{seal}-2")
    assert told("show", seal)["state"] == "active"  # until it is handed over
    told("deliver", wanted["id"], "--to", USER, "--actor", KEEPER)
    new, old = told("show", f"{seal}-2"), told("show", f"{seal}-1")
    assert (new["state"], old["state"], old["replaced_by"]) == ("active", "replaced", new["id"])
    assert [one["grantee"] for one in new["grants"]] == [USER]
    assert told("show", seal)["id"] == new["id"]


def test_without_leave_nobody_may_use_the_successor(told: Told, seal: str) -> None:
    wanted = told("replace", seal, "--grounds", "换证", "--actor", CLERK)
    told("approve", wanted["id"], "--actor", HEAD)
    told("make", wanted["id"], "--actor", KEEPER)
    told("deliver", wanted["id"], "--to", USER, "--actor", KEEPER)
    assert told("show", seal)["grants"] == []


def test_suspended_resumed_cancelled(told: Told, seal: str, refused: Refused) -> None:
    stopped = told("suspend", seal, "--reason", "inspection", "--note", "例行检查", "--actor", KEEPER)
    assert (stopped["state"], stopped["stop"]["effect"], stopped["stop"]["note"]) == ("suspended", "good", "例行检查")
    assert told("resume", seal, "--actor", KEEPER)["stop"] is None
    assert "seals.stop_refused" in refused("cancel", seal, "--reason", "lost")
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert "seals.stop_refused" in refused("cancel", seal, "--reason", "renamed", "--invalid-from", since)
    cancelled = told("cancel", seal, "--reason", "lost", "--invalid-from", since, "--actor", KEEPER)
    assert (cancelled["state"], cancelled["stop"]["effect"]) == ("cancelled", "good_before")
    assert "seals.state_refused" in refused("resume", seal)
    assert [one["state"] for one in told("show", seal)["stops"]] == ["suspended", "cancelled"]
    assert seal in {one["code"] for one in told("list", "--state", "cancelled", "--unit", MARKET)}


def test_grants_and_their_end(told: Told, seal: str, refused: Refused) -> None:
    grant = told("grant", seal, "--to", SYSTEM, "--type", "business-licence", "--daily-limit", 5, "--actor", KEEPER)
    assert (grant["daily_limit"], len(grant["licence_type"])) == (5, 21)
    assert told("revoke-grant", grant["id"], "--actor", KEEPER)["revoked_by"] == KEEPER
    unknown = "00000000-0000-4000-8000-000000000000"
    assert "seals.grant_unknown" in refused("revoke-grant", unknown)
    assert "types.unknown" in refused("grant", seal, "--to", SYSTEM, "--type", "marriage")
    past = "2020-01-01T00:00:00+08:00"
    assert "seals.grant_refused" in refused("grant", seal, "--to", SYSTEM, "--type", "*", "--until", past)


def test_a_system_seals_by_itself_only_with_anothers_leave(told: Told, seal: str, refused: Refused) -> None:
    until = (datetime.now(UTC) + timedelta(days=90)).isoformat()
    asked = (
        "authorise",
        seal,
        "--system",
        SYSTEM,
        "--type",
        "*",
        "--cap",
        100,
        "--until",
        until,
        "--grounds",
        "自动制证",
    )
    leave = told(*asked, "--hours", "08:30-18:00", "--actor", CLERK)
    assert (leave["state"], leave["hours"], leave["daily_cap"]) == ("applied", "08:30-18:00", 100)
    assert "seals.four_eyes_wanted" in refused("approve-authorisation", leave["id"], "--actor", CLERK)
    assert told("approve-authorisation", leave["id"], "--actor", HEAD)["state"] == "approved"
    assert told("end-authorisation", leave["id"], "--actor", KEEPER)["state"] == "ended"
    other = told(*asked, "--actor", CLERK)
    assert (other["hours"], other["state"]) == ("00:00-24:00", "applied")
    rejected = told("reject-authorisation", other["id"], "--words", "过宽", "--actor", HEAD)
    assert (rejected["state"], rejected["decision"]) == ("rejected", "过宽")
    assert [one["state"] for one in told("show", seal)["authorisations"]] == ["rejected", "ended"]
    late = (datetime.now(UTC) + timedelta(days=500)).isoformat()
    too_long = ("authorise", seal, "--system", SYSTEM, "--type", "*", "--cap", 1, "--grounds", "久", "--until", late)
    assert "seals.authorisation_refused" in refused(*too_long)


def test_organisations_change_their_names(told: Told, refused: Refused) -> None:
    unit = "11990100MB9T00062Y"
    told("organisation", unit, "测试市数据局", "--from", "2020-01-01")
    told("organisation", unit, "测试市数据管理局", "--from", "2025-03-01")
    names = [(one["name"], one["valid_to"]) for one in told("organisations") if one["uscc"] == unit]
    assert names == [("测试市数据局", "2025-02-28"), ("测试市数据管理局", None)]
    assert "seals.organisation_refused" in refused("organisation", unit, "测试市旧局", "--from", "2021-01-01")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "99010001099999"], "tools.seal_missing"),
        (["show", "99010000000001-9"], "tools.seal_missing"),
        (["show", "no such seal"], "tools.seal_missing"),
        (["approve", "not-an-id"], "UUID"),
        (["approve", "00000000-0000-4000-8000-000000000000"], "seals.application_unknown"),
        (["end-authorisation", "00000000-0000-4000-8000-000000000000"], "seals.authorisation_unknown"),
        (["suspend", "99010000000001", "--reason", "lost"], "--reason"),
        (["suspend", "99010000000001", "--reason", "inspection", "--actor", "two words"], "--actor"),
        (["organisation", "11990100MB9T00062X", "测试"], "unified social credit code"),
        (["register", "--organisation", MARKET, "--from", "2026-02-01", "--to", "2026-01-01"], "--to"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else value,
)
def test_what_cannot_be_is_refused_and_says_why(refused: Refused, arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


def test_a_number_that_is_taken(house: House, refused: Refused, seal: str) -> None:
    wanted = ("apply", "--organisation", MARKET, "--kind", "contract", "--name", NAME, "--grounds", "新设")
    assert "seals.application_refused" in refused(*wanted, "--code", seal)
    assert "seals.application_refused" in refused(*wanted, "--code", "123")
    assert "seals.organisation_unknown" in refused(
        "apply", "--organisation", "11990100MB9T00999T", *wanted[3:], "--code", fresh_code()
    )


def test_tables_are_read_by_people_in_both_languages(run: Run, seal: str) -> None:
    for language, words in (("zh", ("使用中", "合同专用章")), ("en", ("active", "contract"))):
        code, out, _ = run("seals", "list", "--unit", MARKET, "--lang", language)
        line = next(line for line in out.splitlines() if line.startswith(seal))
        assert code == 0
        assert all(word in line for word in words)
        code, out, _ = run("seals", "show", seal, "--lang", language)
        assert (code, USER in out) == (0, True)


def test_a_seal_is_shown_with_the_times_of_its_stops(told: Told, run: Run, seal: str) -> None:
    """In Beijing time, and to the minute: what was sealed after that minute is not good."""
    soon = datetime.now(UTC) + timedelta(seconds=1)
    grant = told("grant", seal, "--to", "user-9", "--type", "documents", "--until", soon.isoformat(), "--actor", KEEPER)
    wait_until(lambda: datetime.now(UTC) > soon)
    lost = "2026-01-31T23:30:00+00:00"
    told("cancel", seal, "--reason", "lost", "--invalid-from", lost, "--actor", KEEPER)
    code, out, _ = run("seals", "show", seal, "--lang", "zh")
    lines = out.splitlines()
    assert code == 0
    assert any(line.startswith("停用") and line.endswith("注销  遗失  ← 2026-02-01 07:30") for line in lines), out
    assert any(grant["id"] in line and line.endswith("已到期") for line in lines), out
