"""`elicence ledger …` through the real command line: our own log, and any log by its address or folder."""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from api.house import House
from api.schema import Role
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import Vkey
from ledger.formats.tlog_proof import TlogProof, verify_proof
from ledger.log.reader import LogReader
from ledger.tree.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests.tools.conftest import Run
from tests.tools.issue_driver import issue_here
from tests.tools.rows import permits, write_rows
from tools.sequencing import drain


@pytest.fixture(scope="module")
def logged(house: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """The house, with some licences in its log."""
    issue_here(house, write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", permits(3)))
    drain(house.sequencer())
    return house


@pytest.fixture
def vkey(run: Run) -> Vkey:
    return Vkey.parse(json.loads(run("ledger", "head", "--json")[1])["vkey"])


def folder(house: House) -> Path:
    return house.settings.home / "objects" / "log"


@pytest.fixture
def served(logged: House) -> Iterator[str]:
    """The log's folder as any web server hands it out."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder(logged)))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_head_is_shown_and_what_waits(logged: House, run: Run) -> None:
    code, out, _ = run("ledger", "head", "--json")
    head = json.loads(out)
    assert code == 0
    assert head["size"] >= 3
    assert (head["waiting"], head["overdue"], head["unpublished"]) == (0, 0, 0)
    assert Checkpoint.open(head["checkpoint"], {head["origin"]: Vkey.parse(head["vkey"])}).root.hex() == head["root"]
    for language in ("zh", "en"):
        told = run("ledger", "head", "--lang", language)[1]
        assert head["root"] in told
        assert str(head["size"]) in told


def test_what_waits_is_counted(logged: House, run: Run, tmp_path: Path) -> None:
    issue_here(logged, write_rows(tmp_path / "rows.jsonl", permits(4)))
    head = json.loads(run("ledger", "head", "--json")[1])
    assert head["waiting"] > 0
    assert head["waiting_since"].endswith("Z")
    assert "0（最早" not in run("ledger", "head", "--lang", "zh")[1]
    drain(logged.sequencer())


def test_our_own_log_is_checked_with_everything_behind_it(logged: House, run: Run) -> None:
    code, out, _ = run("ledger", "fsck", "--json", "--jobs", "1")
    report = json.loads(out)
    assert (code, report["clean"], report["findings"]) == (0, True, [])
    assert report["counts"]["entries"] == report["counts"]["events"] >= 3
    assert report["counts"]["documents"] >= 6
    code, out, _ = run("ledger", "fsck", "--lang", "zh", "--no-documents")
    assert code == 0
    assert out.startswith("一致")
    assert "文件" not in out


def test_a_document_that_was_touched_is_found_and_named(logged: House, run: Run) -> None:
    with logged.database.session(Role.WORKER) as session:
        keys = list(session.scalars(text("SELECT object_key FROM licences.renditions ORDER BY object_key LIMIT 2")))
    kept = {key: logged.objects.get(key) for key in keys}
    logged.objects.put(keys[0], kept[keys[0]][:-1] + bytes([kept[keys[0]][-1] ^ 1]))
    logged.objects.delete(keys[1])
    logged.objects.put("documents/aa/stray", b"")
    code, out, _ = run("ledger", "fsck", "--json", "--jobs", "1")
    logged.objects.put_all(kept)
    logged.objects.delete("documents/aa/stray")
    report = json.loads(out)
    assert (code, report["clean"]) == (1, False)
    assert sorted(finding["what"] for finding in report["findings"]) == ["document.damaged", "document.missing"]
    assert report["counts"]["unreferenced objects"] == 1


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE licences.renditions SET digest = 'sha-256:' || repeat('0', 64)",
            {"document.differs", "document.unlogged"},
        ),
        ("UPDATE licences.renditions SET sha256 = 'sha-256:' || repeat('0', 64)", {"document.damaged"}),
        (
            "UPDATE ledger.events SET body = body || 'x'::bytea WHERE kind = 'issued'",
            {"document.unlogged", "event.body"},
        ),
        (
            "WITH terms AS (DELETE FROM ledger.event_terms) DELETE FROM ledger.events WHERE kind = 'issued'",
            {"document.unlogged", "entry.missing"},
        ),
    ],
)
def test_rows_that_were_touched_are_found(logged: House, statement: str, found: set[str]) -> None:
    """In a transaction that is rolled back, over the functions that the command calls."""
    from contextlib import contextmanager
    from datetime import UTC, datetime

    from sqlalchemy.orm import Session

    from ledger.fsck.fsck import check_own_log
    from licences.document_check import check_documents

    with logged.database.engine(Role.WORKER).connect() as connection, connection.begin() as transaction:
        session = Session(connection, join_transaction_mode="create_savepoint")
        session.execute(text(statement))

        @contextmanager
        def sessions() -> Iterator[Session]:
            yield session

        vkey = Vkey.parse(logged.trust(datetime.now(UTC)).log_keys[logged.ceremony.plan.log.origin])
        report = check_own_log(sessions, logged.objects, logged.wrapper, vkey, datetime.now(UTC))
        report.take(check_documents(sessions, logged.objects, logged.wrapper, lambda _: None))
        transaction.rollback()
    assert {finding.what for finding in report.findings} >= found


def test_any_log_is_checked_by_its_address_or_folder(logged: House, run: Run, served: str, vkey: Vkey) -> None:
    for place in (served, folder(logged), folder(logged).parent):
        code, out, _ = run("ledger", "fsck", "--at", place, "--vkey", vkey.text, "--json")
        assert (code, json.loads(out)["clean"]) == (0, True)
    code, out, _ = run("ledger", "head", "--at", served, "--vkey", vkey.text, "--json")
    assert json.loads(out)["origin"] == vkey.name


def test_the_trust_list_knows_the_key(logged: House, run: Run, served: str, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_bytes((logged.settings.home / "keys" / "trust.json").read_bytes())
    assert run("ledger", "fsck", "--at", served, "--trust", trust)[0] == 0
    code, _, err = run("ledger", "fsck", "--at", served)
    assert (code, "tools.log_key_missing" in err) == (3, True)


def test_a_log_of_another_key_is_not_believed(logged: House, run: Run, served: str) -> None:
    other = Vkey("elicence.test/other", 1, bytes(32))
    code, out, _ = run("ledger", "fsck", "--at", served, "--vkey", other.text, "--json")
    assert (code, json.loads(out)["findings"][0]["what"]) == (1, "checkpoint.unsigned")


def test_a_log_that_does_not_answer_is_not_judged(run: Run, vkey: Vkey) -> None:
    import socket

    with socket.socket() as unheard:  # bound and never listening
        unheard.bind(("127.0.0.1", 0))
        place = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        code, _, err = run("ledger", "fsck", "--at", place, "--vkey", vkey.text)
    assert (code, "ledger.log_unreachable" in err) == (2, True)


def test_proofs_are_written_out_of_tiles(logged: House, run: Run, served: str, vkey: Vkey, tmp_path: Path) -> None:
    reader = LogReader.open(lambda path: (folder(logged) / path).read_bytes(), vkey)
    index = reader.size - 1
    code, out, _ = run("ledger", "prove", "--at", served, "--vkey", vkey.text, "--index", index)
    proof = TlogProof.parse(out)
    assert code == 0
    verify_inclusion(index, reader.size, leaf_hash(reader.entry(index)), proof.hashes, reader.checkpoint.root)
    code, out, _ = run("ledger", "prove", "--from", 2)
    hashes = [base64.b64decode(line) for line in out.split()]
    verify_consistency(2, reader.size, hashes, reader.root(2), reader.checkpoint.root)
    with logged.database.session(Role.WORKER) as session:
        event = session.scalar(text("SELECT id FROM ledger.events WHERE kind = 'issued' LIMIT 1"))
    path = tmp_path / "event.tlog-proof"
    assert run("ledger", "prove", "--event", event, "-o", path)[:2] == (0, "")
    assert verify_proof(TlogProof.parse(path.read_text()), {vkey.name: vkey}).event["id"] == event


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 3),
        (("--index", 0, "--from", 1), 3),
        (("--index", 0, "--to", 1), 3),
        (("--to", 1), 3),
        (("--index", 1 << 40), 3),
        (("--from", 1 << 40), 3),
        (("--event", "evt_none"), 3),
    ],
)
def test_what_cannot_be_proved_is_a_wrong_request(run: Run, arguments: tuple[object, ...], code: int) -> None:
    assert run("ledger", "prove", *arguments)[:2] == (code, "")


def test_an_event_is_opened_by_its_own_house_only(run: Run, served: str, vkey: Vkey) -> None:
    assert run("ledger", "prove", "--at", served, "--vkey", vkey.text, "--event", "evt_1")[0] == 3


def test_tidying_leaves_a_clean_log(logged: House, run: Run) -> None:
    code, out, _ = run("ledger", "tidy", "--json")
    assert code == 0
    assert json.loads(out)["deleted"] >= 0
    assert json.loads(run("ledger", "tidy", "--json")[1]) == {"deleted": 0}, "all that could go is gone"
    assert run("ledger", "fsck", "--no-documents")[0] == 0


def test_objects_of_no_document_are_listed_and_deleted_when_told(logged: House, run: Run) -> None:
    old, young = "documents/aa/stray", "documents/ab/stray"
    for key in (old, young):
        logged.objects.put(key, b"x")
    files = logged.settings.home / "objects"
    moment = time.time() - 40 * 86_400
    os.utime(files / old, (moment, moment))
    for known in (files / "documents").glob("*/" + "[0-9a-f]" * 64):
        os.utime(known, (moment, moment))
    before = set(logged.objects.keys("documents"))
    listed = json.loads(run("ledger", "tidy", "--documents", "--json")[1])
    assert listed == {"objects": [old], "deleted": 0}
    assert set(logged.objects.keys("documents")) == before
    code, out, _ = run("ledger", "tidy", "--documents", "--delete", "--lang", "zh")
    assert (code, "已删除无登记对象 1 个" in out, old in out) == (0, True, True)
    assert set(logged.objects.keys("documents")) == before - {old}
    logged.objects.delete(young)


def test_nothing_is_garbage_to_a_database_that_was_set_back(logged: House, run: Run) -> None:
    """After a restore of an older copy the documents of the lost rows look like garbage, and are all that is left."""
    checkpoint = logged.objects.get("log/checkpoint")
    origin, size, rest = checkpoint.split(b"\n", 2)
    logged.objects.put("documents/aa/stray", b"x")
    os.utime(logged.settings.home / "objects" / "documents/aa/stray", (0, 0))
    logged.objects.put("log/checkpoint", b"\n".join([origin, b"%d" % (int(size) + 1), rest]))
    try:
        code, _, err = run("ledger", "tidy", "--documents", "--delete")
    finally:
        logged.objects.put("log/checkpoint", checkpoint)
    assert code != 0
    assert "ledger.fatal" in err
    assert logged.objects.get("documents/aa/stray") == b"x"
    logged.objects.delete("documents/aa/stray")
