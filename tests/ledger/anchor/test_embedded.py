"""The embedded chain answers as a node does, so that a trial goes the whole way."""

from datetime import UTC, datetime, timedelta

import pytest

from api.database import Database
from api.schema import Role
from ledger.anchor.administration import deploy, set_publisher
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.chain import Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.embedded import embedded_node, funded_account
from ledger.anchor.errors import ChainRefused
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.rehearsal import anchor_gas, rehearse
from tests.ledger.anchor.city import City
from tests.ledger.local_keys import ORIGIN

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


def test_the_whole_way(database: Database, city: City) -> None:
    node = embedded_node()
    administrator, publisher = funded_account(node), funded_account(node)
    chain, _ = deploy(node, administrator, FeePolicy())
    set_publisher(chain, administrator, ORIGIN, publisher.address, FeePolicy())
    ours = Anchorer(
        sessions=lambda: database.session(Role.WORKER),
        objects=city.objects,
        vkey=city.vkey,
        chain=chain,
        account=publisher,
        policy=AnchorPolicy(every=timedelta()),
    )
    for minute, size in enumerate((5, 300)):
        city.publish(size)
        ours.run_once(NOW + timedelta(minutes=2 * minute))
        assert ours.run_once(NOW + timedelta(minutes=2 * minute + 1)).size == size
    with pytest.raises(ChainRefused) as caught:
        chain.draft(publisher, log_id(ORIGIN), Growth(300, 301, city.root, ()), nonce=2, fee=Fee(10**11, 1))
    assert "proof too short" in caught.value.reason


def test_what_an_anchor_costs() -> None:
    """A figure for the benchmark; it hangs on the shape alone and is the same on every machine."""
    gas = anchor_gas()
    assert 37_000 < gas.usual < 60_000
    assert gas.hashes == 11
    assert gas.usual < gas.first < gas.deployment


def test_a_rehearsal_takes_what_is_right_and_refuses_the_rest() -> None:
    steps = rehearse()
    assert [step.en for step in steps if step.refusal is None] == [
        "deploy the contract",
        "first anchor: 1,000 entries",
        "1,500 entries, with the consistency proof",
    ]
    assert {step.en: step.refusal for step in steps if step.refusal is not None} == {
        "a fork: another root": "the root does not follow from the proof",
        "no proof": "proof too short",
        "a zero root": "zero root",
        "by the administrator": "not the publisher",
        "smaller: 1,200 entries": "the log does not grow",
        "the same again": "not the latest size",
    }
    assert all((step.gas is None) == (step.refusal is not None) for step in steps)
