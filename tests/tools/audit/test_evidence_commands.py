"""`elicence audit verify`, `promise`, `accepted`, `order` and `monitor`: with no more than a third party has."""

import json
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import text

from api.app import create_app
from api.house import House
from api.schema import Role
from ledger.event_kinds import EventKind
from tests.tools.audit.conftest import BANK, Licence
from tests.tools.conftest import Run
from tests.tools.processes import command, wait_for
from tests.tools.rows import TOBACCO
from tools.sequencing import drain

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def log(house: House) -> Path:
    """The folder in which the house's log lies."""
    return house.settings.home / "objects"


@pytest.fixture
def evidence(run: Run, licence: Licence, tmp_path: Path) -> Path:
    licence.use(4, case="办件-测试-1")
    path = tmp_path / "evidence.json"
    code, _, err = run("audit", "licence", licence.identifier, "--export", path)
    assert code == 0, err
    return path


def codes(report: dict[str, Any]) -> dict[str, str]:
    return {check["id"]: check.get("code", "") for check in report["checks"] if check["outcome"] != "passed"}


def test_a_third_party_checks_it_with_the_trust_list_alone(answer: Ask, evidence: Path, trust: Path) -> None:
    report = answer("audit", "verify", evidence, "--trust", trust)
    assert (report["file"], report["verdict"]) == (str(evidence), "valid")
    assert codes(report) == {"chain.completeness": "CLAIMED", "chain.key": "WITHHELD"}
    assert (report["about"]["events"], report["about"]["asked"]["kind"]) == (5, "licence")


def test_with_a_mirror_completeness_is_proved(answer: Ask, evidence: Path, trust: Path, log: Path) -> None:
    for place in (log, log / "log"):
        report = answer("audit", "verify", evidence, "--trust", trust, "--mirror", place)
        assert codes(report) == {"chain.key": "WITHHELD"}


