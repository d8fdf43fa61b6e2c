"""`elicence ca validate`: files in, verdict and exit code out."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest

from ca.encoding import pem
from ca.reading.certificate_reader import read_certificate
from tests.ca.evidence import WHOLE, line, make_list, make_response
from tests.ca.hierarchy import hierarchy, write
from tests.ca.house import NOW, SEAL_USAGE, certify, crl, issuing, openssl, root, seal
from tools.cli import main

PKITS = Path(cryptography_vectors.__path__[0]) / "x509" / "PKITS_data"
AT = NOW.isoformat()
ROOT = root()
CA = issuing(ROOT)
SEAL = seal(CA)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a good path, in PEM and in DER."""
    write(tmp_path / "root.pem", "CERTIFICATE", ROOT.certificate)
    write(tmp_path / "ca.pem", "CERTIFICATE", CA.certificate)
    write(tmp_path / "leaf.pem", "CERTIFICATE", SEAL.certificate)
    write(tmp_path / "chain.pem", "CERTIFICATE", SEAL.certificate, CA.certificate)
    write(tmp_path / "lists.pem", "X509 CRL", crl(ROOT), crl(CA))
    (tmp_path / "leaf.der").write_bytes(SEAL.certificate)
    (tmp_path / "both.der").write_bytes(CA.certificate + ROOT.certificate)
    (tmp_path / "lists.der").write_bytes(crl(CA) + crl(ROOT))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    code = main(["ca", "validate", *map(str, arguments)])
    return code, capsys.readouterr().out


def judged(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, dict[str, Any]]:
    code, out = run(capsys, "--json", "--at", AT, *arguments)
    return code, json.loads(out)


@pytest.mark.parametrize("options", [("ca.pem", "lists.pem", "leaf.pem"), ("both.der", "lists.der", "leaf.der")])
def test_a_good_path(files: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, str, str]) -> None:
    helpers, lists, leaf = (files / name for name in options)
    code, found = judged(capsys, "--trust", files / "root.pem", "--intermediate", helpers, "--crl", lists, leaf)
    assert (code, found["verdict"], found["reason"], found["revocation"]) == (0, "valid", "good", "good")
    assert found["file"] == str(leaf)
    assert [one["subject"] for one in found["path"]] == ["CN=测试印章", "CN=测试签发", "CN=测试根"]
    assert found["at"] == "2026-11-22T08:30:15.123456Z"
    assert found["about"] == {
        "subject": "CN=测试印章",
        "serial_number": f"{read_certificate(SEAL.certificate).serial_number:x}",
        "position": 0,
    }


