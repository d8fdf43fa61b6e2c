"""A log of 15 entries made by transparency-dev/tessera: read, verified and made again, byte for byte."""

from pathlib import Path

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import Vkey
from ledger.tree import merkle
from ledger.tree.growth import grow
from ledger.tree.tiles import Tile, TileReader

VKEY = Vkey.parse("example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
SIZE = 15


@pytest.fixture
def log(vectors: Path) -> Path:
    return vectors / "tlog-tiles"


def checkpoint(log: Path, name: str) -> Checkpoint:
    return Checkpoint.open((log / name).read_text(), {"example.com/log/testdata": VKEY})


def reader(log: Path, size: int) -> TileReader:
    return TileReader(size, lambda path: (log / path).read_bytes())


def test_every_checkpoint_verifies_and_its_tiles_give_its_root(log: Path) -> None:
    assert checkpoint(log, "checkpoint").size == SIZE
    for size in range(SIZE + 1):
        found = checkpoint(log, f"checkpoint.{size}")
        assert found.size == size
        assert reader(log, size).root() == found.root


def test_every_tile_is_made_again_byte_for_byte(log: Path) -> None:
    made: dict[str, bytes] = {}
    entries = [reader(log, SIZE).entry(index) for index in range(SIZE)]
    for size in range(SIZE):
        growth = grow(size, size + 1, entries[: size + 1], lambda path: (log / path).read_bytes())
        assert growth.root == checkpoint(log, f"checkpoint.{size + 1}").root
        made |= growth.objects
    stored = {file.relative_to(log).as_posix(): file.read_bytes() for file in log.rglob("tile/**/*") if file.is_file()}
    assert made == stored
    assert len(stored) == 2 * SIZE
    assert all(Tile.parse(path).path == path for path in stored)


def test_every_proof_holds(log: Path) -> None:
    for size in range(1, SIZE + 1):
        nodes, root = reader(log, size).nodes, checkpoint(log, f"checkpoint.{size}").root
        for index in range(size):
            leaf = merkle.leaf_hash(reader(log, size).entry(index))
            merkle.verify_inclusion(index, size, leaf, merkle.inclusion_proof(index, size, nodes), root)
        for old in range(1, size + 1):
            old_root = checkpoint(log, f"checkpoint.{old}").root
            merkle.verify_consistency(old, size, merkle.consistency_proof(old, size, nodes), old_root, root)
