"""`elicence verify` and `elicence checks`, as people and scripts meet them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ca.encoding import pem
from ca.judging.trust import TrustList
from licences.verification.checks import CHECKS
from licences.verification.report import Report
from licences.verification_process import Payload, VerificationPool
from tests.licences.verification import attacks, nationals, sealed
from tests.licences.verification.sealed import licence, seal, world
from tests.licences.verification.test_pairs import CONTENT, beside
from tests.seals import national, ofd_maker
from tools.cli import main

NOW = datetime.now(UTC)  # the command line has a real clock: its material must be fresh for it

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trust.json").write_bytes(world().trust_file(days=3900, crl_days=3900))
    (tmp_path / "status.jwt").write_text(world().status_list(issued_at=NOW))
    (tmp_path / "good.pdf").write_bytes(licence().pdf.data)
    (tmp_path / "good.json").write_bytes(licence().json.flattened)
    (tmp_path / "good.txt").write_bytes(licence().json.compact.encode())
    (tmp_path / "bad.pdf").write_bytes(attacks.one_bit_of_metadata())
    (tmp_path / "locked.pdf").write_bytes(attacks.encrypted())
    (tmp_path / "empty.pdf").write_bytes(b"")
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `elicence verify` in the folder with its trust and status, and return exit code and output."""
    monkeypatch.chdir(folder)

    def call(*arguments: str, trust: bool = True, status: bool = True) -> tuple[int, str]:
        material = ["--trust", "trust.json"] * trust + ["--status", "status.jwt"] * status
        code = main(["verify", *material, *arguments])
        return code, capsys.readouterr().out

    return call


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.mark.parametrize("file", ["good.pdf", "good.json", "good.txt"])
def test_a_good_licence(run: Run, file: str) -> None:
    code, output = run(file, "--json")
    assert (code, [(row["file"], row["verdict"]) for row in rows(output)]) == (0, [(file, "valid")])


def test_a_licence_that_an_editor_marked_as_utf_8_is_the_same(run: Run, folder: Path) -> None:
    for name in ("good.json", "good.txt"):
        (folder / name).write_bytes(b"\xef\xbb\xbf\r\n" + (folder / name).read_bytes())
        code, output = run(name, "--json")
        found = {check["id"]: check for check in rows(output)[0]["checks"]}
        assert (code, found["integrity.canonical"]["code"]) == (0, "RESPELT"), output
    for content, reason in ((b"{}", "document.not_signed"), (b"", "document.unknown_format")):
        (folder / "good.json").write_bytes(b"\xef\xbb\xbf" + content)
        code, output = run("good.json", "--json")
        assert (code, rows(output)[0]["reason"]) == (1, reason)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["good.pdf"], 0),
        (["bad.pdf"], 1),
        (["empty.pdf"], 1),
        (["locked.pdf"], 2),
        (["missing.pdf"], 3),
        (["."], 3),
        (["good.pdf", "locked.pdf"], 2),
        (["good.pdf", "locked.pdf", "missing.pdf"], 3),
        (["missing.pdf", "locked.pdf", "bad.pdf", "good.pdf"], 1),
    ],
)
def test_exit_codes(run: Run, files: list[str], code: int) -> None:
    assert run(*files)[0] == code
    assert run(*files, "--json")[0] == code


def test_one_line_a_file_in_order(run: Run) -> None:
    files = ["missing.pdf", "good.pdf", "bad.pdf"]
    _, output = run(*files, "--json")
    found = rows(output)
    assert [row["file"] for row in found] == files
    assert found[0]["error"]["code"] == "file.unreadable"
    assert {row["id"] for row in found[1:]} != {found[1]["id"]}
    assert [check["id"] for check in found[1]["checks"]] == [check.id for check in CHECKS]


def test_without_material_it_cannot_tell(run: Run) -> None:
    code, output = run("good.pdf", "--json", trust=False, status=False)
    found = {check["id"]: check for check in rows(output)[0]["checks"]}
    assert code == 2
    assert found["trust.path"]["code"] == "NO_TRUST_LIST"
    assert found["status.revocation"]["code"] == "NO_STATUS_SOURCE"
    assert run("good.pdf", status=False)[0] == 2
    assert run("good.pdf", trust=False)[0] == 2


