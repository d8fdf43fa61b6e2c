"""A real node of an Ethereum chain on a loopback port, which mines when it is told to, drops, and re-organises."""

import platform
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from web3.types import RPCEndpoint

from ledger.anchor.accounts import KeyAccount, SignedTransaction
from ledger.anchor.web3_client import Web3Node

PACKAGE = Path(__file__).parents[3] / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"

WANTED = (
    "Tests of anchoring need Foundry's anvil 1.7.1: on Linux x86_64 with glibc `make setup-dev` brings it, elsewhere put one "
    "on PATH."
)


class PatientNode(Web3Node):
    """A connection on which a transaction stands in its block when sending it returns, while blocks are made at once."""

    settle: Callable[[], None]

    def send(self, transaction: SignedTransaction) -> None:
        super().send(transaction)
        self.settle()


class Anvil:
    """The node's controls. Blocks are made at once for every transaction, unless `stop_mining` was called."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.at_once = True
        self.node = PatientNode.at(url)
        self.node.settle = self.settle

    def ask(self, method: str, *arguments: Any) -> Any:
        """Call the node; an error it answers is raised as it is."""
        answer = self.node.web3.provider.make_request(RPCEndpoint(method), arguments)
        assert "error" not in answer, answer
        return answer["result"]

    def rich(self) -> KeyAccount:
        """Return a new account with ten thousand coins."""
        account = KeyAccount.create()
        self.ask("anvil_setBalance", account.address, hex(10**22))
        return account

    def mine_at_once(self, *, on: bool = True) -> None:
        """Make a block for every transaction from now on, or only when told to."""
        self.ask("evm_setAutomine", on)
        self.at_once = on

    def settle(self) -> None:
        """Wait until the blocks are made that are made at once: the node makes them beside its answers."""
        patience = time.monotonic() + 30
        while self.at_once and self.waiting():
            assert time.monotonic() < patience, "anvil makes no block"
            time.sleep(0.005)

    def stop_mining(self) -> None:
        """Make blocks only when told to from now on."""
        self.mine_at_once(on=False)

    def mine(self, blocks: int = 1) -> None:
        """Make blocks, the first one out of what waits."""
        self.ask("anvil_mine", hex(blocks))

    def waiting(self) -> list[bytes]:
        """Return the hashes of the transactions that wait."""
        pool = self.ask("txpool_content")
        found = [tx for kind in ("pending", "queued") for by_nonce in pool[kind].values() for tx in by_nonce.values()]
        return [bytes.fromhex(tx["hash"][2:]) for tx in found]

    def drop(self, transaction: bytes) -> None:
        """Forget a transaction that waits."""
        self.ask("anvil_dropTransaction", "0x" + transaction.hex())

    def reorganise(self, depth: int) -> None:
        """Replace the newest blocks by as many empty ones: what stood in them stands nowhere."""
        self.ask("anvil_reorg", depth, [])


@contextmanager
def running_anvil(*options: str) -> Iterator[Anvil]:
    """Start a node; it ends with the block."""
    program = _program()
    command = [program, "--host", "127.0.0.1", "--port", "0", *options]
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:  # a program for another kind of machine, or for another C library
        pytest.fail(f"{program} does not run on this machine ({error.strerror}). {WANTED}", pytrace=False)
    with process:
        try:
            address = _address(process)
            # It tells of every request: unread, the pipe fills and the node waits for ever.
            threading.Thread(target=deque, args=(process.stdout, 0), daemon=True).start()
            yield Anvil("http://" + address)
        finally:
            process.kill()


def _program() -> str:
    """Return the node of package-lock.json where it runs here, else one on PATH."""
    ours = PACKAGE if PACKAGE.exists() and _machine() == ("Linux", "x86_64") else shutil.which("anvil")
    if ours is None:
        pytest.fail(f"there is no anvil (chain node) here. {WANTED}", pytrace=False)
    return str(ours)


def _machine() -> tuple[str, str]:
    return platform.system(), platform.machine()


def _address(process: "subprocess.Popen[str]") -> str:
    """Return where the node listens, as it says when it is ready."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        if line.startswith("Listening on "):
            return line.removeprefix("Listening on ").strip()
        said.append(line)
    pytest.fail(f"anvil ended before it listened: {''.join(said)[-500:]}\n{WANTED}", pytrace=False)
