"""The client at real, odd, silent and senseless nodes."""

import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.anchor.accounts import KeyAccount
from ledger.anchor.administration import complete
from ledger.anchor.anchorer import Anchorer, AnchorPolicy
from ledger.anchor.chain import Growth
from ledger.anchor.contract_code import log_id
from ledger.anchor.errors import ChainAnswerInvalid, ChainError, ChainRefused, ChainUnavailable, ContractUnknown
from ledger.anchor.fees import Fee, FeePolicy
from ledger.anchor.web3_client import Web3Chain, Web3Node
from tests.ledger.anchor.anvil import Anvil
from tests.ledger.anchor.city import City
from tests.ledger.anchor.odd_node import Change, changing, like_bcos, like_qbft, with_zero_hash
from tests.ledger.local_keys import ORIGIN

NewAnchorer = Callable[..., Anchorer]
LOG = log_id(ORIGIN)
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
FEE = Fee(10**11, 1)
FIRST = Growth(0, 5, b"\x01" * 32, ())


@pytest.mark.parametrize("change", [like_bcos, like_qbft])
def test_networks_that_differ_from_ethereum(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain, change: Change
) -> None:
    legacy = AnchorPolicy(every=timedelta(), fees=FeePolicy("legacy", 2 * 10**9))
    with changing(anvil.url, change) as url:
        ours = anchorer(legacy, chain=Web3Chain(Web3Node.at(url), chain.address))
        for minute, size in enumerate((5, 300)):
            city.publish(size)
            ours.run_once(NOW + timedelta(minutes=2 * minute))
            anvil.settle()
            assert ours.run_once(NOW + timedelta(minutes=2 * minute + 1)).size == size


def test_a_hash_of_zeros_is_a_refusal_and_the_transaction_is_kept(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain
) -> None:
    city.publish(5)
    policy = AnchorPolicy(every=timedelta())
    with changing(anvil.url, with_zero_hash) as url, pytest.raises(ChainRefused):
        anchorer(policy, chain=Web3Chain(Web3Node.at(url), chain.address)).run_once(NOW)
    anchorer(policy).run_once(NOW + timedelta(seconds=1))
    assert anchorer(policy).run_once(NOW + timedelta(seconds=2)).size == 5


def test_methods_that_not_every_node_has_are_never_called(
    anchorer: NewAnchorer, anvil: Anvil, city: City, chain: Web3Chain
) -> None:
    called = set()

    def noting(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        called.add(request["method"])
        return ask()

    with changing(anvil.url, noting) as url:
        node = Web3Node.at(url)
        for policy in (AnchorPolicy(every=timedelta()), AnchorPolicy(every=timedelta(), finality=1)):
            city.publish(city.size + 5)
            ours = anchorer(policy, chain=Web3Chain(node, chain.address))
            ours.run_once(NOW)
            anvil.settle()
            anvil.mine()
            ours.run_once(NOW)
    assert called == {
        "eth_call",
        "eth_chainId",
        "eth_gasPrice",
        "eth_getBlockByNumber",
        "eth_getCode",
        "eth_getLogs",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_sendRawTransaction",
    }


def test_a_transaction_sent_twice_is_no_fault(chain: Web3Chain, publisher: KeyAccount, anvil: Anvil) -> None:
    anvil.stop_mining()
    signed = chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE)
    for _ in range(3):
        chain.node.send(signed)
    assert anvil.waiting() == [signed.hash]
    anvil.mine()
    chain.node.send(signed)
    receipt = chain.node.receipt(signed.hash)
    assert receipt is not None
    assert receipt.succeeded


@pytest.mark.parametrize(("nonce", "fee", "words"), [(0, Fee(1), ""), (0, Fee(10**25), "nsufficient"), (0, Fee(0), "")])
def test_a_transaction_that_the_node_refuses(
    chain: Web3Chain, publisher: KeyAccount, nonce: int, fee: Fee, words: str
) -> None:
    signed = chain.draft(publisher, LOG, FIRST, nonce=nonce, fee=fee)
    with pytest.raises(ChainRefused) as caught:
        chain.node.send(signed)
    assert words in caught.value.reason


