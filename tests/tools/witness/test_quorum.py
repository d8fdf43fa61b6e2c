"""`elicence witness quorum`: who cosigned, by a policy file."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import Cosigner
from ledger.formats.tlog_proof import TlogProof
from tests.ledger.local_keys import Ed25519Signer
from tests.ledger.witnessed_logs import SmallLog
from tools.cli import main

LOG = SmallLog()
CHECKPOINT = Checkpoint(LOG.origin, 5, LOG.root(5))
A, B = (Cosigner(f"{name}.test", Ed25519Signer(name.encode() * 32)) for name in "ab")
NOW = datetime.now(UTC).replace(microsecond=0)
POLICY = f"witness 甲 {A.key.text}\nwitness b {B.key.text}\ngroup both all 甲 b\nquorum both\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    def call(policy: str, note: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "policy").write_text(policy)
        (tmp_path / "checkpoint").write_text(note)
        code = main(["witness", "quorum", str(tmp_path / "policy"), str(tmp_path / "checkpoint"), *arguments])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def test_reached_and_not(run: Run) -> None:
    note = LOG.note(5) + A.cosign(CHECKPOINT, NOW)
    code, out, _ = run(POLICY, note, "--json")
    assert code == 2
    told = json.loads(out)
    assert (told["reached"], told["missing"]) == (False, ["b"])
    assert told["cosigned"] == [{"name": "甲", "key": "a.test", "at": NOW.isoformat().replace("+00:00", "Z")}]
    assert "NOT reached" in run(POLICY, note, "--lang", "en")[1]
    note += B.cosign(CHECKPOINT, NOW)
    assert run(POLICY, note, "--json")[0] == 0
    assert "达到见证要求" in run(POLICY, note, "--lang", "zh")[1]


def test_the_checkpoint_of_a_proof(run: Run) -> None:
    note = LOG.note(5) + A.cosign(CHECKPOINT, NOW) + B.cosign(CHECKPOINT, NOW)
    assert run(POLICY, TlogProof(1, LOG.inclusion(1, 5), note, None).text)[0] == 0


def test_a_cosignature_of_tomorrow_does_not_count(run: Run) -> None:
    note = LOG.note(5) + A.cosign(CHECKPOINT, NOW) + B.cosign(CHECKPOINT, NOW + timedelta(days=1))
    assert run(POLICY, note)[0] == 2


def test_a_policy_that_names_its_logs_is_about_no_other(run: Run) -> None:
    cosigned = A.cosign(CHECKPOINT, NOW) + B.cosign(CHECKPOINT, NOW)
    assert run(f"log {LOG.vkey_text}\n{POLICY}", LOG.note(5) + cosigned)[0] == 0
    other = SmallLog("other.test/log")
    code, out, _ = run(f"log {other.vkey_text}\n{POLICY}", LOG.note(5) + cosigned, "--json")
    told = json.loads(out)
    assert (code, told["reached"], told["log_listed"], told["missing"]) == (2, False, False, [])
    assert "NOT about this log" in run(f"log {other.vkey_text}\n{POLICY}", LOG.note(5) + cosigned, "--lang", "en")[1]


def test_a_name_that_cannot_be_shown_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd").write_bytes(f"witness w {A.key.text}\nquorum w\n".encode().replace(b" w", b" \x9b2J"))
    (tmp_path / "note").write_text(LOG.note(5))
    assert main(["witness", "quorum", str(tmp_path / "odd"), str(tmp_path / "note")]) == 3


@pytest.mark.parametrize(
    ("policy", "note", "code"),
    [
        ("nonsense\n", LOG.note(5), "ledger.policy_unreadable"),
        (POLICY, "no checkpoint", "ledger.note_unreadable"),
        (POLICY, LOG.note(5) + A.cosign(Checkpoint(LOG.origin, 6, LOG.root(6)), NOW), "ledger.note_signature_invalid"),
    ],
)
def test_what_cannot_be_judged(run: Run, policy: str, note: str, code: str) -> None:
    answer = run(policy, note)
    assert answer[0] == 3
    assert code in answer[2]
