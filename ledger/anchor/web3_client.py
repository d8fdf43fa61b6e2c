"""The chain over JSON-RPC: any Ethereum node (Besu, FISCO BCOS >= 3.9, anvil), or the embedded one.

Signed here, never by the node. Gas and fees are named in every transaction: no estimate, no fee history, which not every
node has. Block times are not used: on some networks they are milliseconds. The node's address may hold an access key, so
it is in no message, and no text of the transport is passed on.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

from requests import Session
from web3 import HTTPProvider, Web3
from web3.exceptions import (
    BlockNotFound,
    TransactionNotFound,
)
from web3.middleware import ExtraDataToPOAMiddleware

from ledger.anchor.accounts import ChainAccount, SignedTransaction
from ledger.anchor.answers import asking, hash32, number
from ledger.anchor.chain import AnchoredHead, AnchoredState, AnchorEvent, Block, Finality, Growth, Receipt
from ledger.anchor.contract_code import contract_code
from ledger.anchor.errors import ChainAnswerInvalid, ChainChanged, ChainRefused, ContractUnknown
from ledger.anchor.fees import Fee

if TYPE_CHECKING:
    from web3.contract import Contract

TIMEOUT: Final = 10.0
NOBODY: Final = "0x" + 40 * "0"


def gas_limit(proof_length: int) -> int:
    """Return the gas that an anchor may use; what it does not use is not paid.

    The first anchor uses 72,000, the dearest proof of 64 hashes 134,000: more than twice as much is left for networks that
    count otherwise. A test compares this with the dearest proofs there are.
    """
    return 150_000 + 3_000 * proof_length


class Web3Node:
    """A connection to a node. Every call raises ChainUnavailable and ChainAnswerInvalid."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3
        # Networks run by authorities (Besu QBFT, Clique) put more into extraData than Ethereum allows.
        web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    @classmethod
    def at(cls, url: str, timeout: float = TIMEOUT) -> Self:
        """Return a connection to the node at an address; nothing is asked yet."""
        # A proxy of the environment is not asked: the node is ours or our network's.
        session = Session()
        session.trust_env = False
        provider = HTTPProvider(
            url, request_kwargs={"timeout": timeout}, session=session, exception_retry_configuration=None
        )
        return cls(Web3(provider))

    @cached_property
    def chain_id(self) -> int:
        """The chain's number as it was first told, which every signature names."""
        return self._asked_chain_id()

    def require_same_chain(self) -> None:
        """Raise ChainChanged if the address leads to another chain now than it did at first."""
        before, now = self.chain_id, self._asked_chain_id()
        if now != before:
            raise ChainChanged(before, now)

    def _asked_chain_id(self) -> int:
        with asking("eth_chainId"):
            return number(self.web3.eth.chain_id)

    def code(self, address: str, block: "int | str" = "latest") -> bytes:
        """Return the code at an address."""
        with asking("eth_getCode"):
            return bytes(self.web3.eth.get_code(Web3.to_checksum_address(address), block_identifier=block))  # type: ignore[arg-type]

    def block(self, name: "int | str") -> Block | None:
        """Return a block, None if there is none."""
        with asking("eth_getBlockByNumber"):
            try:
                found = self.web3.eth.get_block(name)  # type: ignore[arg-type]
            except BlockNotFound:
                return None
            base_fee = found.get("baseFeePerGas")
            return Block(number(found["number"]), hash32(found["hash"]), None if base_fee is None else int(base_fee))

    def nonce(self, address: str) -> int:
        """Return how many transactions of an account stand in blocks."""
        with asking("eth_getTransactionCount"):
            return number(self.web3.eth.get_transaction_count(Web3.to_checksum_address(address), "latest"))

    def receipt(self, transaction: bytes) -> Receipt | None:
        """Return a transaction's receipt, None while it stands in no block."""
        with asking("eth_getTransactionReceipt"):
            try:
                found = self.web3.eth.get_transaction_receipt(transaction)  # type: ignore[arg-type]
            except TransactionNotFound:
                return None
            if hash32(found["transactionHash"]) != transaction:
                raise ChainAnswerInvalid("eth_getTransactionReceipt")
            return Receipt(found["status"] == 1, number(found["blockNumber"]), int(found["gasUsed"]))

    def knows(self, transaction: bytes) -> bool:
        """Tell whether the node has a transaction, waiting or in a block."""
        with asking("eth_getTransactionByHash"):
            try:
                self.web3.eth.get_transaction(transaction)  # type: ignore[arg-type]
            except TransactionNotFound:
                return False
            return True

    def prices(self) -> tuple[int, int | None]:
        """Return the node's gas price and the newest block's base fee, in wei."""
        with asking("eth_gasPrice"):
            price = int(self.web3.eth.gas_price)
        newest = self.block("latest")
        return price, None if newest is None else newest.base_fee

    def send(self, transaction: SignedTransaction) -> None:
        """Hand a transaction to the node; one that it has already is no fault. Raises ChainRefused."""
        try:
            with asking("eth_sendRawTransaction", refusals=True):
                answer = bytes(self.web3.eth.send_raw_transaction(transaction.raw))
        except ChainRefused:
            # "already known", "nonce too low": every node has words of its own, so it is asked what it has.
            if self.knows(transaction.hash):
                return
            raise
        # FISCO BCOS answers a refused transaction with a hash of zeros in the place of an error.
        if answer != transaction.hash and not self.knows(transaction.hash):
            raise ChainRefused("the node answered with another hash")


