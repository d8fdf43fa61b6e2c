"""How a proof stands to what was last seen on the chain: of one log, of two, or not to be told."""

from datetime import UTC, datetime

import pytest

from api.database import Database
from api.schema import Role
from ledger.anchor import store
from ledger.anchor.reading import PublishedLog, same_log
from ledger.anchor.standing import Anchored, anchored
from ledger.anchor.store import Look
from ledger.errors import FatalLedgerError
from ledger.formats.checkpoints import Checkpoint
from ledger.log.served import tile_fetch
from ledger.objects.objects import ObjectStore
from tests.ledger.anchor.city import City

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CHAIN = "eip155:1:0x" + 40 * "1"
SIZES = (1, 5, 256, 300)


def root_at(city: City, size: int) -> bytes:
    log = PublishedLog.read(tile_fetch(city.objects), city.vkey)
    assert log is not None
    return log.root_at(size)


def ask(database: Database, city: City, seen: tuple[int, bytes], asked: tuple[int, bytes]) -> Anchored:
    """Ask about a proof of one size and root where the chain was seen to hold another."""
    with database.session(Role.WORKER) as session:
        store.write_look(session, Look(CHAIN, NOW, *seen, seen[0], 1))
        found = anchored(session, city.objects, 0, Checkpoint(city.origin, *asked), city.vkey)
    assert found is not None
    return found


def agrees(seen: tuple[int, bytes], asked: tuple[int, bytes], found: Anchored) -> bool:
    assert found.proof is not None
    return same_log(*asked, *seen, found.proof)


def test_any_two_states_of_one_log_and_of_two(database: Database, city: City) -> None:
    city.publish(300)
    roots = {size: root_at(city, size) for size in SIZES}
    for size, root in roots.items():
        for other, other_root in roots.items():
            pair = (size, root), (other, other_root)
            assert agrees(*pair, ask(database, city, *pair))
            for fork in ((size, b"\x66" * 32), (other, other_root)), ((size, root), (other, b"\x66" * 32)):
                assert not agrees(*fork, ask(database, city, *fork))


def test_what_lies_beyond_the_published_log_cannot_be_compared(database: Database, city: City) -> None:
    city.publish(9)
    ours = (9, city.root)
    assert ask(database, city, (12, b"\x66" * 32), ours).proof is None
    assert ask(database, city, ours, (12, b"\x66" * 32)).proof is None
    # Of one size there is nothing to compare but the roots.
    assert ask(database, city, (12, b"\x66" * 32), (12, b"\x77" * 32)).proof == ()


def test_nobody_has_looked_or_nothing_is_anchored(database: Database, city: City) -> None:
    city.publish(9)
    with database.session(Role.WORKER) as session:
        assert anchored(session, city.objects, 0, Checkpoint(city.origin, 9, city.root), city.vkey) is None
    assert ask(database, city, (0, bytes(32)), (9, city.root)).look.size == 0


@pytest.mark.parametrize(("seen", "asked"), [(5, 300), (300, 5), (5, 280)])
def test_a_damaged_tile_is_no_fork(database: Database, city: City, seen: int, asked: int) -> None:
    """Where the proof comes out wrong because a tile is, nobody is accused: it could not be told."""
    city.publish(300)
    pair = (seen, root_at(city, seen)), (asked, root_at(city, asked))
    damage(city.objects, "log/tile/0/000")
    with pytest.raises(FatalLedgerError):
        ask(database, city, *pair)


def test_a_checkpoint_that_nobody_signed_accuses_nobody(database: Database, city: City) -> None:
    """Whoever can write to the store, and has no key, cannot make licences invalid."""
    city.publish(9)
    pair = (5, root_at(city, 5)), (9, city.root)
    forked = City(city.objects, salt="forked")
    forked.publish(9)
    note = city.objects.get("log/checkpoint")
    city.objects.put("log/checkpoint", note[:-8] + b"AAAAAA=\n")
    with pytest.raises(FatalLedgerError):
        ask(database, city, *pair)


def damage(objects: ObjectStore, key: str) -> None:
    objects.put(key, bytes(byte ^ 1 for byte in objects.get(key)))
