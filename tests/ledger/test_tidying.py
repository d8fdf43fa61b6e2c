"""Old partial tiles go, and everything can still be proved, by readers of every checkpoint."""

from collections.abc import Iterator

import pytest

from ledger.formats.checkpoints import Checkpoint
from ledger.log.reader import LogReader
from ledger.log.tidying import tidy
from ledger.objects.local_objects import LocalObjects
from ledger.objects.objects import ObjectStore
from ledger.tree.growth import grow
from tests.ledger.local_keys import ORIGIN

SIZES = (100, 200, 500, 700, 900, 1000)


@pytest.fixture
def grown(objects: ObjectStore) -> Iterator[dict[int, bytes]]:
    """The root at each size at which the log was published."""
    roots, old = {}, 0
    for size in SIZES:
        first = old - old % 256
        growth = grow(
            old, size, [b"%d" % number for number in range(first, size)], lambda path: objects.get(f"log/{path}")
        )
        objects.put_all({f"log/{path}": data for path, data in growth.objects.items()})
        old, roots[size] = size, growth.root
    return iter([roots])


def partial(objects: ObjectStore) -> set[str]:
    return {key for key in objects.keys("log/tile") if ".p/" in key}


def test_old_partial_tiles_go_and_every_proof_stays(objects: ObjectStore, grown: Iterator[dict[int, bytes]]) -> None:
    roots = next(grown)
    before = partial(objects)
    assert tidy(objects, 1000) == 6
    gone = before - partial(objects)
    assert {key.split("/")[-3:][0] + "/" + "/".join(key.split("/")[-2:]) for key in gone} == {
        f"{level}/{tile}" for level in ("0", "entries") for tile in ("000.p/100", "000.p/200", "001.p/244")
    }
    for size, root in roots.items():
        reader = LogReader("", Checkpoint(ORIGIN, size, root), lambda path: objects.get(f"log/{path}"))
        for index in range(0, size, 7):
            assert reader.entry(index) == b"%d" % index
        assert reader.consistency(50)
    assert tidy(objects, 1000) == 0


def test_a_partial_tile_that_is_no_beginning_of_its_full_one_is_kept(
    objects: LocalObjects, grown: Iterator[dict[int, bytes]]
) -> None:
    assert next(grown)
    objects.put("log/tile/0/000.p/100", bytes(3200))
    objects.put("log/tile/strange", b"")
    objects.delete("log/tile/entries/000")
    assert tidy(objects, 1000) == 3
    assert {"log/tile/0/000.p/100", "log/tile/entries/000.p/100"} <= partial(objects)


def test_growing_goes_on_after_tidying(objects: ObjectStore, grown: Iterator[dict[int, bytes]]) -> None:
    """A leader that slept since the checkpoint of 200 still finds what it needs."""
    roots = next(grown)
    tidy(objects, 1000)
    growth = grow(200, 500, [b"%d" % number for number in range(500)], lambda path: objects.get(f"log/{path}"))
    assert (growth.old_root, growth.root) == (roots[200], roots[500])
