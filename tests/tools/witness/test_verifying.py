"""`elicence verify` with a trust list that names witnesses: it says who has not cosigned, and is never silently content."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.licences.verification.sealed import licence, world
from tests.licences.verification.witness_scenes import OTHER_LOG, POLICY, cosigned_proof, lines
from tools.cli import main

OWN_LOG = f"log {world().log.vkey.text}\n"
Judge = Callable[[str, str], dict[str, Any]]


@pytest.fixture
def judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Judge:
    """Verify the licence under a policy, with cosignatures, by the command line; return the rows of the report."""

    def call(policy: str, cosigned: str) -> dict[str, Any]:
        (tmp_path / "trust.json").write_bytes(world().trust_file(days=3900, crl_days=3900, witness_policy=policy))
        (tmp_path / "status.jwt").write_text(world().status_list(issued_at=datetime.now(UTC)))
        (tmp_path / "good.pdf").write_bytes(licence().pdf.data)
        (tmp_path / "good.pdf.tlog-proof").write_bytes(cosigned_proof(cosigned))
        given = {name: str(tmp_path / name) for name in ("trust.json", "status.jwt", "good.pdf")}
        code = main(
            ["verify", "--trust", given["trust.json"], "--status", given["status.jwt"], given["good.pdf"], "--json"]
        )
        row: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert (code, row["verdict"]) == (0, "valid")
        return {check["id"]: check for check in row["checks"]}

    return call


@pytest.mark.parametrize(
    ("policy", "by", "outcome", "code"),
    [
        (POLICY, "ab", "passed", None),
        (OWN_LOG + POLICY, "bc", "passed", None),
        (POLICY, "", "warning", "NO_QUORUM"),
        (POLICY, "c", "warning", "NO_QUORUM"),
        (OTHER_LOG + POLICY, "abc", "warning", "LOG_NOT_LISTED"),
        ("", "abc", "not_applicable", "NO_POLICY"),
    ],
)
def test_the_trust_list_says_what_is_asked_for(
    judge: Judge, policy: str, by: str, outcome: str, code: str | None
) -> None:
    found = judge(policy, lines(by))
    assert found["ledger.inclusion"]["outcome"] == "passed"
    assert (found["ledger.witnesses"]["outcome"], found["ledger.witnesses"].get("code")) == (outcome, code)