def test_what_stands_behind_the_leaf_in_its_file_may_help(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--trust", files / "root.pem", "--crl", files / "lists.pem")
    assert judged(capsys, *options, files / "chain.pem")[0] == 0
    code, found = judged(capsys, *options, files / "leaf.pem")
    assert (code, found["verdict"], found["reason"], found["path"]) == (1, "invalid", "no_chain", [])


def test_no_lists_is_no_verdict(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = judged(capsys, "--trust", files / "root.pem", files / "chain.pem")
    assert (code, found["verdict"], found["reason"]) == (2, "indeterminate", "revocation_unknown")


def test_an_ocsp_response_does_for_a_list(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issuer, certificate = read_certificate(CA.certificate), read_certificate(SEAL.certificate)
    answer = files / "answer.der"
    answer.write_bytes(make_response(certificate, issuer, CA))
    write(files / "root-list.pem", "X509 CRL", crl(ROOT))
    options = ("--trust", files / "root.pem", "--crl", files / "root-list.pem")
    assert judged(capsys, *options, files / "chain.pem")[0] == 2
    assert judged(capsys, *options, "--ocsp", answer, files / "chain.pem")[0] == 0


def test_revoked_says_since_when_and_which(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = line(read_certificate(CA.certificate).serial_number, WHOLE, 2)
    lists = write(files / "revoked.pem", "X509 CRL", crl(CA), make_list(ROOT, [entry]))
    options = ("--trust", files / "root.pem", "--crl", lists, files / "chain.pem")
    code, found = judged(capsys, *options)
    assert (code, found["reason"], found["revoked_at"]) == (1, "revoked", "2026-11-22T08:30:15Z")
    assert found["about"]["position"] == 1
    code, text = run(capsys, "--at", AT, "--lang", "zh", *options)
    assert code == 1
    assert "该时刻证书已被吊销 (revoked)" in text
    assert "CN=测试签发" in text
    assert "2026-11-22 16:30" in text


def test_the_moment_decides(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--trust", files / "root.pem", "--crl", files / "lists.pem", files / "chain.pem")
    code, out = run(capsys, "--json", "--at", "2036-11-22T10:00:00+08:00", *options)
    assert (code, json.loads(out)["reason"]) == (1, "expired")
    assert run(capsys, "--at", "2026-11-22T10:00:00", *options)[0] == 3, "whose clock?"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], "good"),
        (["--policy", "2.16.840.1.101.3.2.1.48.1", "--explicit-policy"], "good"),
        (["--policy", "2.16.840.1.101.3.2.1.48.2", "--explicit-policy"], "policy"),
    ],
)
def test_policies_are_asked_for(asked: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = judged(
        capsys,
        *("--trust", PKITS / "certs" / "TrustAnchorRootCertificate.crt"),
        *("--intermediate", PKITS / "certs" / "GoodCACert.crt"),
        *("--crl", PKITS / "crls" / "GoodCACRL.crl", "--crl", PKITS / "crls" / "TrustAnchorRootCRL.crl"),
        *asked,
        PKITS / "certs" / "UserNoticeQualifierTest16EE.crt",
    )
    assert found["reason"] == expected
    if expected == "good":
        [policy] = found["policies"]
        assert policy["id"] == "2.16.840.1.101.3.2.1.48.1"
        assert policy["qualifiers"][0].startswith("q1:  This is the user notice from qualifier 1.")


def test_old_algorithms_are_believed_only_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    options = (
        *("--trust", PKITS / "certs" / "TrustAnchorRootCertificate.crt"),
        *("--intermediate", PKITS / "certs" / "DSACACert.crt"),
        *("--crl", PKITS / "crls" / "DSACACRL.crl", "--crl", PKITS / "crls" / "TrustAnchorRootCRL.crl"),
        PKITS / "certs" / "ValidDSASignaturesTest4EE.crt",
    )
    assert judged(capsys, *options)[1]["reason"] == "algorithm"
    assert judged(capsys, "--legacy", *options)[1]["reason"] == "good"


def test_the_national_hierarchy_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = hierarchy("SM2")
    top = write(tmp_path / "root.pem", "CERTIFICATE", made.root.certificate)
    below = write(tmp_path / "leaf.pem", "CERTIFICATE", made.leaves["seal"], made.issuing.certificate)
    lists = write(tmp_path / "lists.pem", "X509 CRL", made.root_crl, made.issuing_crl)
    assert judged(capsys, "--trust", top, "--crl", lists, below)[0] == 0
    gone = write(tmp_path / "gone.pem", "CERTIFICATE", made.revoked, made.issuing.certificate)
    assert judged(capsys, "--trust", top, "--crl", lists, gone)[1]["reason"] == "revoked"


def test_openssl_agrees_on_these_files(files: Path) -> None:
    verified = openssl(
        *("verify", "-x509_strict", "-crl_check_all", "-attime", str(int(NOW.timestamp()))),
        *("-CRLfile", files / "lists.pem", "-CAfile", files / "root.pem", "-untrusted", files / "ca.pem"),
        files / "leaf.pem",
    )
    assert verified.returncode == 0, verified.stderr


@pytest.mark.parametrize(
    "data",
    [b"", b"garbage", b"\x30\x03\x02\x01", pem.encode("PRIVATE KEY", b"\x30\x00"), pem.encode("CERTIFICATE", b"x")],
)
def test_unreadable_files_are_named(files: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    bad = files / "bad.pem"
    bad.write_bytes(data)
    good = ("--trust", files / "root.pem", files / "leaf.pem")
    for arguments in (
        ("--trust", files / "root.pem", bad),
        ("--trust", bad, files / "leaf.pem"),
        ("--crl", bad, *good),
        ("--ocsp", bad, *good),
        ("--intermediate", bad, *good),
    ):
        assert main(["ca", "validate", *map(str, arguments)]) == 3
        said = capsys.readouterr()
        assert "bad.pem" in said.err
        assert said.out == ""


@pytest.mark.parametrize("policy", ["1", "1.2..3", "-1.2", "1.2.-3", "99.1", "x", "1.2" + 100 * ".99999999999"])
def test_a_policy_is_an_object_identifier(files: Path, policy: str) -> None:
    options = ("--trust", files / "root.pem", f"--policy={policy}", files / "leaf.pem")
    assert main(["ca", "validate", *map(str, options)]) == 3


def test_trust_must_be_given_and_files_must_be_there(files: Path) -> None:
    assert main(["ca", "validate", str(files / "leaf.pem")]) == 3
    assert main(["ca", "validate", "--trust", str(files / "none"), str(files / "leaf.pem")]) == 3


def test_a_name_that_steers_a_terminal_is_shown_harmlessly(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = certify("测试\x1b[2J", CA, usage=SEAL_USAGE, ca=False)
    leaf = write(files / "evil.pem", "CERTIFICATE", evil.certificate, CA.certificate)
    code, text = run(capsys, "--at", AT, "--trust", files / "root.pem", "--crl", files / "lists.pem", leaf)
    assert code == 0
    assert "\x1b" not in text


def test_the_installed_command_ends_with_the_verdicts_code(files: Path) -> None:
    arguments = ("-m", "tools.cli", "ca", "validate", "--trust", files / "root.pem", "--at", AT, files / "chain.pem")
    done = subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    assert done.returncode == 2, done.stderr