def test_a_nonce_that_is_used_up(chain: Web3Chain, publisher: KeyAccount) -> None:
    complete(chain.node, chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE), 10)
    other = {"to": publisher.address, "value": 0, "gas": 21_000, "nonce": 0, "chainId": chain.node.chain_id}
    with pytest.raises(ChainRefused):
        chain.node.send(publisher.sign(other | FEE.members()))


def test_another_contract_is_not_believed(anvil: Anvil, chain: Web3Chain) -> None:
    copy = bytearray(anvil.node.code(chain.address))
    copy[-1] ^= 1
    anvil.ask("anvil_setCode", "0x" + 40 * "2", "0x" + copy.hex())
    for address in ("0x" + 40 * "2", "0x" + 40 * "3"):
        with pytest.raises(ContractUnknown):
            _ = Web3Chain(anvil.node, address).id


def test_before_the_contract_was_there_nothing_was_anchored(
    chain: Web3Chain, anvil: Anvil, publisher: KeyAccount
) -> None:
    complete(chain.node, chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE), 10)
    state = chain.state(LOG, 100)
    assert (state.final.size, state.newest.size, state.block.number) == (0, 5, 0)


def test_a_block_that_is_not_there(anvil: Anvil) -> None:
    assert anvil.node.block(10**6) is None


# --- silence and nonsense ------------------------------------------------------------------------------------------


