"""An embedded chain (eth-tester): for trials, tests and benchmarks. It lives and ends with the process, and proves nothing."""

from typing import Any, Final

from eth_tester.exceptions import TransactionFailed  # type: ignore[import-untyped]
from eth_tester.exceptions import ValidationError as TesterRefusal
from eth_utils.exceptions import ValidationError as MachineRefusal
from web3 import EthereumTesterProvider, Web3
from web3.types import RPCEndpoint, RPCResponse, Wei

from ledger.anchor.accounts import KeyAccount
from ledger.anchor.libraries import put_limit_back
from ledger.anchor.web3_client import Web3Node

_REVERTED: Final = 3
_REFUSED: Final = -32000
_WEALTH: Final = 10**20


class _AsNodesAnswer(EthereumTesterProvider):
    """Refusals come as a node's error objects, not as the library's own exceptions."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        try:
            return super().make_request(method, params)
        except TransactionFailed as error:
            return _error(_REVERTED, error)
        except (TesterRefusal, MachineRefusal) as error:
            return _error(_REFUSED, error)


def _error(code: int, error: Exception) -> RPCResponse:
    return {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": str(error)}}


def embedded_node() -> Web3Node:
    """Return a new chain of its own; every transaction makes a block at once."""
    provider = _AsNodesAnswer()
    put_limit_back()
    return Web3Node(Web3(provider))


def funded_account(node: Web3Node) -> KeyAccount:
    """Return a new account with more coin than any trial spends."""
    account = KeyAccount.create()
    eth = node.web3.eth
    eth.send_transaction({"from": eth.accounts[0], "to": account.address, "value": Wei(_WEALTH)})
    return account