@pytest.mark.parametrize("name", ["good.tlog-proof", "good.pdf.tlog-proof"])
def test_a_proof_beside_the_file_is_read(run: Run, folder: Path, name: str) -> None:
    (folder / name).write_bytes(world().proof(licence().pdf.digest))
    code, output = run("good.pdf", "--json")
    outcomes = {row["id"]: row["outcome"] for row in rows(output)[0]["checks"]}
    assert (code, outcomes["ledger.inclusion"]) == (0, "passed")
    (folder / name).write_bytes(world().proof(bytes(32)))
    code, output = run("good.pdf", "--json")
    assert (code, rows(output)[0]["reason"]) == (1, "ledger.proof_of_other")


def test_a_proof_longer_than_any_is_unreadable(run: Run, folder: Path) -> None:
    (folder / "good.tlog-proof").write_bytes(bytes(3 * 1024 * 1024))
    code, output = run("good.pdf", "--json")
    assert (code, rows(output)[0]["reason"]) == (2, "ledger.proof_unreadable")


def test_a_person_reads_the_verdict_the_face_and_every_check(run: Run) -> None:
    code, output = run("good.pdf", "--lang", "zh")
    assert code == 0
    assert "有效：由测试市自然资源和规划局签发的《不动产权证书》目前有效，内容未被改动。" in output
    assert "不动产权证号: 测（2026）测试市不动产权第0000001号" in output
    assert all(check.id in output for check in CHECKS)
    _, output = run("locked.pdf", "--lang", "en")
    assert "Could not tell: the file is encrypted and cannot be read." in output
    assert "Ask for the paper licence" in output


def test_what_a_document_says_cannot_steer_the_terminal(run: Run, folder: Path) -> None:
    wicked = "测\u001b[2J\u202e（2026）"
    (folder / "wicked.pdf").write_bytes(seal(content=sealed.claims(number=wicked)).pdf.data)
    _, output = run("wicked.pdf")
    assert "\u001b[2J" not in output
    assert "\u202e" not in output


def test_json_cannot_steer_the_terminal_either(run: Run, folder: Path) -> None:
    """JSON itself leaves C1 controls and marks of direction as they are."""
    wicked = "测\u001b[2J\u009b2J\u202e\u2028（2026）"
    (folder / "wicked.pdf").write_bytes(seal(content=sealed.claims(number=wicked)).pdf.data)
    (folder / "bad\u009b2J.pdf").write_bytes(b"no pdf")
    _, output = run("wicked.pdf", "bad\u009b2J.pdf", "missing\u009b.pdf", "--json")
    assert all(one.isprintable() for line in output.splitlines() for one in line)
    first, second, third = rows(output)
    assert wicked in [line["value"] for line in first["subject"]["face"].values()]
    assert (second["file"], third["file"]) == ("bad\u009b2J.pdf", "missing\u009b.pdf")


def test_a_revoked_licence(run: Run, folder: Path) -> None:
    (folder / "status.jwt").write_text(world().status_list({sealed.STATUS_INDEX: 1}, issued_at=NOW))
    code, output = run("good.pdf", "--json")
    assert (code, rows(output)[0]["reason"]) == (1, "licence.revoked")


def test_a_past_moment_needs_history(run: Run) -> None:
    code, output = run("good.pdf", "--json", "--as-of", "2026-11-14T00:00:00Z")
    assert (code, rows(output)[0]["as_of"]) == (2, "2026-11-14T00:00:00Z")
    assert rows(output)[0]["reason"] == "status.history_unavailable"


def test_a_file_over_the_limit_is_not_held_in_memory(run: Run, folder: Path) -> None:
    with (folder / "huge.pdf").open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    code, output = run("huge.pdf", "--json")
    assert (code, rows(output)[0]["reason"]) == (2, "document.too_large")


@pytest.fixture
def devices(folder: Path) -> Path:
    """What lies in a folder under names of files, and is none: reading it may never end."""
    os.mkfifo(folder / "pipe.pdf")
    (folder / "zeros.pdf").symlink_to("/dev/zero")
    (folder / "linked.pdf").symlink_to("good.pdf")
    return folder


@pytest.mark.parametrize("file", ["pipe.pdf", "zeros.pdf", "/dev/zero", "/dev/null", "."])
def test_only_files_are_read(run: Run, devices: Path, file: str) -> None:
    assert devices
    code, output = run(file, "linked.pdf", "--json")
    first, second = rows(output)
    assert (code, first["error"]["code"], second["verdict"]) == (3, "file.unreadable", "valid")
    assert first["error"]["message"]["zh"] == "无法读取文件：不是普通文件（文件夹、设备或管道不能核验）"
    assert first["error"]["message"]["en"].endswith("it is no regular file, but a folder, a device or a pipe")


