"""A node that answers as some networks do: a proxy before anvil that changes answers on their way."""

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Change = Callable[[dict[str, Any], Callable[[], dict[str, Any]]], dict[str, Any]]
"""Answers a request (its JSON), asking the node behind it or not."""

NO_METHOD = {"code": -32601, "message": "the method does not exist"}


@contextmanager
def changing(url: str, change: Change) -> Iterator[str]:
    """Serve a node whose answers are changed; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = json.loads(body)
            answer = change(request, lambda: _forward(url, body))
            data = json.dumps({"jsonrpc": "2.0", "id": request["id"]} | answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _forward(url: str, body: bytes) -> dict[str, Any]:
    request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        answer: dict[str, Any] = json.load(response)
    return {name: value for name, value in answer.items() if name in {"result", "error"}}


def like_bcos(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FISCO BCOS: no fee history, no estimate, no old states; blocks without base fee, their times in milliseconds."""
    method, parameters = request["method"], request.get("params", [])
    if method in {"eth_feeHistory", "eth_estimateGas", "eth_getProof", "eth_maxPriorityFeePerGas"}:
        return {"error": NO_METHOD}
    if method in {"eth_call", "eth_getCode"} and parameters[-1] != "latest":
        return {"error": {"code": -32000, "message": "only the latest state"}}
    if method == "eth_sendTransaction":
        return {"error": NO_METHOD}
    answer = ask()
    if method == "eth_getBlockByNumber" and answer.get("result"):
        block = answer["result"]
        block.pop("baseFeePerGas", None)
        block["timestamp"] = hex(int(block["timestamp"], 16) * 1000)
    return answer


def with_zero_hash(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FISCO BCOS again: a transaction that is not taken is answered with zeros, not with an error."""
    if request["method"] == "eth_sendRawTransaction":
        return {"result": "0x" + 64 * "0"}
    return ask()


def like_qbft(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Besu QBFT: the validators' signatures stand in extraData, which is far longer than 32 bytes."""
    answer = ask()
    if request["method"] == "eth_getBlockByNumber" and answer.get("result"):
        answer["result"]["extraData"] = "0x" + 241 * "f8"
    return answer


def away(request: dict[str, Any], ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A node that is reached and can do nothing."""
    return {"error": {"code": -32000, "message": "no peers"}}