def test_exit_codes(run: Run, evidence: Path, trust: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.json"
    changed.write_bytes(evidence.read_bytes().replace(b'"kind": "verified"', b'"kind": "accepted"', 1))
    none = tmp_path / "none.json"
    none.write_bytes(b"{}")
    missing = tmp_path / "missing.json"
    assert run("audit", "verify", evidence, "--trust", trust)[0] == 0
    assert run("audit", "verify", evidence)[0] == 2
    assert run("audit", "verify", missing, "--trust", trust)[0] == 3
    assert run("audit", "verify", none, "--trust", trust)[0] == 1
    code, out, _ = run("audit", "verify", evidence, changed, missing, "--trust", trust, "--json")
    assert code == 1
    told = [json.loads(line) for line in out.splitlines()]
    assert [row.get("verdict") for row in told] == ["valid", "invalid", None]
    assert run("audit", "verify", evidence, "--trust", missing)[0] == 3
    assert run("audit", "verify", evidence, "--trust", none)[0] == 3
    code, out, _ = run("audit", "verify", evidence, none, "--trust", trust, "--mirror", tmp_path, "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert [row["verdict"] for row in told] == ["indeterminate", "invalid"], "the next file is judged all the same"
    assert codes(told[0])["chain.completeness"] == "MIRROR_UNREADABLE"
    assert code == 1
    assert run("audit", "verify", evidence, "--mirror", tmp_path)[0] == 3
    shown = run("audit", "verify", changed, "--trust", trust, "--lang", "zh")[1]
    assert "证据不成立" in shown
    for word in ("账本: ", "追溯对象: 证照 ", "账本大小: "):
        assert word in shown
    assert "made_at" not in shown


# --- promises ---------------------------------------------------------------------------------------------------------


def write(tmp_path: Path, note: str) -> Path:
    path = tmp_path / "promise.txt"
    path.write_text(note)
    return path


def test_a_promise_that_was_kept(run: Run, answer: Ask, licence: Licence, tmp_path: Path) -> None:
    (promise,) = licence.use(1)
    out = tmp_path / "kept.tlog-proof"
    told = answer("audit", "promise", write(tmp_path, promise.text), "--out", out)
    assert (told["fate"], told["event"]) == ("kept", promise.event)
    assert out.read_text() == told["proof"]
    answer_file = write(tmp_path, json.dumps({"usage": {"promise": promise.text}}))
    assert run("audit", "promise", answer_file, "--lang", "zh")[0] == 0


def test_a_broken_promise_becomes_evidence(
    run: Run, answer: Ask, licence: Licence, house: House, tmp_path: Path, trust: Path
) -> None:
    (promise,) = licence.use(1, at=datetime.now(UTC) - timedelta(hours=1))
    with house.database.session(Role.WORKER) as session:
        session.execute(text("DELETE FROM ledger.events WHERE id = :id"), {"id": promise.event})
    out = tmp_path / "broken.json"
    told = answer("audit", "promise", write(tmp_path, promise.text), "--out", out, code=1)
    assert told["fate"] == "broken"
    report = answer("audit", "verify", out, "--trust", trust)
    assert [(check["id"], check.get("code")) for check in report["checks"]] == [
        ("evidence.format", None),
        ("promise.broken", "ADMITTED"),
    ]
    assert run("audit", "verify", out)[0] == 2


def test_what_is_not_due_yet_and_what_is_no_promise(run: Run, licence: Licence, house: House, tmp_path: Path) -> None:
    (promise,) = licence.use(1)
    with house.database.session(Role.WORKER) as session:
        session.execute(text("DELETE FROM ledger.events WHERE id = :id"), {"id": promise.event})
    assert run("audit", "promise", write(tmp_path, promise.text))[0] == 2
    assert run("audit", "promise", write(tmp_path, "nothing"))[0] == 3
    assert run("audit", "promise", write(tmp_path, promise.text.replace("evt_", "evt_7")))[0] == 3
    assert run("audit", "promise", tmp_path / "missing")[0] == 3
    assert run("audit", "promise", write(tmp_path, promise.text), "--at", "http://127.0.0.1:1")[0] == 3


@contextmanager
def serving(house: House) -> Iterator[str]:
    with ExitStack() as stack:
        server = uvicorn.Server(uvicorn.Config(create_app(house, stack), port=0, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            wait_for(lambda: server.started)
            port = server.servers[0].sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def test_another_house_is_asked_over_http(
    run: Run, answer: Ask, licence: Licence, house: House, tmp_path: Path, trust: Path
) -> None:
    kept, broken = licence.use(1)[0], licence.use(1, at=datetime.now(UTC) - timedelta(hours=1))[0]
    with house.database.session(Role.WORKER) as session:
        session.execute(text("DELETE FROM ledger.events WHERE id = :id"), {"id": broken.event})
    answer("audit", "licence", licence.identifier)
    out = tmp_path / "out"
    with serving(house) as address:
        where = ("--at", address, "--trust", trust, "--out", out)
        assert answer("audit", "promise", write(tmp_path, kept.text), *where)["fate"] == "kept"
        assert answer("audit", "promise", write(tmp_path, broken.text), *where, code=1)["fate"] == "broken"
        log = ("audit", "monitor", f"{address}/log", "--trust", trust, "--state", tmp_path / "state", "--once")
        assert answer(*log)["kind"] == "grown"
        assert answer(*log)["kind"] == "same"
    assert run("audit", "verify", out, "--trust", trust)[0] == 0
    assert run(*log)[0] == 2


# --- recall -----------------------------------------------------------------------------------------------------------


def test_everybody_who_relied_on_it_is_listed(run: Run, answer: Ask, licence: Licence) -> None:
    today = datetime.now(UTC)
    licence.use(1, at=today - timedelta(days=40))
    licence.use(2, case="办件-测试-7")
    licence.use(1, detail={"verdict": "invalid"})
    licence.use(1, EventKind.ACCEPTED, case="办件-测试-8")
    licence.use(1, EventKind.RETRIEVED)
    licence.use(1, EventKind.SHOWN)
    since = (today - timedelta(days=30)).date().isoformat()
    told = answer("audit", "accepted", licence.identifier, "--since", since)
    assert sorted(use["kind"] for use in told["uses"]) == ["accepted", "retrieved", "verified", "verified"]
    assert told["units"] == {BANK: 4}
    assert told["completeness"] == ["proved"]
    assert all(use["proved"] for use in told["uses"])
    assert "办件-测试" not in json.dumps(told, ensure_ascii=False)
    code, out, _ = run("audit", "accepted", licence.identifier, "--since", since, "--lang", "zh")
    assert code == 0
    assert f"{BANK}: 4" in out
    until = (today + timedelta(days=30)).date().isoformat()
    number = f"追回-{licence.identifier[-12:]}"
    answer("audit", "order", "add", number, "--scope", "licence", "--of", licence.identifier, "--until", until)
    opened = answer("audit", "accepted", licence.identifier, "--since", since, "--order", number)
    assert {use.get("case") for use in opened["uses"]} == {"办件-测试-7", "办件-测试-8", None}
    assert run("audit", "accepted", licence.identifier, "--since", "yesterday")[0] == 3
    assert run("audit", "accepted", licence.identifier)[0] == 3


# --- orders -----------------------------------------------------------------------------------------------------------


def test_orders_are_listed_with_their_state(run: Run, answer: Ask) -> None:
    for number, since, until in (
        ("清单-1", "2026-01-01", "2036-01-01"),
        ("清单-2", "2035-01-01", "2036-01-01"),
    ):
        answer(
            "audit",
            "order",
            "add",
            number,
            "--scope",
            "department",
            "--of",
            TOBACCO,
            *("--since", since),
            "--until",
            until,
        )
    given = answer("audit", "order", "token", "清单-1")["token"]
    assert given.startswith("elo_")
    assert run("audit", "order", "token", "清单-1", "--actor", "order-keeper")[0] == 3
    assert answer("audit", "order", "end", "清单-1")["state"] == "ended"
    code, out, _ = run("audit", "order", "list", "--json")
    found = {row["number"]: row["state"] for row in json.loads(out)}
    assert (code, found["清单-1"], found["清单-2"]) == (0, "ended", "waiting")
    assert "token" not in out
    text_of = run("audit", "order", "list", "--lang", "zh")[1]
    assert "已终止" in text_of
    add = ("audit", "order", "add", "清单-3", "--scope", "licence", "--of", "x", "--until")
    assert run(*add, "2020-01-01")[0] == 3
    assert run("audit", "order", "add", "清单-3", "--scope", "everything", "--of", "x", "--until", "2036-01-01")[0] == 3


# --- the monitor ------------------------------------------------------------------------------------------------------


def test_the_monitor_alarms_on_a_log_that_was_rewritten(
    run: Run, answer: Ask, licence: Licence, log: Path, trust: Path, tmp_path: Path
) -> None:
    answer("audit", "licence", licence.identifier)
    copy = tmp_path / "copy"
    shutil.copytree(log / "log", copy)
    watch = ("audit", "monitor", copy, "--trust", trust, "--state", tmp_path / "state", "--once")
    assert answer(*watch)["kind"] == "grown"
    # Another truth: an older checkpoint with newer tiles taken away is no fork, and a damaged signature is no log's.
    (copy / "checkpoint").write_text((copy / "checkpoint").read_text().replace("\n\n", "\nmore\n\n"))
    told = answer(*watch, code=1)
    assert told["kind"] == "untrusted"
    kept = json.loads(Path(told["kept"]).read_text())
    assert kept["notes"]
    (copy / "checkpoint").unlink()
    assert answer(*watch, code=1)["kind"] == "gap"
    assert run(*watch, "--vkey", "x")[0] == 3
    assert run("audit", "monitor", copy, "--state", tmp_path / "state")[0] == 3


def test_the_monitor_follows_until_it_is_told_to_end(
    licence: Licence, house: House, trust: Path, log: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    drain(house.sequencer())
    arguments = (
        "audit",
        "monitor",
        log,
        "--trust",
        trust,
        "--state",
        tmp_path / "state",
        "--interval",
        "0.1",
        "--json",
    )
    with command(*arguments, env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        licence.use(3)
        drain(house.sequencer())
        second = json.loads(process.stdout.readline())
        assert (first["kind"], second["kind"], second["size"] - first["size"]) == ("grown", "grown", 3)
        process.terminate()
        assert process.wait(timeout=60) == 0
    state = json.loads((tmp_path / "state" / "state.json").read_text())
    assert state["size"] == second["size"]
