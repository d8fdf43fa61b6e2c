"""The witness over HTTP: the protocol's statuses and types, and nothing else whatever is sent."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.witnessing import witness_app
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.cosignatures import cosignatures
from ledger.formats.notes import SignedNote
from ledger.formats.tlog_proof import TlogProof
from ledger.objects.local_objects import LocalObjects
from ledger.tree.merkle import leaf_hash
from ledger.witness.protocol import MAX_REQUEST
from ledger.witness.provincial_proof import city_entry
from tests.ledger.witnessed_logs import NOW, SmallLog, witness_in

LOG = SmallLog()
PROVINCE = SmallLog("province.test/log")


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    witness, store, _ = witness_in(tmp_path, LOG)
    return TestClient(witness_app(witness, store, lambda: NOW))


def test_a_checkpoint_is_cosigned_and_can_be_read_again(tmp_path: Path) -> None:
    witness, store, cosigner = witness_in(tmp_path, LOG)
    client = TestClient(witness_app(witness, store, lambda: NOW))
    answer = client.post("/add-checkpoint", content=LOG.request(0, 5))
    assert answer.status_code == 200
    note = LOG.note(5) + answer.text
    assert [one.at for one in cosignatures(SignedNote.parse(note), [cosigner.key])] == [NOW]
    for path in (f"/logs/{LOG.origin}/checkpoint", f"/logs/{LOG.origin.replace('/', '%2F')}/checkpoint"):
        read = client.get(path)
        assert (read.status_code, read.text) == (200, note)
        assert read.headers["Cache-Control"] == "public, max-age=1"


def test_the_statuses_of_the_specification(client: TestClient) -> None:
    assert client.post("/add-checkpoint", content=LOG.request(0, 5)).status_code == 200
    conflict = client.post("/add-checkpoint", content=LOG.request(2, 8))
    assert (conflict.status_code, conflict.headers["Content-Type"], conflict.text) == (409, "text/x.tlog.size", "5\n")
    for status, body in (
        (400, b""),
        (400, b"old 9\n\n" + LOG.note(8).encode()),
        (403, SmallLog(seed=bytes([5]) * 32).request(5, 8)),
        (404, SmallLog("unknown.test/log").request(0, 5)),
        (422, b"old 5\n\n" + LOG.note(8).encode()),
    ):
        answer = client.post("/add-checkpoint", content=body)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
        assert answer.text.endswith(")\n")


def test_what_is_no_request_of_the_protocol(client: TestClient) -> None:
    assert client.post("/add-checkpoint", content=b"x" * (MAX_REQUEST + 1)).status_code == 413
    assert client.get("/add-checkpoint").status_code == 405
    for path in (
        "/",
        "/log/checkpoint",
        f"/logs/{LOG.origin}/proof/1",
        f"/logs/{LOG.origin}/checkpoint",
        "/logs/x/checkpoint",
    ):
        assert client.get(path).status_code == 404


def test_a_witness_that_cannot_write_says_when_to_come_again(tmp_path: Path) -> None:
    witness, store, _ = witness_in(tmp_path, LOG)
    client = TestClient(witness_app(witness, store, lambda: NOW))
    next(tmp_path.glob("*.sqlite")).unlink()
    answer = client.post("/add-checkpoint", content=LOG.request(0, 5))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]


def test_a_province_serves_its_log_and_its_proofs(tmp_path: Path) -> None:
    witness, store, _ = witness_in(tmp_path, LOG)
    objects = LocalObjects(tmp_path / "objects")
    client = TestClient(witness_app(witness, store, lambda: NOW, objects))
    path = f"/logs/{LOG.origin}/proof"
    assert client.get(f"{path}/1").status_code == 404, "nothing is gathered"
    entry = city_entry(LOG.note(5))
    with store.exclusive() as memory:
        memory.gathered(LOG.origin, 5, 0, entry)
    assert client.get(f"{path}/1").status_code == 404, "nothing is published"
    note = PROVINCE.signer.sign(Checkpoint(PROVINCE.origin, 1, leaf_hash(entry)).text)
    objects.put("log/checkpoint", note.encode())
    objects.put("log/tile/0/000.p/1", leaf_hash(entry))
    proof = TlogProof.parse(client.get(f"{path}/3").text)
    assert (proof.index, proof.hashes, proof.checkpoint, proof.extra) == (0, (), note, entry)
    for size in ("6", "x", "-1", "01", "99999999999999999999"):
        assert client.get(f"{path}/{size}").status_code == 404
    checkpoint, tile = client.get("/log/checkpoint"), client.get("/log/tile/0/000.p/1")
    assert (checkpoint.text, checkpoint.headers["Cache-Control"]) == (note, "public, max-age=1")
    assert (tile.content, tile.headers["Content-Type"]) == (leaf_hash(entry), "application/octet-stream")
    assert "immutable" in tile.headers["Cache-Control"]
    assert client.get("/log/tile/x").status_code == 404
