"""`elicence ca` as its operator uses it: real requests made by openssl, a real house, and other people's tools as judges."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.house import House
from api.schema import Role
from tests.tools.conftest import Run

SUBJECT = "/C=CN/O=测试市数据局/CN=测试接入系统"


def openssl(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def request_(tmp_path: Path) -> Path:
    path = tmp_path / "system.csr"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "system.key")
    openssl("req", "-new", *key, "-utf8", "-subj", SUBJECT, "-out", path)
    return path


Told = Callable[..., Any]


@pytest.fixture
def told(run: Run) -> Told:
    """Run `elicence ca …` and return its JSON."""

    def call(*arguments: object) -> Any:
        code, out, err = run("ca", *arguments, "--json")
        assert (code, err) == (0, ""), err
        assert out.count("\n") == 1
        return json.loads(out)

    return call


@pytest.fixture
def issued(told: Told, request_: Path) -> dict[str, Any]:
    """A certificate for a system, good until next year."""
    answer: dict[str, Any] = told("issue", request_, "--profile", "client")
    return answer


def refused(run: Run, *arguments: object) -> str:
    code, out, err = run("ca", *arguments)
    assert (code, out) == (3, "")
    return err


def test_a_request_becomes_a_certificate_that_openssl_believes(
    run: Run, told: Told, request_: Path, tmp_path: Path
) -> None:
    leaf, chain = tmp_path / "leaf.pem", tmp_path / "chain.pem"
    code, out, _ = run("ca", "issue", request_, "--profile", "client", "-o", leaf, "--lang", "en")
    assert (code, out.split()[0]) == (0, "issued")
    serial = openssl("x509", "-in", leaf, "-noout", "-serial").strip().removeprefix("serial=").lower()
    assert run("ca", "show", serial, "--chain", "-o", chain)[0] == 0
    openssl("verify", "-trusted", chain, "-purpose", "sslclient", "-x509_strict", leaf)
    shown = told("show", serial[:16])
    assert (shown["serial_number"], shown["standing"], shown["authority"]) == (serial, "good", "issuing-systems")
    assert "测试接入系统" in shown["subject"]
    newest, *_ = told("list", "--subject", "测试接入")
    assert newest["serial_number"] == serial


def test_the_same_again_gives_the_same_and_another_id_another_one(told: Told, request_: Path) -> None:
    asked = ("issue", request_, "--profile", "client")
    first, again, other = told(*asked), told(*asked), told(*asked, "--id", "one-more")
    assert (first["new"], again["new"], other["new"]) == (True, False, True)
    assert first["serial_number"] == again["serial_number"] != other["serial_number"]


def test_held_released_and_revoked(run: Run, told: Told, issued: dict[str, Any]) -> None:
    serial = issued["serial_number"]
    assert told("hold", serial)[0]["standing"] == "on_hold"
    assert serial in {one["serial_number"] for one in told("list", "--standing", "on_hold")}
    assert told("release", serial)[0]["standing"] == "good"
    (revoked,) = told("revoke", serial, "--reason", "superseded")
    assert (revoked["standing"], revoked["revocation"]["reason"]) == ("revoked", "superseded")
    history = told("show", serial)["history"]
    assert [(one["reason"], one["lifted_at"] is None) for one in history] == [
        ("certificateHold", False),
        ("superseded", True),
    ]
    assert "ca.certificate_revoked" in refused(run, "release", serial)
    assert "ca.certificate_revoked" in refused(run, "hold", serial)


def test_the_next_list_tells_of_it_and_openssl_reads_it(
    house: House, told: Told, issued: dict[str, Any], tmp_path: Path
) -> None:
    told("revoke", issued["serial_number"], "--reason", "keyCompromise")
    assert "issuing-systems" in {one["authority"] for one in told("publish")}
    assert told("publish") == []
    row = next(one for one in told("list", "--authorities") if one["id"] == "issuing-systems")
    assert row["crl_complete"]
    with house.database.session(Role.WORKER) as session:
        query = text("SELECT der FROM ca.crls WHERE authority = 'issuing-systems' AND number = :number")
        (tmp_path / "list.crl").write_bytes(session.scalar(query, {"number": row["crl_number"]}))
    listed = openssl("crl", "-inform", "DER", "-in", tmp_path / "list.crl", "-noout", "-text")
    assert issued["serial_number"].upper() in listed
    assert "Key Compromise" in listed


def test_a_list_is_published_when_asked_for(told: Told) -> None:
    before, after = (told("publish", "issuing-persons")[0]["number"] for _ in range(2))
    assert after > before


def test_renewed_and_rekeyed(run: Run, told: Told, issued: dict[str, Any], tmp_path: Path) -> None:
    serial = issued["serial_number"]
    renewed = told("renew", serial, "--days", 400)
    assert renewed["replaces"] == serial
    assert told("show", serial)["replaced_by"] == renewed["serial_number"]
    assert told("renew", serial, "--days", 400)["serial_number"] == renewed["serial_number"]
    assert "ca.certificate_replaced" in refused(run, "renew", serial, "--days", 500, "--id", "other")
    rekeyed = told("rekey", renewed["serial_number"], "--key", f"system-{serial[:8]}")
    assert (rekeyed["key_name"], rekeyed["replaces"]) == (f"system-{serial[:8]}", renewed["serial_number"])
    assert told("show", f"system-{serial[:8]}")["serial_number"] == rekeyed["serial_number"]


def test_a_seal_of_the_national_hierarchy_with_a_key_of_ours(told: Told, tmp_path: Path) -> None:
    name = ("--cn", "99010000000009", "--o", "11990100MB9T00038E测试市市场监督管理局")
    answer = told("issue", "--profile", "seal", "--key", "seal-new", "--algorithm", "SM2", *name)
    assert (answer["authority"], answer["key_name"]) == ("national-issuing-seals", "seal-new")
    assert "seal-new" in {one["name"] for one in told("keys")}


def test_keys_say_where_they_are_and_how_often_used(told: Told) -> None:
    found = {one["name"]: one for one in told("keys")}
    assert found["root"]["place"] == "offline"
    assert found["issuing-systems"]["place"] == "folder"
    assert found["issuing-systems"]["uses_at_most"] >= 1


def test_what_ends_soon_is_told(told: Told, request_: Path) -> None:
    short = told("issue", request_, "--profile", "client", "--days", 3, "--id", "short")
    assert short["serial_number"] in {one["number"] for one in told("expiring", "--within", 5)}
    assert short["serial_number"] not in {one["number"] for one in told("expiring", "--within", 2)}


def test_the_transcript_is_verified_before_it_is_shown(run: Run, told: Told, house: House, tmp_path: Path) -> None:
    assert told("transcript")["sessions"][0]["session"]["purpose"] == "founding"
    code, out, _ = run("ca", "transcript", "--lang", "zh")
    assert (code, "核对无误" in out) == (0, True)


def test_a_request_for_another_authority_and_its_chain(run: Run, told: Told, tmp_path: Path) -> None:
    sent = tmp_path / "ours.csr"
    names = ("--cn", "测试外部证书", "--o", "测试市数据局")
    assert run("ca", "request", "outside-1", *names, "-o", sent)[0] == 0
    assert "测试外部证书" in openssl("req", "-in", sent, "-noout", "-verify", "-subject", "-nameopt", "utf8")
    ca = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30)
    root = (tmp_path / "root.pem", tmp_path / "root.key")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    openssl("req", *ca, *usage, "-subj", "/CN=Test Licensed CA", "-out", root[0], "-keyout", root[1])
    leaf = tmp_path / "leaf.pem"
    openssl("x509", "-req", "-in", sent, "-CA", root[0], "-CAkey", root[1], "-days", 10, "-out", leaf)
    fingerprint = openssl("x509", "-in", root[0], "-noout", "-fingerprint", "-sha256").strip().split("=")[1]
    named = ("--root-sha256", fingerprint, "--for", "client")
    answer = told("import", "outside-1", root[0], leaf, *named)
    assert [one["subject"] for one in answer["chain"]][1:] == ["CN=Test Licensed CA"]
    assert (answer["new"], answer["standing"]) == (True, "unknown")  # it names nobody who could tell
    assert told("import", "outside-1", root[0], leaf, *named)["new"] is False
    assert [(one["key"], one["use"]) for one in told("foreign")] == [("outside-1", "client")]
    assert "主体" not in run("ca", "foreign", "--lang", "en")[1]
    assert "ca.anchor_mismatch" in refused(run, "import", "outside-1", root[0], leaf, "--root-sha256", "00" * 32)
    assert "ca.chain_unusable" in refused(run, "import", "outside-1", leaf, *named)
    assert "ca.chain_unusable" in refused(run, "import", "outside-1", root[0], *named)
    assert "ca.key_missing" in refused(run, "import", "outside-2", root[0], leaf, *named)
    assert "ca.chain_unusable" in refused(run, "import-tsa", root[0], leaf, "--root-sha256", fingerprint)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "ffffffff"], "tools.certificate_not_found"),
        (["show", "nobody"], "tools.certificate_not_found"),
        (["revoke", "issuing-seals", "--reason", "burnt"], "--reason"),
        (["revoke", "root", "--reason", "superseded"], "ca.ceremony_wanted"),
        (["hold", "issuing-seals"], "ca.revocation_refused"),
        (["release", "seal-market"], "ca.certificate_not_held"),
        (["renew", "status"], "tools.made_in_ceremony"),
        (["renew", "issuing-seals"], "tools.made_in_ceremony"),
        (["issue", "--profile", "client"], "--key"),
        (["issue", "--profile", "client", "--key", "root", "--cn", "x", "--o", "y"], "tools.made_in_ceremony"),
        (["issue", "--profile", "client", "--key", "free-1"], "tools.subject_missing"),
        (["issue", "--profile", "seal", "--key", "free-1", "--cn", "x", "--o", "y"], "ca.profile_violated"),
        (
            ["issue", "--profile", "client", "--key", "free-1", "--cn", "x", "--o", "y", "--days", "7000"],
            "ca.profile_violated",
        ),
        (["issue", "--profile", "client", "--key", "free-1", "--cn", "x", "--o", "y", "--until", "soon"], "--until"),
        (["issue", "--profile", "client", "--key", "No Name", "--cn", "x", "--o", "y"], "ca.key_name_invalid"),
        (["issue", "--profile", "client", "--key", "free-2", "--token", "--cn", "x", "--o", "y"], "ca.token_not_conf"),
        (["issue", "--profile", "client", "--key", "ocsp-seals", "--cn", "x", "--o", "y"], "tools.made_in_ceremony"),
        (["issue", "--profile", "client", "--key", "ocsp-seals-2", "--cn", "x", "--o", "y"], "tools.made_in_ceremony"),
        (["issue", "--profile", "client", "--key", "log", "--cn", "x", "--o", "y"], "tools.made_in_ceremony"),
        (["issue", "--profile", "client", "--key", "seal-market", "--cn", "x", "--o", "y"], "tools.key_has_purpose"),
        (["publish", "root"], "ca.ceremony_wanted"),
        (["publish", "nobody"], "ca.authority_unknown"),
        (["rollover", "follow", "nobody"], "ca.rollover_refused"),
        (["rollover", "root", "lunar"], "lunar"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else value,
)
def test_what_cannot_be_is_refused_and_says_why(run: Run, arguments: list[str], said: str) -> None:
    assert said in refused(run, *arguments)


def test_a_key_serves_one_purpose_and_is_as_it_was_made(run: Run, told: Told, issued: dict[str, Any]) -> None:
    key = f"system-{issued['serial_number'][:12]}"
    whose = ("--cn", "测试系统", "--o", "测试市数据局")
    assert told("issue", "--profile", "client", "--key", key, *whose)["new"]
    assert "tools.key_has_purpose" in refused(run, "issue", "--profile", "log", "--key", key, *whose)
    assert "tools.key_has_purpose" in refused(run, "rekey", "seal-market", "--key", key)
    for other in (("--algorithm", "ES384"), ("--token",)):
        assert "tools.key_is_otherwise" in refused(run, "issue", "--profile", "client", "--key", key, *other, *whose)
    assert not told("issue", "--profile", "client", "--key", key, "--algorithm", "ES256", *whose)["new"]


def test_a_key_named_like_the_beginning_of_a_serial_number(run: Run, told: Told, issued: dict[str, Any]) -> None:
    key = issued["serial_number"][:16]
    told("issue", "--profile", "client", "--key", key, "--cn", "测试系统", "--o", "测试市数据局")
    assert "tools.certificate_ambiguous" in refused(run, "revoke", key, "--reason", "superseded")
    assert told("show", issued["serial_number"])["standing"] == "good"


def test_what_is_no_request_is_refused(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rubbish"
    for rubbish in (b"", b"rubbish", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"):
        path.write_bytes(rubbish)
        assert "ca.request_invalid" in refused(run, "issue", path, "--profile", "client")


def test_without_a_house(run: Run, at_home: Callable[[Path], None], tmp_path: Path) -> None:
    at_home(tmp_path)
    for arguments in (["list"], ["expiring"], ["keys"], ["transcript"], ["publish"], ["rollover", "renew"]):
        assert "elicence init" in refused(run, *arguments)