class Web3Chain:
    """A `Chain`: a node, and the contract at an address."""

    def __init__(self, node: Web3Node, address: str) -> None:
        self.node = node
        self.address = Web3.to_checksum_address(address)

    @cached_property
    def id(self) -> str:
        """Chain and contract as one name; raises ContractUnknown."""
        _ = self._contract
        return f"eip155:{self.node.chain_id}:{self.address}"

    @cached_property
    def _contract(self) -> "Contract":
        # The contract takes nothing at its making, so there is one code: another one might answer anything.
        if self.node.code(self.address) != contract_code().runtime:
            raise ContractUnknown(self.address)
        return self.node.web3.eth.contract(address=self.address, abi=list(contract_code().abi))

    def state(self, log_id: bytes, finality: Finality) -> AnchoredState:
        """Return what the contract holds of a log."""
        self.node.require_same_chain()
        newest = self._known_block("latest")
        if finality == 0:
            # A node without old states (FISCO BCOS) can still be asked for the newest, which there is final.
            head = self._head(log_id, "latest")
            return AnchoredState(head, head, newest)
        final = self._known_block("finalized" if finality == "finalized" else max(0, newest.number - finality))
        return AnchoredState(self._head(log_id, "latest"), self._head(log_id, final.number), final)

    def _known_block(self, name: "int | str") -> Block:
        block = self.node.block(name)
        if block is None:
            raise ChainAnswerInvalid("eth_getBlockByNumber")
        return block

    def _head(self, log_id: bytes, block: "int | str") -> AnchoredHead:
        # Before the block that made it the contract has no code, and a call there has no answer.
        if block != "latest" and not self.node.code(self.address, block):
            return AnchoredHead(None, 0, bytes(32))
        with asking("eth_call"):
            publisher, size, root = self._contract.functions.heads(log_id).call(block_identifier=block)  # type: ignore[arg-type]
            return AnchoredHead(None if publisher == NOBODY else str(publisher), number(size), hash32(root))

    def events(self, log_id: bytes, first: int, last: int) -> list[AnchorEvent]:
        """Return the log's anchors in the blocks `first` to `last`, in order."""
        with asking("eth_getLogs"):
            found = self._contract.events.Anchored().get_logs(
                from_block=first, to_block=last, argument_filters={"log_id": log_id}
            )
            return [_event(entry) for entry in found]

    def draft(self, account: ChainAccount, log_id: bytes, growth: Growth, *, nonce: int, fee: Fee) -> SignedTransaction:
        """Sign a transaction that anchors, after the contract was asked; raises ChainRefused."""
        arguments = (log_id, growth.old_size, growth.size, growth.root, list(growth.proof))
        return self.signed(account, "anchor", arguments, gas=gas_limit(len(growth.proof)), nonce=nonce, fee=fee)

    def signed(
        self, account: ChainAccount, function: str, arguments: Sequence[object], *, gas: int, nonce: int, fee: Fee
    ) -> SignedTransaction:
        """Sign a call of the contract, after the contract was asked whether it would go through; raises ChainRefused."""
        with asking("eth_call", refusals=True):
            call = self._contract.functions[function](*arguments)
            call.call({"from": account.address, "gas": gas})
            data = self._contract.encode_abi(function, args=list(arguments))
        transaction = {"to": self.address, "data": data, "value": 0, "gas": gas, "nonce": nonce}
        return account.sign(transaction | {"chainId": self.node.chain_id} | fee.members())

    def view(self, function: str) -> Any:
        """Return what a function of the contract without arguments says."""
        with asking("eth_call"):
            return self._contract.functions[function]().call()


def _event(entry: Any) -> AnchorEvent:
    return AnchorEvent(
        size=number(entry["args"]["size"]),
        root=hash32(entry["args"]["root"]),
        block_number=number(entry["blockNumber"]),
        block_hash=hash32(entry["blockHash"]),
        transaction=hash32(entry["transactionHash"]),
    )
