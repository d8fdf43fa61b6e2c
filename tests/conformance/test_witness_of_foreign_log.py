"""Our witness and our asker before a log made by transparency-dev/tessera, its own checkpoints, tiles and signatures."""

from pathlib import Path

import pytest

from ledger.formats.cosignatures import cosignatures
from ledger.formats.notes import SignedNote, Vkey
from ledger.formats.tlog_policy import Policy
from ledger.tree.tiles import TileReader
from ledger.witness.client import WitnessInProcess
from ledger.witness.errors import WitnessConflict, WitnessProofInvalid
from ledger.witness.protocol import AddCheckpoint
from ledger.witness.witnessing import Witnesses
from tests.ledger.witnessed_logs import NOW, witness_in

VKEY = Vkey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
SIZE = 15


@pytest.fixture
def log(vectors: Path) -> Path:
    return vectors / "tlog-tiles"


def reader(log: Path, size: int) -> TileReader:
    return TileReader(size, lambda path: (log / path).read_bytes())


def test_every_checkpoint_is_cosigned_from_every_one_before(log: Path, tmp_path: Path) -> None:
    notes = [(log / f"checkpoint.{size}").read_text() for size in range(SIZE + 1)]
    for old in range(SIZE + 1):
        folder = tmp_path / str(old)
        folder.mkdir()
        witness, store, cosigner = witness_in(folder)
        with store.exclusive() as memory:
            memory.watch(VKEY, NOW)
        policy = Policy.parse(f"witness w {cosigner.key.text}\nquorum w\n".encode())
        link = WitnessInProcess(witness, lambda: NOW)
        asker = Witnesses(policy, lambda size: reader(log, size).nodes, links={"w": link}, clock=lambda: NOW)
        for size in sorted({old, SIZE}):
            note = asker.cosign(notes[size])
            assert len(cosignatures(SignedNote.parse(note), [cosigner.key])) == 1, f"{old} to {size}"


def test_what_that_log_did_not_do_is_refused(log: Path, tmp_path: Path) -> None:
    witness, store, _ = witness_in(tmp_path)
    with store.exclusive() as memory:
        memory.watch(VKEY, NOW)
    witness.add_checkpoint(AddCheckpoint(0, (), (log / "checkpoint.9").read_text()).to_bytes(), NOW)
    later = (log / "checkpoint.15").read_text()
    with pytest.raises(WitnessProofInvalid):
        witness.add_checkpoint(AddCheckpoint(9, (), later).to_bytes(), NOW)
    with pytest.raises(WitnessConflict):
        witness.add_checkpoint(AddCheckpoint(0, (), (log / "checkpoint.3").read_text()).to_bytes(), NOW)
