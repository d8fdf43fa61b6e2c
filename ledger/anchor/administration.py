"""The administrator's acts: the contract is made, and for each log a publisher is named. Rare, and by another key."""

import time
from collections.abc import Sequence
from typing import Final

from web3 import Web3
from web3.types import Nonce
from web3.utils import get_create_address

from ledger.anchor.accounts import ChainAccount, SignedTransaction
from ledger.anchor.chain import Receipt
from ledger.anchor.contract_code import contract_code
from ledger.anchor.errors import ChainRefused, ChainUnavailable
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.web3_client import NOBODY, Web3Chain, Web3Node

_DEPLOY_GAS: Final = 2_000_000
_SETTING_GAS: Final = 300_000
_POLL: Final = 0.25


def deploy(
    node: Web3Node, administrator: ChainAccount, fees: FeePolicy, patience: float = 120.0
) -> tuple[Web3Chain, Receipt]:
    """Put the contract on the chain; the account becomes its administrator. Waits for its block.

    Raises ChainRefused, ChainUnavailable, ChainAnswerInvalid.
    """
    nonce = node.nonce(administrator.address)
    transaction = {"to": b"", "data": contract_code().creation, "value": 0, "gas": _DEPLOY_GAS, "nonce": nonce}
    signed = administrator.sign(transaction | {"chainId": node.chain_id} | _fee(node, fees).members())
    receipt = complete(node, signed, patience)
    address = get_create_address(Web3.to_checksum_address(administrator.address), Nonce(nonce))
    return Web3Chain(node, address), receipt


def set_publisher(
    chain: Web3Chain,
    administrator: ChainAccount,
    origin: str,
    publisher: str | None,
    fees: FeePolicy,
    patience: float = 120.0,
) -> Receipt:
    """Name the one address that may anchor a log, None for nobody; waits for its block. Raises as `deploy`."""
    address = NOBODY if publisher is None else Web3.to_checksum_address(publisher)
    return administer(chain, administrator, "set_publisher", (origin, address), fees, patience)


def administer(
    chain: Web3Chain,
    administrator: ChainAccount,
    function: str,
    arguments: Sequence[object],
    fees: FeePolicy,
    patience: float = 120.0,
) -> Receipt:
    """Call any function of the contract that changes something; waits for its block. Raises as `deploy`."""
    signed = chain.signed(
        administrator,
        function,
        arguments,
        gas=_SETTING_GAS,
        nonce=chain.node.nonce(administrator.address),
        fee=_fee(chain.node, fees),
    )
    return complete(chain.node, signed, patience)


def complete(node: Web3Node, signed: SignedTransaction, patience: float) -> Receipt:
    """Send a transaction and wait until it stands in a block; raises ChainRefused if it failed there."""
    node.send(signed)
    end = time.monotonic() + patience
    while (receipt := node.receipt(signed.hash)) is None:
        if time.monotonic() > end:
            raise ChainUnavailable("the transaction stands in no block yet")
        time.sleep(_POLL)
    if not receipt.succeeded:
        raise ChainRefused("the transaction failed in its block")
    return receipt


def _fee(node: Web3Node, fees: FeePolicy) -> Fee:
    return fees.first(*node.prices())
