"""What the anchorer asks of a chain: the protocol, apart from the transport. `web3_client.py` answers it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from ledger.anchor.accounts import ChainAccount, SignedTransaction
from ledger.anchor.fees import Fee

Finality = int | Literal["finalized"]
"""How many blocks must stand above one that is believed, or that the network itself says which are final."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block: number and hash (32 bytes); base_fee: None where blocks have none."""

    number: int
    hash: bytes
    base_fee: int | None = None


@dataclass(frozen=True, slots=True)
class AnchoredHead:
    """What the contract holds of a log: who may publish (None: nobody), the size and the root (32 bytes)."""

    publisher: str | None
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class AnchoredState:
    """One look at the chain. newest: the head as the newest block has it; final: as a block has it that stays.

    block: the final block.
    """

    newest: AnchoredHead
    final: AnchoredHead
    block: Block


@dataclass(frozen=True, slots=True)
class AnchorEvent:
    """One anchor that the chain holds."""

    size: int
    root: bytes
    block_number: int
    block_hash: bytes
    transaction: bytes


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that stands in a block."""

    succeeded: bool
    block_number: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What is to be anchored: a tree of `size` with this root, and the proof that it continues the one of `old_size`."""

    old_size: int
    size: int
    root: bytes
    proof: Sequence[bytes]


class Node(Protocol):
    """A chain's node. Every call may raise ChainUnavailable and ChainAnswerInvalid."""

    def block(self, name: int | str) -> Block | None:
        """Return the block under a number or a name ("latest", "finalized"), None if there is none."""
        ...

    def nonce(self, address: str) -> int:
        """Return how many transactions of an account stand in blocks."""
        ...

    def receipt(self, transaction: bytes) -> Receipt | None:
        """Return a transaction's receipt, None while it stands in no block."""
        ...

    def knows(self, transaction: bytes) -> bool:
        """Tell whether the node has a transaction, waiting or in a block."""
        ...

    def prices(self) -> tuple[int, int | None]:
        """Return the node's gas price and the newest block's base fee, in wei."""
        ...

    def send(self, transaction: SignedTransaction) -> None:
        """Hand a transaction to the node; one that it has already is no fault. Raises ChainRefused."""
        ...


class Chain(Protocol):
    """A chain with one contract. Every call may raise what those of a node raise."""

    @property
    def node(self) -> Node:
        """The node that is asked."""
        ...

    @property
    def id(self) -> str:
        """Chain and contract as one name, `eip155:<chain>:<address>`; raises ContractUnknown.

        Source: CAIP-10.
        """
        ...

    def state(self, log_id: bytes, finality: Finality) -> AnchoredState:
        """Return what the contract holds of a log."""
        ...

    def events(self, log_id: bytes, first: int, last: int) -> list[AnchorEvent]:
        """Return the log's anchors in the blocks `first` to `last`, in order."""
        ...

    def draft(self, account: ChainAccount, log_id: bytes, growth: Growth, *, nonce: int, fee: Fee) -> SignedTransaction:
        """Sign a transaction that anchors, after the contract was asked whether it would accept it; raises ChainRefused."""
        ...
