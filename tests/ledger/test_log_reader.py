"""Proofs for any index and any pair of sizes, out of checkpoint and tiles alone."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.formats.notes import NoteSigner, NoteUntrusted
from ledger.log.reader import LogReader
from ledger.objects.objects import ObjectMissing
from ledger.tree import merkle
from ledger.tree.growth import grow
from ledger.tree.merkle import RangeInvalid
from ledger.tree.tiles import TileCache, TileInvalid
from tests.ledger import reference_tree as reference
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tests.ledger.recording import SIGNER
from tests.ledger.test_merkle import LEAVES, ROOTS

VKEY = NoteSigner(ORIGIN, SIGNER).vkey


class Store(dict[str, bytes]):
    """The objects of a log in memory."""

    def fetch(self, path: str) -> bytes:
        if path not in self:
            raise ObjectMissing(path)
        return self[path]


def entry(number: int) -> bytes:
    return (number % 65_536).to_bytes(2)


def written(sizes: Sequence[int]) -> Store:
    """Write a log that was published at these sizes."""
    store, old = Store(), 0
    for size in sizes:
        first = old - old % 256
        growth = grow(old, size, [entry(number) for number in range(first, size)], store.fetch)
        store |= growth.objects
        note = NoteSigner(ORIGIN, SIGNER).sign(Checkpoint(ORIGIN, size, growth.root).text)
        store["checkpoint"] = note.encode()
        old = size
    return store


@pytest.fixture(scope="module")
def grown() -> Store:
    return written([257, 65_500, 66_000])


def test_every_proof_of_every_size_up_to_256_holds() -> None:
    """Every index in every size, and every pair of sizes, made of one log's tiles."""
    reader = LogReader.open(written([256]).fetch, VKEY)
    for size in range(1, 257):
        tiles = reader.tiles()
        assert reader.root(size) == ROOTS[size]
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, tiles.nodes)
            merkle.verify_inclusion(index, size, LEAVES[index], proof, ROOTS[size])
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old, size, tiles.nodes)
            merkle.verify_consistency(old, size, proof, ROOTS[old], ROOTS[size])


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_proofs_of_a_larger_log_hold(grown: Store, data: st.DataObject) -> None:
    reader = LogReader.open(grown.fetch, VKEY, TileCache(data.draw(st.integers(1, 3))))
    new = data.draw(st.integers(1, reader.size))
    old = data.draw(st.integers(1, new))
    merkle.verify_consistency(old, new, reader.consistency(old, new), reader.root(old), reader.root(new))
    index = data.draw(st.integers(0, reader.size - 1))
    proof = reader.inclusion(index, b"carried along")
    leaf = merkle.leaf_hash(entry(index))
    merkle.verify_inclusion(index, reader.size, leaf, proof.hashes, reader.checkpoint.root)
    assert (proof.index, proof.checkpoint, proof.extra) == (index, reader.note, b"carried along")
    assert reader.entry(index) == entry(index)


def test_roots_of_old_sizes_are_those_of_the_definition(grown: Store) -> None:
    reader = LogReader.open(grown.fetch, VKEY)
    leaves = [merkle.leaf_hash(entry(number)) for number in range(700)]
    for size in (0, 1, 255, 256, 257, 511, 512, 700):
        assert reader.root(size) == reference.mth(leaves[:size])


@pytest.mark.parametrize(("old", "new"), [(0, 5), (6, 5), (5, 66_001), (-1, 5), (66_001, None)])
def test_sizes_that_never_were_have_no_proof(grown: Store, old: int, new: int | None) -> None:
    with pytest.raises(RangeInvalid):
        LogReader.open(grown.fetch, VKEY).consistency(old, new)


@pytest.mark.parametrize("index", [-1, 66_000, 1 << 62])
def test_an_index_beyond_the_log_is_refused(grown: Store, index: int) -> None:
    reader = LogReader.open(grown.fetch, VKEY)
    with pytest.raises(RangeInvalid):
        reader.inclusion(index)
    with pytest.raises(RangeInvalid):
        reader.entry(index)


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one() -> None:
    store = written([257, 600, 66_000])
    old = Checkpoint(ORIGIN, 600, LogReader.open(store.fetch, VKEY).root(600))
    for path in [path for path in store if ".p/" in path and not path.endswith((".p/208", ".p/1"))]:
        del store[path]
    reader = LogReader("", old, store.fetch)
    assert reader.entry(599) == entry(599)
    assert reader.consistency(257, 600)
    full = [path for path in store if path.startswith("tile/0/00")]
    for path in full:
        del store[path]
    with pytest.raises(ObjectMissing) as caught:
        reader.inclusion(599)
    assert caught.value.key == "tile/0/002.p/88", "what was asked for is what is told"


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("tile/0/000", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ("tile/1/000", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
        ("tile/entries/000", lambda data: data[:-1] + bytes([data[-1] ^ 1])),
    ],
)
def test_tiles_that_were_changed_are_an_alarm(path: str, change: object) -> None:
    store = written([66_000])
    store[path] = change(store[path])  # type: ignore[operator]
    reader = LogReader.open(store.fetch, VKEY)
    with pytest.raises(FatalLedgerError):
        [reader.entry(index) for index in (255, 3, 65_535)]
    if "entries" not in path:
        with pytest.raises(FatalLedgerError):
            [reader.consistency(old) for old in (255, 65_535)]


def test_tiles_that_were_cut_are_an_alarm() -> None:
    store = written([300])
    store["tile/0/001.p/44"] = store["tile/0/001.p/44"][:-32]
    with pytest.raises(TileInvalid):
        LogReader.open(store.fetch, VKEY).inclusion(299)


def test_only_the_log_itself_vouches_for_its_checkpoint(grown: Store) -> None:
    with pytest.raises(NoteUntrusted):
        LogReader.open(grown.fetch, NoteSigner("other.test/log", SIGNER).vkey)
    with pytest.raises(NoteUntrusted):
        LogReader.open(grown.fetch, NoteSigner(ORIGIN, Ed25519Signer(bytes([1]) * 32)).vkey)
    with pytest.raises(ObjectMissing):
        LogReader.open(Store().fetch, VKEY)
