"""The contract at work on an embedded chain: what it takes, what it costs, and what it refuses."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from ledger.anchor.administration import complete, deploy, set_publisher
from ledger.anchor.chain import Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.embedded import embedded_node, funded_account
from ledger.anchor.errors import ChainRefused
from ledger.anchor.fees import FeePolicy
from ledger.tree.merkle import consistency_proof, leaf_hash, node_hash, tree_root

_ORIGIN: Final = "elicence.test/trial"
_PATIENCE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt. refusal: the contract's words, None if it was accepted; gas: what it cost then."""

    zh: str
    en: str
    refusal: str | None = None
    gas: int | None = None


@dataclass(frozen=True, slots=True)
class AnchorGas:
    """Gas used: for the contract's making, for a log's first anchor, and for one that goes on. hashes: in its proof."""

    deployment: int
    first: int
    usual: int
    hashes: int


class _Stage:
    """A new chain with the contract, an administrator and a publisher."""

    def __init__(self) -> None:
        self._node = embedded_node()
        self._fees = FeePolicy()
        self.administrator, self.publisher = funded_account(self._node), funded_account(self._node)
        self._chain, deployed = deploy(self._node, self.administrator, self._fees)
        set_publisher(self._chain, self.administrator, _ORIGIN, self.publisher.address, self._fees)
        self.deployment = deployed.gas_used

    def anchor(self, growth: Growth, *, by_administrator: bool = False) -> int:
        """Anchor; return the gas. Raises ChainRefused."""
        account = self.administrator if by_administrator else self.publisher
        nonce, fee = self._node.nonce(account.address), self._fees.first(*self._node.prices())
        signed = self._chain.draft(account, log_id(_ORIGIN), growth, nonce=nonce, fee=fee)
        return complete(self._node, signed, _PATIENCE).gas_used


def anchor_gas(old: int = 1_200_000, new: int = 1_206_000) -> AnchorGas:
    """Return what it costs to anchor a log of `new` entries after one of `old`: a city's licences, and a minute's more."""
    stage, growth = _Stage(), _growth(old, new)
    first, usual = stage.anchor(_growth(0, old)), stage.anchor(growth)
    return AnchorGas(stage.deployment, first, usual, len(growth.proof))


def rehearse() -> list[Step]:
    """Go the whole way, and try to cheat."""
    return list(_steps(_Stage()))


def _steps(stage: _Stage) -> Iterator[Step]:
    good = _growth(1_000, 1_500)
    fork = leaf_hash(b"another history")
    yield Step("部署合约", "deploy the contract", gas=stage.deployment)
    yield _tried(stage, "首次存证：1,000 条", "first anchor: 1,000 entries", _growth(0, 1_000))
    yield _tried(stage, "分叉：另一个根", "a fork: another root", Growth(1_000, 1_500, fork, good.proof))
    yield _tried(stage, "无证明", "no proof", Growth(1_000, 1_500, good.root, ()))
    yield _tried(stage, "空根", "a zero root", Growth(1_000, 1_500, bytes(32), good.proof))
    yield _tried(stage, "由管理账户提交", "by the administrator", good, by_administrator=True)
    yield _tried(stage, "续接：1,500 条，附一致性证明", "1,500 entries, with the consistency proof", good)
    yield _tried(stage, "回退：1,200 条", "smaller: 1,200 entries", Growth(1_500, 1_200, fork, ()))
    yield _tried(stage, "重复提交", "the same again", good)


def _tried(stage: _Stage, zh: str, en: str, growth: Growth, *, by_administrator: bool = False) -> Step:
    try:
        return Step(zh, en, gas=stage.anchor(growth, by_administrator=by_administrator))
    except ChainRefused as error:
        return Step(zh, en, refusal=error.reason.removeprefix("execution reverted: "))


def _growth(old: int, new: int) -> Growth:
    proof = consistency_proof(old, new, _nodes) if old else ()
    return Growth(old, new, tree_root(new, _nodes), proof)


@cache
def _alike(level: int) -> bytes:
    return leaf_hash(b"") if level == 0 else node_hash(_alike(level - 1), _alike(level - 1))


def _nodes(level: int, index: int) -> bytes:
    """Nodes of a log whose entries are all alike: what an anchor costs hangs on the shape alone."""
    del index
    return _alike(level)
