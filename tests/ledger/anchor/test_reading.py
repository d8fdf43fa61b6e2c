"""Two states of one log, and two that are not."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.anchor.reading import PublishedLog, same_log
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore
from ledger.tree.merkle import consistency_proof, leaf_hash, tree_root
from tests.ledger.anchor.city import City
from tests.ledger.anchor.trees import Tree

TREE = Tree(frozenset(range(40)))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 10))
def test_either_may_be_the_larger_one(size: int, other: int, at: int) -> None:
    old, new = sorted([size, other])
    proof = consistency_proof(old, new, TREE.nodes)
    root, other_root = tree_root(size, TREE.nodes), tree_root(other, TREE.nodes)
    assert same_log(size, root, other, other_root, proof)
    assert not same_log(size, leaf_hash(root), other, other_root, proof)
    assert not same_log(size, root, other, leaf_hash(other_root), proof)
    if proof:
        changed = [*proof]
        changed[at % len(proof)] = leaf_hash(changed[at % len(proof)])
        assert not same_log(size, root, other, other_root, changed)
    assert not same_log(size, root, other, other_root, (*proof, root))


def test_roots_and_proofs_out_of_tiles(objects: ObjectStore) -> None:
    city = City(objects)
    roots = {}
    for size in (1, 5, 256, 300):
        city.publish(size)
        roots[size] = city.root
    log = PublishedLog.read(tile_fetch(objects), city.vkey)
    assert log is not None
    assert log.checkpoint.root == roots[300]
    for size, root in roots.items():
        assert log.root_at(size) == root
        for other, other_root in roots.items():
            assert same_log(size, root, other, other_root, log.proof(min(size, other), max(size, other)))
