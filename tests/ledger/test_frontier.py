import pytest

from ledger.errors import FatalLedgerError
from ledger.tree.frontier import EMPTY, Frontier
from tests.ledger.test_merkle import LEAVES, ROOTS


def test_the_root_grows_leaf_by_leaf_as_the_definition_says() -> None:
    frontier = EMPTY
    for size, leaf in enumerate(LEAVES):
        assert (frontier.size, frontier.root()) == (size, ROOTS[size])
        frontier = frontier.extend([leaf])


@pytest.mark.parametrize("first", range(0, 40, 3))
def test_leaves_may_come_in_batches_of_any_size(first: int) -> None:
    frontier = EMPTY.extend(LEAVES[:first])
    assert frontier.extend(LEAVES[first:40]).root() == ROOTS[40]
    assert frontier.root() == ROOTS[first], "extending leaves the old edge as it was"


def test_it_is_stored_as_the_hashes_alone() -> None:
    frontier = EMPTY.extend(LEAVES[:13])
    assert Frontier.of(13, frontier.to_bytes()) == frontier
    assert len(frontier.to_bytes()) == 3 * 32


@pytest.mark.parametrize(("size", "data"), [(0, b"x"), (1, b""), (3, bytes(32)), (4, bytes(33)), (-1, bytes(32))])
def test_an_edge_that_does_not_fit_its_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(FatalLedgerError):
        Frontier.of(size, data)