@pytest.mark.parametrize("suffix", [".p7s", ".tlog-proof"])
@pytest.mark.parametrize("kind", ["pipe", "zeros"])
def test_nor_is_what_lies_beside_them(run: Run, devices: Path, suffix: str, kind: str) -> None:
    (devices / f"{kind}.pdf").rename(devices / f"good.pdf{suffix}")
    code, output = run("good.pdf", "--json")
    assert (code, rows(output)[0]["error"]["code"]) == (3, "file.unreadable")


def test_nor_what_a_seal_is_over(run: Run, devices: Path) -> None:
    (devices / "pipe.pdf.p7s").write_bytes(beside())
    assert run("pipe.pdf.p7s")[0] == 3


def test_a_link_beside_a_file_that_leads_nowhere_is_nothing(run: Run, folder: Path) -> None:
    (folder / "good.pdf.p7s").symlink_to("nowhere")
    assert run("good.pdf")[0] == 0


def test_a_file_that_vanishes_while_it_is_read_is_unreadable(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too large to be held, it is opened once more where it is judged; and the next file is judged all the same."""
    with (folder / "huge.bin").open("wb") as stream:
        stream.truncate(40 * 1024 * 1024)
    (folder / "huge.bin.p7s").write_bytes(beside())
    judge = VerificationPool.verify

    def vanishing(pool: VerificationPool, payload: Payload) -> Report:
        (folder / "huge.bin").unlink(missing_ok=True)
        return judge(pool, payload)

    monkeypatch.setattr(VerificationPool, "verify", vanishing)
    code, output = run("huge.bin", "good.pdf", "--json")
    first, second = rows(output)
    assert (code, first["error"]["code"], second["verdict"]) == (3, "file.unreadable", "valid")
    assert "No such file" in first["error"]["message"]["en"]


def test_a_name_that_is_no_utf_8(run: Run, folder: Path) -> None:
    name = os.fsdecode(b"\xff.pdf")
    (folder / name).write_bytes(licence().pdf.data)
    code, output = run(name, "--json")
    assert (code, rows(output)[0]["file"]) == (0, "?.pdf")
    assert run(name)[0] == 0


def test_a_reader_that_goes_away_hears_no_verdict(folder: Path) -> None:
    command = f"{sys.executable} -m tools.cli checks; echo $? >&2"
    done = subprocess.run(["sh", "-c", f"({command}) | true"], capture_output=True, check=False, text=True)
    assert done.stderr == "2\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["verify", "good.pdf", "--unknown"],
        ["verify", "good.pdf", "--policy", "lenient"],
        ["verify", "good.pdf", "--as-of", "yesterday"],
        ["verify", "good.pdf", "--as-of", "2999-01-01"],
        ["verify", "good.pdf", "--lang", "fr"],
        ["verify", "good.pdf", "--trust", "missing.json"],
        ["verify", "good.pdf", "--trust", "status.jwt"],
        ["verify", "good.pdf", "--trust", "trust.json", "--status", "missing.jwt"],
    ],
)
def test_a_wrong_request_is_told_before_any_file_is_read(
    arguments: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(arguments) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err


# --- seals of other forms --------------------------------------------------------------------------------------------


@pytest.fixture
def national_folder(folder: Path) -> Path:
    """What the national form and seals beside files look like on a disk, with a trust list that knows their makers."""
    (folder / "good.ofd").write_bytes(nationals.sealed())
    (folder / "theirs.ofd").write_bytes(nationals.foreign())
    (folder / "bad.ofd").write_bytes(nationals.foreign_with(ofd_maker.PAGE, b"<other/>"))
    (folder / "seal.esl").write_bytes(national.esl())
    (folder / "approval.docx").write_bytes(CONTENT)
    (folder / "approval.docx.p7s").write_bytes(beside())
    (folder / "alone.p7s").write_bytes(beside())
    (folder / "armoured.p7s").write_bytes(pem.encode("PKCS7", beside()))
    (folder / "unpacked").mkdir()
    (folder / "unpacked" / "Signature.xml").write_bytes(national.DOCUMENT)
    (folder / "unpacked" / "SignedValue.dat").write_bytes(nationals.value())
    (folder / "value.dat").write_bytes(nationals.value())
    members = vars_of(national.trust(), "crls", "tsa", "intermediates", "anchors", "algorithms", "seal_makers")
    here = vars_of(world().trust(days=3900, crl_days=3900), *members)
    both: dict[str, Any] = {name: (*here[name], *members[name]) for name in members}
    (folder / "trust.json").write_bytes(world().trust_file(days=3900, crl_days=3900, **both))
    return folder


def vars_of(trust: TrustList, *names: str) -> dict[str, tuple[Any, ...]]:
    return {name: getattr(trust, name) for name in names}


@pytest.mark.parametrize(
    ("file", "code", "reason"),
    [
        ("good.ofd", 0, "document.sealed"),
        ("theirs.ofd", 0, "document.sealed"),
        ("bad.ofd", 1, "document.altered"),
        ("seal.esl", 0, "document.sealed"),
        ("approval.docx", 0, "document.sealed"),
        ("approval.docx.p7s", 0, "document.sealed"),
        ("alone.p7s", 2, "document.content_absent"),
        ("armoured.p7s", 2, "document.content_absent"),
        ("unpacked/SignedValue.dat", 0, "document.sealed"),
        ("unpacked/Signature.xml", 1, "document.unknown_format"),
        ("value.dat", 2, "document.absent"),
        ("good.pdf", 0, "document.sealed"),
    ],
)
def test_the_seals_alone(run: Run, national_folder: Path, file: str, code: int, reason: str) -> None:
    assert national_folder
    found, output = run(file, "--json", "--policy", "seal", status=False)
    assert (found, rows(output)[0]["reason"]) == (code, reason), output


def test_several_forms_at_once_one_line_each(run: Run, national_folder: Path) -> None:
    files = ["good.ofd", "seal.esl", "approval.docx", "bad.ofd", "good.pdf", "missing.esl"]
    code, output = run(*files, "--json", "--policy", "seal")
    assert national_folder
    assert [(row["file"], row.get("verdict")) for row in rows(output)] == [
        *((file, "valid") for file in files[:3]),
        ("bad.ofd", "invalid"),
        ("good.pdf", "valid"),
        ("missing.esl", None),
    ]
    assert code == 1


def test_a_package_is_no_licence_in_force_by_itself(run: Run, national_folder: Path) -> None:
    assert national_folder
    code, output = run("good.ofd", "--json")
    assert (code, rows(output)[0]["reason"]) == (2, "document.not_a_licence")
    code, output = run("seal.esl", "--json")
    assert (code, rows(output)[0]["reason"]) == (0, "document.sealed")


def test_without_trust_the_families_of_integrity_are_judged_all_the_same(run: Run, national_folder: Path) -> None:
    assert national_folder
    for file in ("theirs.ofd", "seal.esl", "approval.docx"):
        code, output = run(file, "--json", trust=False, status=False)
        outcomes = {row["id"]: row["outcome"] for row in rows(output)[0]["checks"]}
        assert code == 2
        assert {outcomes[id_] for id_ in outcomes if id_.startswith("integrity.")} <= {"passed", "not_applicable"}
        trusts = {outcomes[id_] for id_ in outcomes if id_.startswith("trust.")}
        assert "not_run" in trusts
        assert "failed" not in trusts


def test_a_sealed_file_over_the_limit_is_judged_where_it_lies(run: Run, folder: Path) -> None:
    with (folder / "huge.bin").open("wb") as stream:
        stream.truncate(40 * 1024 * 1024)
    content = (folder / "huge.bin").read_bytes()
    (folder / "huge.bin.p7s").write_bytes(beside(content))
    for file in ("huge.bin", "huge.bin.p7s"):
        code, output = run(file, "--json", "--policy", "seal", status=False)
        assert (code, rows(output)[0]["reason"]) == (0, "document.sealed"), output
    (folder / "huge.bin.p7s").write_bytes(beside())
    assert run("huge.bin", "--policy", "seal", status=False)[0] == 1


def test_a_person_reads_whose_seal_it_is(run: Run, national_folder: Path) -> None:
    assert national_folder
    _, output = run("good.ofd", "--policy", "seal", "--lang", "zh")
    assert "印章真实，文件自盖章后未被改动；未核验其内容是否现行有效。" in output
    assert f"印章编码: {national.ES_ID}" in output


def test_checks_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in table] == [check.id for check in CHECKS]
    assert main(["checks", "--lang", "zh"]) == 0
    assert "印章覆盖整个文件" not in capsys.readouterr().err
