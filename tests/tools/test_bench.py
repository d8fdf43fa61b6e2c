"""Benchmarks, tiny: the rows and their form. No figure is judged."""

import json
import os
import sys
from collections.abc import Callable, Iterator

import pytest

from ca.algorithms import sm2
from tests.ca.soft_token import forget_sessions
from tools.bench import ca as ca_bench
from tools.bench import cli as cli_bench
from tools.bench import command, issue, national, token
from tools.bench.command import BENCHMARKS
from tools.bench.house import one_core
from tools.bench.issue import Size
from tools.bench.row import Row, paired_rates, rate
from tools.cli import main

TINY = Size(licences=10, rounds=1, warm_up=10, seal_seconds=0.01)
TINY_CA = ca_bench.Size(seconds=0.02, rounds=1, leaves=3, entries=3)
MEMBERS = ["name", "ours", "unit", "reference", "ratio"]


def quiet(_text: str) -> None:
    pass


def rows(printed: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_a_row_as_json() -> None:
    row = Row("use", 1500.0, "1/s", "plain SELECT", 4000.0, (("p99_ms", 4.5),))
    assert json.loads(row.as_json()) == {
        "name": "use",
        "ours": 1500.0,
        "unit": "1/s",
        "reference": {"name": "plain SELECT", "rate": 4000.0},
        "ratio": 0.375,
        "p99_ms": 4.5,
    }
    assert list(json.loads(row.as_json())) == [*MEMBERS, "p99_ms"]
    assert "ratio 0.375" in row.as_text()


def test_issue_measures_three_rows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    monkeypatch.setitem(BENCHMARKS, "issue", lambda say: issue.rows(TINY, say))
    assert main(["bench", "issue", "--json"]) == 0
    told = capsys.readouterr()
    found = rows(told.out)
    assert [row["name"] for row in found] == ["issue", "seal", "issue-2-cores"]
    for row in found:
        assert list(row)[:5] == MEMBERS
        assert isinstance(row["reference"], dict)
        assert list(row["reference"]) == ["name", "rate"]
        assert isinstance(row["ours"], float)
        assert row["ratio"] == pytest.approx(row["ours"] / row["reference"]["rate"], rel=0.01)
    assert [row["unit"] for row in found] == ["licences/s", "seals/s", "licences/s"]
    assert "bench issue: round 1 of 1" in told.err
    assert os.sched_getaffinity(0) == before


def test_cli_measures_two_rows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS, "cli", lambda say: cli_bench.rows(1, say))
    assert main(["bench", "cli"]) == 0
    help_line, verify_line = capsys.readouterr().out.splitlines()
    assert help_line.startswith("help ")
    assert "goal: 0.40" in help_line
    assert verify_line.startswith("verify ")
    assert "goal: 1.00" in verify_line


CA_ROWS = {
    "certificate": "certificates/s",
    "ocsp": "answers/s",
    "tsa": "tokens/s",
    "path": "paths/s",
    "crl-10k": "lists/s",
    "sm2-sign": "signatures/s",
    "sm2-verify": "verifications/s",
    "pkcs11-sign": "signatures/s",
}


def test_ca_measures_what_the_machine_has(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BENCHMARKS, "ca", lambda say: ca_bench.rows(TINY_CA, say))
    before = os.environ.get("SOFTHSM2_CONF")
    assert main(["bench", "ca", "--json"]) == 0
    found = rows(capsys.readouterr().out)
    there = {"sm2-sign": sm2.available(), "sm2-verify": sm2.available(), "pkcs11-sign": token.available()}
    assert {row["name"]: row["unit"] for row in found} == {
        name: unit for name, unit in CA_ROWS.items() if there.get(name, True)
    }
    for row in found:
        assert list(row) == MEMBERS
        assert isinstance(row["reference"], dict)
        assert row["reference"]["rate"] > 0
    assert os.environ.get("SOFTHSM2_CONF") == before
    if token.available():
        forget_sessions()


def test_without_openssl_sm2_stands_beside_a_raw_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.bench.national.shutil.which", lambda _name: None)
    raw = ca_bench.RawKey()
    if sm2.available():
        sign, verify = national.rows(b"x", 0.01, 1, raw.sign, raw.verify)
        assert (sign.reference_name, verify.reference_name) == (
            "raw P-256 (sign): no openssl here",
            "raw P-256 (verify): no openssl here",
        )


def test_the_command_measures_at_full_size_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def note(size: object, _say: Callable[[str], None]) -> Iterator[Row]:
        asked.append(size)
        return iter(())

    monkeypatch.setattr(issue, "rows", note)
    monkeypatch.setattr(cli_bench, "rows", note)
    monkeypatch.setattr(ca_bench, "rows", note)
    for name in BENCHMARKS:
        assert main(["bench", name]) == 0
    assert asked == [ca_bench.Size(), cli_bench.RUNS, Size()]
    assert command.bench.help


def test_an_unknown_benchmark_is_a_wrong_request() -> None:
    assert main(["bench", "nothing"]) == 3


def test_one_core_holds_for_what_is_started_in_it_and_ends() -> None:
    before = os.sched_getaffinity(0)
    with one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def test_without_pyhanko_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.bench.errors import BenchmarkNeedsPyhanko
    from tools.bench.seal import require_reference

    require_reference()
    monkeypatch.setitem(sys.modules, "pyhanko.sign", None)
    with pytest.raises(BenchmarkNeedsPyhanko) as refused:
        require_reference()
    assert "make setup-dev" in refused.value.message()


def test_rates_count_work() -> None:
    done: list[str] = []
    assert rate(lambda: done.append("ours"), seconds=0.01, rounds=2) > 0
    ours, reference = paired_rates(
        lambda: done.append("ours"), lambda: done.append("reference"), seconds=0.02, rounds=2
    )
    assert ours > 0
    assert reference > 0
    assert set(done) == {"ours", "reference"}
