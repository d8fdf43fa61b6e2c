from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.formats.bundles import encode_entries
from ledger.tree import merkle
from ledger.tree.growth import grow
from ledger.tree.tiles import ENTRIES, Tile, TileCache, TileInvalid, TilePathInvalid, TileReader, parse_bundle
from tests.ledger import reference_tree as reference
from tests.ledger.test_merkle import LEAVES, NODES, ROOTS


def entry(number: int) -> bytes:
    return (number % 65_536).to_bytes(2)  # as LEAVES of test_merkle are made


class Log:
    """A log in a dictionary that grows as the sequencer lets it grow."""

    def __init__(self) -> None:
        self.size = 0
        self.objects: dict[str, bytes] = {}

    def fetch(self, path: str) -> bytes:
        return self.objects[path]

    def grow(self, size: int) -> Mapping[str, bytes]:
        first = self.size - self.size % 256
        growth = grow(self.size, size, [entry(number) for number in range(first, size)], self.fetch)
        self.objects |= growth.objects
        self.size = size
        return growth.objects

    def reader(self) -> TileReader:
        return TileReader(self.size, self.fetch)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(1, 999), "tile/1/999"),
        (Tile(1, 1000), "tile/1/x001/000"),
        (Tile(ENTRIES, 12, 5), "tile/entries/012.p/5"),
        (Tile(63, 1, 255), "tile/63/001.p/255"),
    ],
)
def test_paths_of_the_standard(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(st.integers(-1, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_a_path_names_its_tile(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/05",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/٠٠٠",
        "tile/0/000\n",
        "tile/0/" + "x001/" * 40 + "000",
        "checkpoint",
    ],
)
def test_whatever_else_is_refused(path: str) -> None:
    with pytest.raises(TilePathInvalid):
        Tile.parse(path)


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_standard() -> None:
    # c2sp.org/tlog-tiles, "Partial Tiles": the example.
    log = Log()
    log.grow(70_000)
    hashes = [path for path in log.objects if not path.startswith("tile/entries")]
    tiles = [Tile.parse(path) for path in hashes]
    assert sorted((tile.level, tile.width) for tile in tiles if tile.width < 256) == [(0, 112), (1, 17), (2, 1)]
    assert sum(tile.level == 0 and tile.width == 256 for tile in tiles) == 273
    assert sum(tile.level == 1 and tile.width == 256 for tile in tiles) == 1
    assert all(len(log.objects[tile.path]) == 32 * tile.width for tile in tiles)


def test_a_log_of_one_full_tile_has_no_empty_one() -> None:
    log = Log()
    assert set(log.grow(256)) == {"tile/entries/000", "tile/0/000", "tile/1/000.p/1"}


STEPS = [0, 1, 2, 255, 256, 257, 300]


@pytest.mark.parametrize("middle", STEPS)
@pytest.mark.parametrize("size", STEPS)
def test_growing_in_steps_gives_the_tiles_of_growing_at_once(middle: int, size: int) -> None:
    if middle > size:
        return
    stepwise, direct = Log(), Log()
    stepwise.grow(middle)
    stepwise.grow(size)
    direct.grow(size)
    assert {path: stepwise.objects[path] for path in direct.objects} == direct.objects
    assert stepwise.reader().root() == ROOTS[size]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
def test_growth_writes_new_objects_only_and_tells_both_roots(steps: list[int]) -> None:
    log = Log()
    for step in steps:
        old = log.size
        first = old - old % 256
        before = log.reader().root()
        growth = grow(old, old + step, [entry(number) for number in range(first, old + step)], log.fetch)
        assert not set(growth.objects) & set(log.objects), "what was published is never written again"
        assert growth.old_root == before
        assert growth.root == reference.mth([merkle.leaf_hash(entry(number)) for number in range(old + step)])
        log.objects |= growth.objects
        log.size += step


def test_not_growing_writes_nothing() -> None:
    log = Log()
    log.grow(300)
    assert log.grow(300) == {}


@pytest.mark.parametrize("size", [1, 2, 7, 255, 256, 257, 300])
def test_proofs_come_out_of_tiles_alone(size: int) -> None:
    log = Log()
    log.grow(size)
    for index in range(size):
        reader = log.reader()
        assert merkle.inclusion_proof(index, size, reader.nodes) == merkle.inclusion_proof(index, size, NODES)
        assert merkle.leaf_hash(reader.entry(index)) == LEAVES[index]


def test_every_tile_is_fetched_once() -> None:
    log = Log()
    log.grow(300)
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        return log.objects[path]

    reader = TileReader(300, fetch)
    for index in range(300):
        merkle.inclusion_proof(index, 300, reader.nodes)
        reader.entry(index)
    assert len(asked) == len(set(asked))


def test_a_damaged_tile_proves_nothing() -> None:
    log = Log()
    log.grow(300)
    log.objects["tile/0/000"] = bytes(8192)
    proof = merkle.inclusion_proof(5, 300, log.reader().nodes)
    with pytest.raises(merkle.ProofInvalid):
        merkle.verify_inclusion(5, 300, LEAVES[5], proof, ROOTS[300])


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_damaged_tile_gives_another_root_or_none(path: str) -> None:
    log = Log()
    log.grow(300)
    log.objects[path] = b"\x00" * len(log.objects[path])
    assert log.reader().root() != ROOTS[300]
    log.objects[path] = log.objects[path][:-1]
    with pytest.raises(TileInvalid):
        log.reader().root()


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_a_bundle_holds_its_entries(entries: list[bytes]) -> None:
    assert parse_bundle(Tile(ENTRIES, 0, len(entries)), encode_entries(entries)) == tuple(entries)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x00\x01", b"\x00\x01ab", b"\x00\x00\x00\x00", b"\xff\xffab"])
def test_a_bundle_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(TileInvalid):
        parse_bundle(Tile(ENTRIES, 0, 1), data)


@pytest.mark.parametrize("limit", [1, 2, 4096])
def test_readers_that_share_a_cache_give_the_same_nodes(limit: int) -> None:
    """70,000 entries have three levels of tiles; a log that grew meanwhile has other partial ones."""
    log, cache = Log(), TileCache(limit)
    log.grow(70_000)
    small = log.reader()
    log.grow(70_300)
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        return log.objects[path]

    for size, index in [(70_000, 5), (70_300, 69_999), (70_000, 65_536), (70_300, 70_299), (70_000, 5)]:
        plain, shared = log.reader() if size == 70_300 else small, TileReader(size, fetch, cache)
        proof = merkle.inclusion_proof(index, size, shared.nodes)
        assert proof == merkle.inclusion_proof(index, size, plain.nodes)
        merkle.verify_inclusion(index, size, merkle.leaf_hash(entry(index)), proof, plain.root())
    above = [path for path in asked if not path.startswith("tile/0/")]
    assert (len(above) == len(set(above))) == (limit > 2)
