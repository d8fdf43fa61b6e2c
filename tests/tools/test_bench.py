"""Benchmarks, tiny: the rows and their form. No figure is judged."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.reader import PdfFileReader

from ca.algorithms import sm2
from ca.keys.software_signer import SoftwareSigner
from tests.ca.soft_token import forget_sessions
from tools.bench import ca as ca_bench
from tools.bench import cli as cli_bench
from tools.bench import command, issue, national, seal_parties, token
from tools.bench import ledger as ledger_bench
from tools.bench import seal as seal_bench
from tools.bench.authority import found
from tools.bench.command import BENCHMARKS
from tools.bench.house import one_core
from tools.bench.issue import Size
from tools.bench.row import Row, paired_rates, rate
from tools.bench.stock_seal import stock_extension, stock_seal
from tools.cli import main

TINY = Size(licences=10, rounds=1, warm_up=10, seal_seconds=0.01)
TINY_CA = ca_bench.Size(seconds=0.02, rounds=1, leaves=3, entries=3)
TINY_LEDGER = ledger_bench.Size(
    entries=600,
    batch=200,
    events=300,
    subjects=20,
    requests=40,
    clients=4,
    small=300,
    large=600,
    proofs=10,
    checked=600,
)
TINY_SEAL = seal_bench.Size(seconds=0.02, rounds=1, pages=2)
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


def test_ledger_measures_its_rows_beside_hashing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BENCHMARKS, "ledger", lambda say: ledger_bench.rows(TINY_LEDGER, say))
    assert main(["bench", "ledger", "--json"]) == 0
    printed = rows(capsys.readouterr().out)
    names = ["append-bulk", "record-bulk", "append-http", "prove-10k", "prove-10m", "fsck"]
    assert [row["name"] for row in printed] == [*names, "anchor-gas"]
    by_name = {str(row["name"]): row for row in printed}
    assert all({*MEMBERS, "fsync"} <= row.keys() for row in printed[: len(names)])
    assert all("p99_ms" in by_name[name] for name in ("append-http", "prove-10k", "prove-10m"))
    assert "growth" in by_name["prove-10m"]


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


SEAL_ROWS = {
    "pades-bb": "stock pyHanko B-B",
    "pades-bt": "stock pyHanko B-T",
    "pades-bb-limit": "raw P-256 signature",
    "pades-bb-rsa2048": "raw RSA-2048 signature",
    "pades-bb-pkcs11": "B-B, key in memory",
    "ses-v4": "raw SM2 signature",
    "extend-lta": "stock pyHanko B-LTA",
}


def test_seal_measures_what_the_machine_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.sched_getaffinity(0), os.environ.get("SOFTHSM2_CONF")
    monkeypatch.setitem(BENCHMARKS, "seal", lambda say: seal_bench.rows(TINY_SEAL, say))
    assert main(["bench", "seal", "--json"]) == 0
    found = rows(capsys.readouterr().out)
    there = {"ses-v4": sm2.available(), "pades-bb-pkcs11": token.available()}
    assert {str(row["name"]): row["reference"] for row in found}.keys() == {
        name for name in SEAL_ROWS if there.get(name, True)
    }
    for row in found:
        assert list(row) == [*MEMBERS, "ms", "more_ms", "page_kb"]
        assert row["unit"] == "seals/s"
        assert isinstance(row["reference"], dict)
        assert row["reference"]["name"] == SEAL_ROWS[str(row["name"])]
        assert isinstance(row["ours"], float)
        assert row["ms"] == pytest.approx(1000 / row["ours"], rel=0.01)
        assert 45 <= float(str(row["page_kb"])) <= 55
    assert (os.sched_getaffinity(0), os.environ.get("SOFTHSM2_CONF")) == before
    if token.available():
        forget_sessions()


def test_what_is_not_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    class NotFurther(Exception):
        pass

    def stop() -> None:
        raise NotFurther

    told: list[str] = []
    monkeypatch.setattr(token, "available", lambda: False)
    monkeypatch.setattr(sm2, "available", lambda: False)
    monkeypatch.setattr(seal_bench, "one_core", stop)
    with pytest.raises(NotFurther):
        next(seal_bench.rows(TINY_SEAL, told.append))
    assert told == [
        "pades-bb-pkcs11: not measured, this machine lacks SoftHSM2",
        "ses-v4: not measured, this machine lacks an OpenSSL with SM2",
    ]
    assert seal_bench.missing().keys() < SEAL_ROWS.keys()


def test_the_shortest_rsa_key_is_measured_also_when_nobody_certifies_it_any_more() -> None:
    last = datetime(2026, 12, 31, tzinfo=UTC)
    for now in (last - timedelta(days=40), last, last + timedelta(days=400)):
        at = seal_parties.last_day_of_short_keys(now)
        assert at == min(now, last)
        signer = SoftwareSigner(rsa.generate_private_key(65537, 2048))
        own = seal_parties.party(found(at), signer)
        assert own.signer is signer
        assert len(own.chain) == 3


def test_what_is_measured_is_a_seal_of_its_level() -> None:
    (page,) = seal_parties.pages(1)
    authority = found()
    own = seal_parties.party(authority, SoftwareSigner.generate("ES256"))
    stamp = authority.timestamps().stamp
    sealed = own.sealer(stamp).seal(page, seal_parties.PLACE, authority.now).data
    stock = stock_seal(iter([page]), cast("SoftwareSigner", own.signer), own.chain, stamp)()
    extended = stock_extension(iter([sealed]), seal_parties.material(authority), stamp)()
    for made, reader in ((sealed, True), (stock, False), (extended, True)):
        (signature, *stamps) = PdfFileReader(io.BytesIO(made)).embedded_signatures
        assert "signature_time_stamp_token" in [one["type"].native for one in signature.signer_info["unsigned_attrs"]]
        assert len(stamps) == (made is extended)
        assert (b"elicence-seal" in made) is reader


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

    benchmarks = {name: import_module(f"tools.bench.{name}") for name in BENCHMARKS}
    for name, benchmark in benchmarks.items():
        monkeypatch.setattr(benchmark, "rows", note)
        assert main(["bench", name]) == 0
    assert asked == [one.RUNS if name == "cli" else one.Size() for name, one in benchmarks.items()]
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
    from tools.bench.stock_seal import require_reference

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