@contextmanager
def answering(data: bytes | None) -> Iterator[str]:
    """A server that answers anything with these bytes, or never with None."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                taken.append(connection)
                if data is not None:
                    connection.recv(65536)
                    connection.sendall(data)
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/v3/secret-key"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in taken:
                connection.close()


def http(body: bytes, status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


def result(text: str) -> bytes:
    return http(b'{"jsonrpc": "2.0", "id": 0, "result": ' + text.encode() + b"}")


def everything(chain: Web3Chain, account: KeyAccount) -> list[Callable[[], object]]:
    node = chain.node
    signed = account.sign(
        {"to": chain.address, "nonce": 0, "gas": 1, "gasPrice": 1, "chainId": 1, "value": 0, "data": b""}
    )
    return [
        lambda: chain.id,
        lambda: chain.state(LOG, 0),
        lambda: chain.state(LOG, "finalized"),
        lambda: chain.events(LOG, 0, 10),
        lambda: chain.view("administrator"),
        lambda: node.block("latest"),
        lambda: node.code(chain.address),
        lambda: node.nonce(account.address),
        lambda: node.receipt(bytes(32)),
        lambda: node.knows(bytes(32)),
        node.prices,
        lambda: node.send(signed),
        lambda: chain.draft(account, LOG, FIRST, nonce=0, fee=FEE),
    ]


NONSENSE = {
    "closed at once": b"",
    "no HTTP": b"220 smtp.test ready\r\n",
    "a page": http(b"<html></html>"),
    "not found": http(b"not found", "404 Not Found"),
    "busy": http(b"", "503 Service Unavailable"),
    "moved": http(b"", "301 Moved Permanently"),
    "no JSON": http(b"{"),
    "a list": http(b"[]"),
    "a number": http(b"7"),
    "no result": http(b"{}"),
    "no numbers": result('"0xzz"'),
    "a string": result('"hello"'),
    "an object": result("{}"),
    "a short object": result('{"number": "0x1", "hash": "0x12", "status": "0x1"}'),
    "a list of nothing": result("[null]"),
    "true": result("true"),
    "an error": http(b'{"jsonrpc": "2.0", "id": 0, "error": {"code": -32005, "message": "limit"}}'),
    "an odd error": http(b'{"jsonrpc": "2.0", "id": 0, "error": "no"}'),
    "not UTF-8": http(b'{"jsonrpc": "2.0", "id": 0, "result": "\xff"}'),
}


def test_no_node_and_no_key_in_what_is_shown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://somebody:secret-word@127.0.0.1:{server.getsockname()[1]}/v3/secret-key"
    with pytest.raises(ChainUnavailable) as caught:
        Web3Node.at(url).block("latest")
    shown = "".join(traceback.format_exception(caught.value))
    assert "secret" not in shown.replace("test_no_node_and_no_key_in_what_is_shown", "")


HUGE = (1 << 63, (1 << 64) - 1, 1 << 256)


@pytest.mark.parametrize("number", HUGE)
def test_numbers_that_no_row_can_hold_are_an_answer_that_cannot_be_used(number: int, chain: Web3Chain) -> None:
    """An anchorer must outlive a node that answers so, and the database would refuse them."""
    with answering(result(f'"{number:#x}"')) as url:
        node = Web3Node.at(url)
        with pytest.raises(ChainAnswerInvalid):
            _ = node.chain_id
        with pytest.raises(ChainAnswerInvalid):
            node.nonce("0x" + 40 * "1")
    block = f'{{"number": "{number:#x}", "hash": "0x{64 * "1"}"}}'
    with answering(result(block)) as url, pytest.raises(ChainAnswerInvalid):
        Web3Node.at(url).block("latest")


def test_a_size_that_no_log_has(anvil: Anvil, chain: Web3Chain) -> None:
    def vast(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if request["method"] == "eth_call":
            return {"result": f"0x{1:064x}{(1 << 64) - 1:064x}{7:064x}"}
        return ask()

    with changing(anvil.url, vast) as url, pytest.raises(ChainAnswerInvalid):
        Web3Chain(Web3Node.at(url), chain.address).state(LOG, 0)


def test_a_receipt_of_another_transaction_settles_nothing(
    anvil: Anvil, chain: Web3Chain, publisher: KeyAccount
) -> None:
    signed = chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE)
    complete(chain.node, signed, 10)

    def mixed_up(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        request["params"] = ["0x" + signed.hash.hex()]
        return _asked(anvil, request)

    with changing(anvil.url, mixed_up) as url, pytest.raises(ChainAnswerInvalid):
        Web3Node.at(url).receipt(b"\x01" * 32)


def _asked(anvil: Anvil, request: dict[str, Any]) -> dict[str, Any]:
    return {"result": anvil.ask(request["method"], *request["params"])}


def test_a_hash_of_zeros_for_what_waits_already_is_no_refusal(
    anvil: Anvil, chain: Web3Chain, publisher: KeyAccount
) -> None:
    anvil.stop_mining()
    signed = chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE)
    chain.node.send(signed)
    with changing(anvil.url, with_zero_hash) as url:
        Web3Node.at(url).send(signed)


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_raises_nothing_but_our_errors(name: str) -> None:
    account, failures = KeyAccount.create(), []
    with answering(NONSENSE[name]) as url:
        chain = Web3Chain(Web3Node.at(url), "0x" + 40 * "1")
        for ask in everything(chain, account):
            try:
                ask()
            except ChainError as error:
                failures.append(error)
    # The node's address may hold an access key: it is in no message, and in nothing that is shown behind it.
    shown = "".join(line for error in failures for line in traceback.format_exception(error))
    assert "secret-key" not in shown
    assert "127.0.0.1" not in shown
    assert len(failures) > 5


def test_a_node_that_never_answers() -> None:
    with answering(None) as url, pytest.raises(ChainUnavailable):
        Web3Node.at(url, timeout=0.05).block("latest")


def test_no_node_at_all() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(ChainUnavailable):
        Web3Node.at(url).prices()


def test_a_stranger_s_words_are_kept_short_and_on_one_line(
    anvil: Anvil, chain: Web3Chain, publisher: KeyAccount
) -> None:
    def rude(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        if request["method"] == "eth_sendRawTransaction":
            return {"error": {"code": -32000, "message": "no\n\x1b[31m" + "!" * 10_000}}
        return ask()

    signed = chain.draft(publisher, LOG, FIRST, nonce=0, fee=FEE)
    with changing(anvil.url, rude) as url, pytest.raises(ChainRefused) as caught:
        Web3Node.at(url).send(signed)
    assert len(caught.value.reason) <= 200
    assert caught.value.reason.isprintable()


def test_a_proxy_of_the_environment_is_not_asked(anvil: Anvil, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    block = Web3Node.at(anvil.url).block("latest")
    assert block is not None


def test_an_answer_that_cannot_be_used_names_the_question() -> None:
    with answering(NONSENSE["a string"]) as url, pytest.raises(ChainAnswerInvalid) as caught:
        Web3Node.at(url).nonce("0x" + 40 * "1")
    assert caught.value.reason == "eth_getTransactionCount"
