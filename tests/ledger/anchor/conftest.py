from collections.abc import Callable, Iterator

import pytest

from api.database import Database
from api.schema import Role
from ledger.anchor.accounts import KeyAccount
from ledger.anchor.administration import deploy, set_publisher
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.fees import FeePolicy
from ledger.anchor.web3_client import Web3Chain
from ledger.objects.objects import ObjectStore
from tests.ledger.anchor.anvil import Anvil, running_anvil
from tests.ledger.anchor.city import City
from tests.ledger.local_keys import ORIGIN

NewAnchorer = Callable[..., Anchorer]


@pytest.fixture(scope="session")
def shared_anvil() -> Iterator[Anvil]:
    """One node for all tests of a process; `anvil` gives each test a chain of its own."""
    with running_anvil("--slots-in-an-epoch", "1") as anvil:
        yield anvil


@pytest.fixture
def anvil(shared_anvil: Anvil) -> Anvil:
    shared_anvil.ask("anvil_reset")
    shared_anvil.mine_at_once()
    return shared_anvil


@pytest.fixture
def publisher(anvil: Anvil) -> KeyAccount:
    return anvil.rich()


@pytest.fixture
def administrator(anvil: Anvil) -> KeyAccount:
    return anvil.rich()


@pytest.fixture
def chain(anvil: Anvil, administrator: KeyAccount, publisher: KeyAccount) -> Web3Chain:
    """The contract on a new chain, with the publisher of ORIGIN named."""
    made, _ = deploy(anvil.node, administrator, FeePolicy())
    set_publisher(made, administrator, ORIGIN, publisher.address, FeePolicy())
    return made


@pytest.fixture
def city(objects: ObjectStore) -> City:
    return City(objects)


@pytest.fixture
def anchorer(database: Database, city: City, chain: Web3Chain, publisher: KeyAccount) -> NewAnchorer:
    """Makes an anchorer of the city's log, as after a start: nothing is in its memory."""

    def make(policy: AnchorPolicy = AnchorPolicy(), **members: object) -> Anchorer:  # noqa: B008 - frozen
        parts = {
            "sessions": lambda: database.session(Role.WORKER),
            "objects": city.objects,
            "vkey": city.vkey,
            "chain": chain,
            "account": publisher,
            "policy": policy,
        }
        return Anchorer(**(parts | members))  # type: ignore[arg-type]

    return make
