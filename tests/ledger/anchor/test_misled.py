"""The anchorer misled: by nodes that lag, mix up and change, by wrong clocks, and by company that was faster."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from api.database import Database
from api.schema import Role
from ledger.anchor import store
from ledger.anchor.accounts import SignedTransaction
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.errors import ChainChanged
from ledger.anchor.fees import Fee
from ledger.anchor.web3_client import Web3Chain, Web3Node
from tests.ledger.anchor import odd_node
from tests.ledger.anchor.anvil import Anvil
from tests.ledger.anchor.city import City
from tests.ledger.anchor.odd_node import changing
from tests.ledger.anchor.test_anchorer import LOG, MINUTE, NOW, OFTEN, NewAnchorer, anchored, anchors, later, watched

# --- nodes that mislead --------------------------------------------------------------------------------------------


def test_a_node_of_another_chain_is_noticed_while_we_run(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, database: Database
) -> None:
    """The address leads to another network one day, with a contract of ours under the same address."""
    number = ["0x7a69"]

    def named(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return {"result": number[0]} if request["method"] == "eth_chainId" else ask()

    city.publish(5)
    with changing(anvil.url, named) as url:
        ours = anchorer(OFTEN, chain=Web3Chain(Web3Node.at(url), chain.address))
        ours.run_once(NOW)
        anvil.settle()
        ours.run_once(later(1))
        number[0] = "0x1"
        city.publish(9)
        with pytest.raises(ChainChanged):
            ours.run_once(later(2))
        number[0] = "0x7a69"
        assert ours.run_once(later(3)).size == 5
    anvil.settle()
    assert anchored(chain) == 9


def test_a_node_that_has_not_heard_of_the_newest_anchors_changes_nothing(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, database: Database
) -> None:
    """One of several nodes behind an address lags: what was seen, and since when, stays as it was."""
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)
    anchorer(OFTEN).run_once(later(1))
    height = chain.state(LOG, 0).block.number

    def lagging(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if request["method"] == "eth_getBlockByNumber":
            asked = request["params"][0]
            if asked not in {"latest", "finalized"} and int(asked, 16) >= height:
                return {"result": None}
            answer = ask()
            answer["result"]["number"] = hex(min(height - 1, int(answer["result"]["number"], 16)))
            return answer
        return {"result": []} if request["method"] == "eth_getLogs" else ask()

    with changing(anvil.url, lagging) as url:
        anchorer(OFTEN, chain=Web3Chain(Web3Node.at(url), chain.address)).run_once(later(2))
    anchorer(OFTEN).run_once(later(3))
    with database.session(Role.WORKER) as session:
        (kept,) = store.anchors(session, chain.id)
    assert kept.seen_at == later(1)


def test_events_that_a_node_told_late_are_asked_for_again(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, database: Database
) -> None:
    silent = [True]

    def silenced(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return {"result": []} if request["method"] == "eth_getLogs" and silent[0] else ask()

    city.publish(5)
    with changing(anvil.url, silenced) as url:
        ours = anchorer(OFTEN, chain=Web3Chain(Web3Node.at(url), chain.address))
        ours.run_once(NOW)
        anvil.settle()
        ours.run_once(later(1))
        assert anchors(database, chain) == []
        silent[0] = False
        anvil.mine(3)
        ours.run_once(later(2))
    assert anchors(database, chain) == [5]


def test_a_block_between_two_questions(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, caplog: pytest.LogCaptureFixture
) -> None:
    """The receipt is asked for before the block, the nonce after: nobody took our place, we did."""
    anvil.stop_mining()
    city.publish(5)
    anchorer(OFTEN).run_once(NOW)

    def late(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        answer = ask()
        if request["method"] == "eth_getTransactionReceipt" and answer["result"] is None:
            anvil.mine()
        return answer

    with changing(anvil.url, late) as url:
        ours = anchorer(OFTEN, chain=Web3Chain(Web3Node.at(url), chain.address))
        ours.run_once(NOW + MINUTE / 2)
        assert ours.run_once(later(1)).size == 5
    assert caplog.records == []


def test_no_transaction_of_the_database_is_open_while_the_node_is_asked(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, database: Database
) -> None:
    depth, asked = [0], []

    @contextmanager
    def session() -> Iterator[Session]:
        with database.session(Role.WORKER) as found:
            depth[0] += 1
            try:
                yield found
            finally:
                depth[0] -= 1

    def watched_node(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        asked.append((request["method"], depth[0]))
        return answers(request, ask)

    def answers(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        return ask()

    def make(url: str) -> Anchorer:
        return anchorer(OFTEN, sessions=session, chain=Web3Chain(Web3Node.at(url), chain.address))

    with changing(anvil.url, watched_node) as url:
        anvil.stop_mining()
        for minute, size in enumerate((5, 9)):
            city.publish(size)
            make(url).run_once(later(2 * minute))
            make(url).run_once(later(2 * minute + 1))
            anvil.mine()
            make(url).run_once(later(2 * minute + 1))
        answers = odd_node.away  # the trouble is written down, too
        ours = watched(make(url), 1)
        ours.run(ours.stop, interval=0.01)
    assert asked
    assert {at for _, at in asked} == {0}


# --- clocks and company --------------------------------------------------------------------------------------------


def test_a_look_of_tomorrow_does_not_blind_us_until_then(
    anchorer: NewAnchorer, city: City, chain: Web3Chain, database: Database
) -> None:
    """A machine whose clock was wrong once has looked, and sent."""
    city.publish(5)
    anchorer(OFTEN).run_once(NOW + timedelta(days=400))
    city.publish(9)
    policy = AnchorPolicy(every=MINUTE)
    for minute in range(3):
        anchorer(policy).run_once(later(minute))
    with database.session(Role.APP) as session:
        look = store.look(session, chain.id)
    assert look is not None
    assert (look.looked_at, look.size) == (later(2), 9)


def test_an_older_look_that_comes_late_replaces_no_newer_one(database: Database) -> None:
    def seen(at: datetime, size: int) -> None:
        with database.session(Role.WORKER) as session:
            store.write_look(session, store.Look("eip155:1:0x1", at, size, bytes(32), size, 1))

    seen(later(1), 9)
    seen(NOW, 5)
    with database.session(Role.WORKER) as session:
        look = store.look(session)
    assert look is not None
    assert look.size == 9


def test_a_replacement_for_a_transaction_that_is_settled_is_not_kept(database: Database) -> None:
    """A slow anchorer offers more for what another one has settled, and begun anew, meanwhile."""
    name = "eip155:1:0x1"

    def attempt(number: int, nonce: int) -> store.Attempt:
        signed = SignedTransaction(b"raw", bytes(32))
        return store.Attempt(number, nonce, 5, signed, Fee(1), NOW)

    def keep(number: int, nonce: int) -> bool:
        with database.session(Role.WORKER) as session:
            return store.add_attempt(session, name, attempt(number, nonce))

    assert keep(1, 0)
    assert keep(2, 0)
    assert not keep(2, 0)
    with database.session(Role.WORKER) as session:
        store.settle_attempts(session, name, 0)
    assert not keep(3, 0)
    assert keep(1, 1)
    assert not keep(2, 0)
    with database.session(Role.WORKER) as session:
        assert store.attempts(session, name) == [attempt(1, 1)]
