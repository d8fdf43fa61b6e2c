"""Makers of seals, and trust lists at a counterpart's: the commands, in a house of their own."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ca.encoding import pem
from ca.judging.trust import load_trust
from ca.keys.software_signer import SoftwareSigner
from ca.writing import profiles
from ca.writing.certificates import Authority, DistinguishedName, issue, issue_root
from tests.tools.ca.test_rollover import told as _told
from tests.tools.conftest import Run

told = _told
"""Runs `elicence ca …` in a newly founded house."""

Told = Callable[..., Any]


def province(folder: Path) -> tuple[Path, str]:
    """Another maker's certificate and its root in a file; return the file and the root's fingerprint."""
    now, signers = datetime.now(UTC), [SoftwareSigner.generate("SM2") for _ in range(2)]
    begin, end = now.replace(year=now.year - 1, day=1), now.replace(year=now.year + 3, day=1)
    root = issue_root(profiles.ROOT, DistinguishedName("测试省国密根", "测试省"), signers[0], begin, end)
    name = DistinguishedName("测试省制章中心", "测试省")
    maker = issue(profiles.SEAL_MAKER, name, signers[1].public_key, Authority(root, signers[0]), begin, end)
    path = folder / "maker.pem"
    path.write_bytes(pem.encode("CERTIFICATE", maker) + pem.encode("CERTIFICATE", root))
    return path, hashlib.sha256(root).hexdigest()


def export(run: Run, path: Path) -> bytes:
    assert run("trust", "export", path)[0] == 0
    return path.read_bytes()


def names(data: bytes) -> list[str]:
    return [one.name.rpartition("CN=")[2] for one in load_trust(data, datetime.now(UTC)).seal_makers]


def test_makers_are_followed_and_others_believed(run: Run, told: Told, tmp_path: Path) -> None:
    assert names(export(run, tmp_path / "first.json")) == ["测试市电子印章制作 M1"]
    followed = told("rollover", "follow", "national-seal-maker", "--name", "测试市电子印章制作 M2")
    assert {act["act"] for act in followed["acts"] if act["name"] == "national-seal-maker-2"} == {"key", "certificate"}
    file, fingerprint = province(tmp_path)
    code, _, err = run("ca", "import-seal-maker", file, "--root-sha256", "00" * 32)
    assert (code, "ca.anchor_mismatch" in err) == (3, True)
    taken = told("import-seal-maker", file, "--root-sha256", fingerprint)
    assert (taken["use"], taken["key"], taken["new"]) == ("seal-maker", None, True)
    assert [one["use"] for one in told("foreign")] == ["seal-maker"]
    assert told("publish")[-1]["authority"] is None
    makers = ["测试市电子印章制作 M1", "测试市电子印章制作 M2", "测试省制章中心"]
    assert names(export(run, tmp_path / "second.json")) == makers
    shown = {one["key_name"]: one["profile"] for one in told("list", "--limit", 1000)}
    assert shown["national-seal-maker"] == shown["national-seal-maker-2"] == "seal-maker"


def test_a_counterpart_keeps_the_newest_list(run: Run, told: Told, tmp_path: Path) -> None:
    """Whoever can hand it a list of yesterday takes today's revocations from it."""
    yesterday, today, kept = (tmp_path / name for name in ("yesterday.json", "today.json", "kept.json"))
    old = export(run, yesterday)
    serial = told("show", "seal-market")["serial_number"]
    told("revoke", serial, "--reason", "keyCompromise")
    told("publish")
    new = export(run, today)
    assert new != old
    code, _, err = run("trust", "take-in", yesterday, kept)
    assert (code, kept.exists(), "--root-sha256" in err) == (3, False, True)
    root = load_trust(old, datetime.now(UTC)).anchor_fingerprints[0]
    assert run("trust", "take-in", yesterday, kept, "--root-sha256", root)[0] == 0
    code, out, _ = run("trust", "take-in", today, kept)
    assert (code, kept.read_bytes()) == (0, new)
    assert str(json.loads(new)["trust"]["number"]) in out
    code, _, err = run("trust", "take-in", yesterday, kept)
    assert (code, "ca.trust_list_older" in err, kept.read_bytes()) == (3, True, new)
    assert run("trust", "take-in", today, kept)[0] == 0


def test_published_revocations_are_taken_in_again(run: Run, told: Told, tmp_path: Path) -> None:
    """What is there already changes nothing: the restore itself is tried in tests/ca/test_taking_in.py."""
    serial = told("show", "seal-market")["serial_number"]
    told("revoke", serial, "--reason", "superseded")
    told("publish")
    trust = tmp_path / "trust.json"
    export(run, trust)
    taken = {one["authority"]: one for one in told("take-in-crl", trust)}
    assert (taken["issuing-seals"]["entries"], taken["issuing-seals"]["revoked"]) == (1, [])
    code, out, _ = run("ca", "take-in-crl", trust, "--lang", "en")
    assert (code, "1 entries, 0 taken back in" in out) == (0, True)
    rubbish = tmp_path / "rubbish"
    rubbish.write_bytes(b"rubbish")
    code, out, err = run("ca", "take-in-crl", rubbish)
    assert (code, out, "(ca.crl_invalid)" in err) == (3, "", True), err


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_list_lacks_is_told_in_both_languages(run: Run, told: Told, tmp_path: Path, language: str) -> None:
    file, _ = province(tmp_path)
    code, out, err = run("ca", "take-in-crl", file, "--lang", language)
    assert (code, out) == (3, "")
    assert "(ca." in err
    assert told("foreign") == []
