"""The contract on a real node: what it accepts, and everything that it must not."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import Web3
from web3.types import RPCEndpoint

from ledger.anchor.accounts import KeyAccount
from ledger.anchor.administration import complete, deploy, set_publisher
from ledger.anchor.chain import Growth
from ledger.anchor.compilation import COMPILED, SOURCE, compiled
from ledger.anchor.contract_code import contract_code, log_id
from ledger.anchor.errors import ChainRefused
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.web3_client import NOBODY, Web3Chain, gas_limit
from ledger.tree.merkle import ProofInvalid, consistency_proof, leaf_hash, node_hash, tree_root, verify_consistency
from tests.ledger.anchor.anvil import Anvil
from tests.ledger.anchor.trees import Tree
from tests.ledger.local_keys import ORIGIN

LOG = log_id(ORIGIN)
FEE = Fee(10**11, 1)
FEES = FeePolicy()


@cache
def nodes(level: int, index: int) -> bytes:
    if level == 0:
        return leaf_hash(f"entry {index}".encode())
    return node_hash(nodes(level - 1, 2 * index), nodes(level - 1, 2 * index + 1))


def growth(old: int, new: int) -> Growth:
    return Growth(old, new, tree_root(new, nodes), consistency_proof(old, new, nodes) if old else ())


class Contract:
    """Asks the contract about an anchor after any state, without sending: the node lays the state over the chain's."""

    def __init__(self, chain: Web3Chain, publisher: KeyAccount) -> None:
        self._web3 = chain.node.web3
        self._contract = self._web3.eth.contract(address=chain.address, abi=list(contract_code().abi))
        self._chain, self._publisher = chain, publisher
        # `heads` stands in slot 3 and is a mapping: the slots of a struct follow one another from the key's hash on.
        self._slot = int.from_bytes(Web3.keccak((3).to_bytes(32) + LOG))

    def refusal(self, size: int, root: bytes, anchor: Growth) -> str | None:
        """Return why an anchor is refused where `size` and `root` are the latest state, None if it is accepted."""
        call = {
            "from": self._publisher.address,
            "to": self._chain.address,
            "gas": hex(gas_limit(len(anchor.proof))),
            "data": self._contract.encode_abi("anchor", args=[LOG, *_arguments(anchor)]),
        }
        states = (int(self._publisher.address, 16), size, int.from_bytes(root))
        difference = {f"0x{self._slot + at:064x}": f"0x{value:064x}" for at, value in enumerate(states)}
        answer: Any = self._web3.provider.make_request(
            RPCEndpoint("eth_call"), [call, "latest", {self._chain.address: {"stateDiff": difference}}]
        )
        return answer["error"]["message"] if "error" in answer else None


def _arguments(anchor: Growth) -> list[Any]:
    return [anchor.old_size, anchor.size, anchor.root, list(anchor.proof)]


@pytest.fixture
def contract(chain: Web3Chain, publisher: KeyAccount) -> Contract:
    return Contract(chain, publisher)


def test_what_lies_beside_the_source_is_what_it_compiles_to() -> None:
    assert compiled() == COMPILED.read_bytes()


def test_the_compiler_that_wrote_it_is_the_one_that_is_locked() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "vyper.cli.vyper_compile", "--version"], capture_output=True, check=True, text=True
    ).stdout
    written = json.loads(COMPILED.read_bytes())
    assert written["compiler"] == "vyper " + told.split("+")[0]
    assert written["source_sha256"] == hashlib.sha256(SOURCE.read_bytes()).hexdigest()


def test_it_keeps_nothing_but_origins_sizes_and_roots() -> None:
    events = {
        entry["name"]: [(member["name"], member["type"]) for member in entry["inputs"]]
        for entry in contract_code().abi
        if entry["type"] == "event"
    }
    assert events["Anchored"] == [("log_id", "bytes32"), ("size", "uint64"), ("root", "bytes32")]
    assert set(events) == {"Anchored", "PublisherChanged", "AdministratorChanged"}
    assert not re.search(r"block\.|chain\.|selfdestruct|raw_call", SOURCE.read_text().split('"""', 2)[2])


