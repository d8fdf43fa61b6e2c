"""Many entries under one proof: exhaustive for small trees, by property beyond, against the RFC's own recursion."""

from hashlib import sha256
from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence.tree import joint_proof, verify_joint
from ledger.tree.merkle import Nodes, ProofInvalid, RangeInvalid, inclusion_proof
from tests.ledger import reference_tree as reference


def leaves_of(size: int) -> list[bytes]:
    return [sha256(number.to_bytes(4)).digest() for number in range(size)]


def nodes_of(leaves: list[bytes]) -> Nodes:
    return lambda level, index: reference.mth(leaves[index << level : (index + 1) << level])


def every_choice(size: int) -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(size), count) for count in range(size + 1)))


@pytest.mark.parametrize("size", range(9))
def test_every_choice_of_leaves_of_every_small_tree(size: int) -> None:
    leaves = leaves_of(size)
    root = reference.mth(leaves)
    for chosen in every_choice(size):
        proof = joint_proof(chosen, size, nodes_of(leaves))
        verify_joint({index: leaves[index] for index in chosen}, size, proof, root)
        for index in chosen:
            wrong = {other: leaves[other] for other in chosen} | {index: bytes(32)}
            with pytest.raises(ProofInvalid):
                verify_joint(wrong, size, proof, root)
        for part in range(len(proof)):
            with pytest.raises(ProofInvalid):
                verify_joint(
                    {index: leaves[index] for index in chosen},
                    size,
                    (*proof[:part], bytes(32), *proof[part + 1 :]),
                    root,
                )


def test_of_one_leaf_it_has_the_hashes_of_the_inclusion_proof() -> None:
    for size in range(1, 33):
        leaves = leaves_of(size)
        for index in range(size):
            nodes = nodes_of(leaves)
            assert set(joint_proof([index], size, nodes)) == set(inclusion_proof(index, size, nodes))


@settings(max_examples=60)
@given(st.data())
def test_larger_trees(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 600))
    leaves = leaves_of(size)
    chosen = data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=40))
    root = reference.mth(leaves)
    proof = joint_proof(chosen, size, nodes_of(leaves))
    verify_joint({index: leaves[index] for index in chosen}, size, proof, root)
    moved = {index + 1: leaves[index] for index in chosen}
    with pytest.raises(ProofInvalid):
        verify_joint(moved, size, proof, root)


def test_a_thousand_neighbours_cost_hardly_more_than_one() -> None:
    leaves = leaves_of(4096)
    assert len(joint_proof(range(1500, 2500), 4096, nodes_of(leaves))) <= 2 * 12


def test_what_is_outside_of_the_tree_is_refused() -> None:
    leaves = leaves_of(4)
    for index in (-1, 4):
        with pytest.raises(RangeInvalid):
            joint_proof([index], 4, nodes_of(leaves))
        with pytest.raises(ProofInvalid, match="outside"):
            verify_joint({index: leaves[3]}, 4, joint_proof([3], 4, nodes_of(leaves)), reference.mth(leaves))


def test_length_and_sizes_are_looked_at() -> None:
    leaves = leaves_of(5)
    root, proof = reference.mth(leaves), joint_proof([1], 5, nodes_of(leaves))
    with pytest.raises(ProofInvalid, match="too short"):
        verify_joint({1: leaves[1]}, 5, proof[:-1], root)
    with pytest.raises(ProofInvalid, match="too long"):
        verify_joint({1: leaves[1]}, 5, (*proof, bytes(32)), root)
    with pytest.raises(ProofInvalid, match="not made of"):
        verify_joint({1: leaves[1]}, 5, (*proof[:-1], b"short"), root)
    with pytest.raises(ProofInvalid, match="too long"):
        verify_joint({}, 5, (bytes(32),), root)
    verify_joint({}, 5, (), root)
