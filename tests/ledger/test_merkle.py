from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.tree import merkle
from ledger.tree.merkle import ProofInvalid, RangeInvalid
from tests.ledger import reference_tree as reference

LEAVES = [merkle.leaf_hash(number.to_bytes(2)) for number in range(300)]
NODES = reference.nodes_of(LEAVES)
ROOTS = [reference.mth(LEAVES[:size]) for size in range(len(LEAVES) + 1)]


def test_the_hashes_of_the_standard() -> None:
    # The roots of the first vectors of the CT reference implementation.
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.node_hash(b"a", b"b") == sha256(b"\x01ab").digest()


@pytest.mark.parametrize("size", range(65))
def test_every_root_and_proof_of_small_trees_follows_the_definitions(size: int) -> None:
    leaves = LEAVES[:size]
    assert merkle.tree_root(size, NODES) == ROOTS[size]
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, NODES)
        assert list(proof) == reference.path(index, leaves)
        merkle.verify_inclusion(index, size, leaves[index], proof, ROOTS[size])
    for old in range(1, size + 1):
        proof = merkle.consistency_proof(old, size, NODES)
        assert list(proof) == reference.proof(old, leaves)
        merkle.verify_consistency(old, size, proof, ROOTS[old], ROOTS[size])


@pytest.mark.parametrize("size", range(1, 34))
def test_every_subtree_of_small_trees_is_proved(size: int) -> None:
    for start in range(size):
        for end in range(start + 1, size + 1):
            if merkle.is_subtree(start, end):
                proof = merkle.subtree_proof(start, end, size, NODES)
                merkle.verify_subtree(start, end, size, reference.mth(LEAVES[start:end]), proof, ROOTS[size])
            else:
                with pytest.raises(RangeInvalid):
                    merkle.subtree_proof(start, end, size, NODES)


@pytest.mark.parametrize("size", range(1, 18))
def test_an_inclusion_proof_proves_its_own_index_alone(size: int) -> None:
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, NODES)
        for other in [*range(-1, 40), 1 << 62, 1 << 70]:
            if other != index:
                with pytest.raises(ProofInvalid):
                    merkle.verify_inclusion(other, size, LEAVES[index], proof, ROOTS[size])


@pytest.mark.parametrize("size", range(1, 18))
def test_a_consistency_proof_proves_its_own_size_alone(size: int) -> None:
    for old in range(1, size + 1):
        proof = merkle.consistency_proof(old, size, NODES)
        for other in range(-1, 40):
            if other != old:
                with pytest.raises(ProofInvalid):
                    merkle.verify_consistency(other, size, proof, ROOTS[old], ROOTS[size])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (5, 4), (-1, 3)])
def test_there_is_no_proof_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(RangeInvalid):
        merkle.inclusion_proof(index, size, NODES)


def test_consistency_with_the_empty_tree_is_refused_by_both_sides() -> None:
    with pytest.raises(RangeInvalid):
        merkle.consistency_proof(0, 5, NODES)
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, ROOTS[5])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_changed_part_of_a_proof_is_found(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    proof = list(merkle.inclusion_proof(index, size, NODES))
    parts = [LEAVES[index], ROOTS[size], *proof]
    merkle.verify_inclusion(index, size, parts[0], parts[2:], parts[1])
    which = data.draw(st.integers(0, len(parts) - 1))
    at = data.draw(st.integers(0, 31))
    bit = data.draw(st.integers(0, 7))
    changed = bytearray(parts[which])
    changed[at] ^= 1 << bit
    parts[which] = bytes(changed)
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(index, size, parts[0], parts[2:], parts[1])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_fork_has_no_consistency_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    old = data.draw(st.integers(1, size - 1))
    forked = list(LEAVES[:size])
    forked[data.draw(st.integers(0, old - 1))] = merkle.leaf_hash(b"rewritten")
    nodes = reference.nodes_of(forked)
    proof = merkle.consistency_proof(old, size, nodes)
    with pytest.raises(ProofInvalid):
        merkle.verify_consistency(old, size, proof, ROOTS[old], reference.mth(forked))


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param([], id="too short"),
        pytest.param([bytes(32)] * 3, id="too long"),
        pytest.param([b"", bytes(32)], id="an empty hash"),
        pytest.param([bytes(33), bytes(31)], id="hashes of other sizes"),
        pytest.param([bytes(32)] * 65, id="deeper than any tree"),
        pytest.param([bytes(32)] * 2, id="the wrong hashes"),
    ],
)
def test_a_misshapen_proof_is_refused(proof: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(0, 4, LEAVES[0], proof, ROOTS[4])


def test_an_absurd_size_ends_quickly() -> None:
    with pytest.raises(ProofInvalid):
        merkle.verify_inclusion(3, 1 << 10_000, LEAVES[0], [bytes(32)] * 64, ROOTS[4])