def test_every_pair_of_small_sizes(contract: Contract) -> None:
    """Also what is nearly right: without a hash, with one more, from another size, to another root."""
    for new in range(2, 14):
        for old in range(1, new):
            old_root, good = tree_root(old, nodes), growth(old, new)
            assert contract.refusal(old, old_root, good) is None
            for bad in (
                *(Growth(old, new, good.root, part) for part in wrong_proofs(good.proof)),
                Growth(old, new, tree_root(new - 1, nodes), good.proof),
                Growth(old, new, leaf_hash(b"forked"), good.proof),
                Growth(old, new + 1, good.root, good.proof),
            ):
                # Some still prove it: a hash may also belong to the proof of a tree of another size.
                assert (contract.refusal(old, old_root, bad) is None) == _proves(old, old_root, bad)
            assert contract.refusal(old, leaf_hash(b"forked"), good) is not None


def _proves(old: int, old_root: bytes, anchor: Growth) -> bool:
    try:
        verify_consistency(old, anchor.size, anchor.proof, old_root, anchor.root)
    except ProofInvalid:
        return False
    return True


def wrong_proofs(proof: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    parts = tuple(proof)
    changed = [(*parts[:at], leaf_hash(parts[at]), *parts[at + 1 :]) for at in range(len(parts))]
    swapped = [(*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]) for at in range(len(parts) - 1)]
    return [*changed, *swapped, parts[:-1], parts[1:], (*parts, leaf_hash(b"more")), (leaf_hash(b"more"), *parts)]


SIZES = st.one_of(
    st.integers(1, 2**63 - 2),
    st.integers(0, 62).map(lambda power: 2**power),
    st.integers(2, 62).map(lambda power: 2**power - 1),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.tuples(SIZES, SIZES), where=st.integers(0, 63), salt=st.binary(min_size=1, max_size=4))
def test_trees_of_any_size(contract: Contract, sizes: tuple[int, int], where: int, salt: bytes) -> None:
    old, new = sorted(sizes)
    if old == new:
        new += 1
    tree = Tree(frozenset({0, old // 2, old - 1, old, new - 1}))
    root, old_root = tree_root(new, tree.nodes), tree_root(old, tree.nodes)
    proof = consistency_proof(old, new, tree.nodes)
    assert contract.refusal(old, old_root, Growth(old, new, root, proof)) is None
    changed = list(proof)
    changed[where % len(proof)] = leaf_hash(salt + changed[where % len(proof)])
    assert contract.refusal(old, old_root, Growth(old, new, root, changed)) is not None


def test_refusals_by_name(contract: Contract) -> None:
    root, good = tree_root(5, nodes), growth(5, 9)
    table = {
        "not the latest size": Growth(4, 9, good.root, good.proof),
        "the log does not grow": Growth(5, 5, root, ()),
        "too large": Growth(5, 2**63, good.root, good.proof),
        "zero root": Growth(5, 9, bytes(32), good.proof),
        "proof too short": Growth(5, 9, good.root, ()),
        "proof too long": Growth(5, 9, good.root, (*good.proof, good.root)),
        "the old root does not follow from the proof": Growth(5, 9, good.root, (bytes(32), *good.proof[1:])),
        "the root does not follow from the proof": Growth(5, 9, root, good.proof),
    }
    for words, anchor in table.items():
        assert words in str(contract.refusal(5, root, anchor)), words
    assert "the log does not grow" in str(contract.refusal(5, root, Growth(5, 4, root, ())))
    assert "the first anchor has no proof" in str(contract.refusal(0, bytes(32), Growth(0, 9, root, (root,))))
    assert "the log does not grow" in str(contract.refusal(0, bytes(32), Growth(0, 0, root, ())))


def test_an_anchor_is_an_event_and_the_one_latest_state(chain: Web3Chain, publisher: KeyAccount) -> None:
    for old, new in ((0, 3), (3, 8), (8, 300)):
        signed = chain.draft(publisher, LOG, growth(old, new), nonce=chain.node.nonce(publisher.address), fee=FEE)
        complete(chain.node, signed, 10)
    state = chain.state(LOG, 0)
    assert (state.newest.publisher, state.newest.size, state.newest.root) == (
        publisher.address,
        300,
        tree_root(300, nodes),
    )
    events = chain.events(LOG, 0, state.block.number)
    assert [(event.size, event.root) for event in events] == [(size, tree_root(size, nodes)) for size in (3, 8, 300)]
    assert chain.events(log_id("elicence.test/other"), 0, state.block.number) == []


def test_a_transaction_that_goes_round_the_asking_fails_in_its_block(
    chain: Web3Chain, publisher: KeyAccount, anvil: Anvil
) -> None:
    """The contract itself refuses, not only the question before sending."""
    node = chain.node
    complete(node, chain.draft(publisher, LOG, growth(0, 5), nonce=0, fee=FEE), 10)
    fork = Growth(5, 9, leaf_hash(b"forked"), growth(5, 9).proof)
    data = Contract(chain, publisher)._contract.encode_abi("anchor", args=[LOG, *_arguments(fork)])
    transaction = {"to": chain.address, "data": data, "value": 0, "gas": 300_000, "nonce": 1, "chainId": node.chain_id}
    anvil.stop_mining()
    signed = publisher.sign(transaction | FEE.members())
    node.send(signed)
    anvil.mine()
    receipt = node.receipt(signed.hash)
    assert receipt is not None
    assert not receipt.succeeded
    assert chain.state(LOG, 0).newest.size == 5


def test_the_dearest_proofs_stay_below_the_gas_limit(contract: Contract) -> None:
    lengths = []
    for old, new in ((1, 2), (2**62 - 1, 2**63 - 1), (2**62 + 1, 2**63 - 1), (2**61 + 1, 2**62)):
        tree = Tree(frozenset({0, old - 1, new - 1}))
        proof = consistency_proof(old, new, tree.nodes)
        # `refusal` gives the call no more gas than the limit: to run out of it would be a refusal.
        anchor = Growth(old, new, tree_root(new, tree.nodes), proof)
        assert contract.refusal(old, tree_root(old, tree.nodes), anchor) is None
        lengths.append(len(proof))
    assert (min(lengths), max(lengths)) == (1, 64)


# --- who may do what -----------------------------------------------------------------------------------------------


def send(chain: Web3Chain, account: KeyAccount, function: str, *arguments: object) -> None:
    nonce = chain.node.nonce(account.address)
    complete(chain.node, chain.signed(account, function, arguments, gas=300_000, nonce=nonce, fee=FEE), 10)


def refused(chain: Web3Chain, account: KeyAccount, function: str, *arguments: object) -> str:
    with pytest.raises(ChainRefused) as caught:
        chain.signed(account, function, arguments, gas=300_000, nonce=0, fee=FEE)
    return caught.value.reason


def test_only_the_publisher_anchors(chain: Web3Chain, anvil: Anvil, administrator: KeyAccount) -> None:
    for account in (administrator, anvil.rich()):
        assert "not the publisher" in refused(chain, account, "anchor", LOG, *_arguments(growth(0, 5)))


def test_a_log_that_nobody_registered_has_no_publisher(chain: Web3Chain, publisher: KeyAccount) -> None:
    other = log_id("elicence.test/other")
    assert "not the publisher" in refused(chain, publisher, "anchor", other, *_arguments(growth(0, 5)))


def test_only_the_administrator_names_publishers_and_is_none(
    chain: Web3Chain, anvil: Anvil, administrator: KeyAccount, publisher: KeyAccount
) -> None:
    stranger = anvil.rich()
    for account in (publisher, stranger):
        assert "not the administrator" in refused(chain, account, "set_publisher", ORIGIN, stranger.address)
        assert "not the administrator" in refused(chain, account, "offer_administration", account.address)
    assert "cannot publish" in refused(chain, administrator, "set_publisher", ORIGIN, administrator.address)
    assert "no origin" in refused(chain, administrator, "set_publisher", "", stranger.address)


def test_a_new_publisher_goes_on_where_the_old_one_was_stopped(
    chain: Web3Chain, anvil: Anvil, administrator: KeyAccount, publisher: KeyAccount
) -> None:
    node, successor = chain.node, anvil.rich()
    complete(node, chain.draft(publisher, LOG, growth(0, 5), nonce=0, fee=FEE), 10)
    set_publisher(chain, administrator, ORIGIN, None, FEES)
    assert "not the publisher" in refused(chain, publisher, "anchor", LOG, *_arguments(growth(5, 9)))
    assert chain.state(LOG, 0).newest.publisher is None
    set_publisher(chain, administrator, ORIGIN, successor.address, FEES)
    # What was anchored stays: the administrator cannot give the successor a fresh start.
    assert "not the latest size" in refused(chain, successor, "anchor", LOG, *_arguments(growth(0, 9)))
    complete(node, chain.draft(successor, LOG, growth(5, 9), nonce=0, fee=FEE), 10)
    assert chain.state(LOG, 0).newest.size == 9


def test_administration_changes_hands_in_two_steps(
    chain: Web3Chain, anvil: Anvil, administrator: KeyAccount, publisher: KeyAccount
) -> None:
    successor = anvil.rich()
    assert "not offered" in refused(chain, successor, "accept_administration")
    send(chain, administrator, "offer_administration", successor.address)
    assert chain.view("administrator") == administrator.address
    send(chain, successor, "accept_administration")
    assert chain.view("administrator") == successor.address
    assert chain.view("offered_to") == NOBODY
    assert "not the administrator" in refused(chain, administrator, "set_publisher", ORIGIN, NOBODY)


def test_a_publisher_cannot_become_administrator(
    chain: Web3Chain, administrator: KeyAccount, publisher: KeyAccount
) -> None:
    send(chain, administrator, "offer_administration", publisher.address)
    assert "a publisher cannot administer" in refused(chain, publisher, "accept_administration")
    set_publisher(chain, administrator, "elicence.test/second", publisher.address, FEES)
    set_publisher(chain, administrator, ORIGIN, None, FEES)
    assert "a publisher cannot administer" in refused(chain, publisher, "accept_administration")
    set_publisher(chain, administrator, "elicence.test/second", None, FEES)
    send(chain, publisher, "accept_administration")
    assert chain.view("administrator") == publisher.address


def test_many_logs_stand_beside_one_another(
    chain: Web3Chain, anvil: Anvil, administrator: KeyAccount, publisher: KeyAccount
) -> None:
    other, node = anvil.rich(), chain.node
    set_publisher(chain, administrator, "province.test/log", other.address, FEES)
    complete(node, chain.draft(publisher, LOG, growth(0, 5), nonce=0, fee=FEE), 10)
    complete(node, chain.draft(other, log_id("province.test/log"), growth(0, 7), nonce=0, fee=FEE), 10)
    assert chain.state(LOG, 0).newest.size == 5
    assert chain.state(log_id("province.test/log"), 0).newest.size == 7
    assert "not the publisher" in refused(chain, other, "anchor", LOG, *_arguments(growth(5, 9)))


def test_whoever_makes_it_administers_it(anvil: Anvil) -> None:
    account = anvil.rich()
    chain, _ = deploy(anvil.node, account, FEES)
    assert chain.view("administrator") == account.address
    assert chain.id == f"eip155:31337:{chain.address}"
