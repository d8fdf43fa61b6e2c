"""`elicence audit promise --at`: a log that dodges the question."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.formats.notes import NoteSigner
from ledger.log.promises import Promiser
from tests.ledger.local_keys import ORIGIN, Ed25519Signer
from tools.audit.promising import AnswerUnusable, _asked

SIGNER = Ed25519Signer()
VKEYS = {ORIGIN: NoteSigner(ORIGIN, SIGNER).vkey}


def promise(at: datetime) -> str:
    return Promiser(ORIGIN, SIGNER).promise("evt_06GJ3Y7E8HF51R3WZK0X2T4MBA", bytes(32), at).text


@contextmanager
def answering(body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_not_due_yet_is_no_answer_after_the_deadline() -> None:
    """Or a log that has broken its word would only have to ask for patience, for ever."""
    now = datetime.now(UTC)
    with answering(b'{"fate": "waiting"}') as address:
        assert _asked(address, promise(now), VKEYS).fate == "waiting"
        with pytest.raises(AnswerUnusable, match="deadline"):
            _asked(address, promise(now - timedelta(hours=1)), VKEYS)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"fate": "kept"}',
        b'{"fate": "kept", "proof": "x"}',
        b'{"fate": "kept", "proof": 5}',
        b'{"fate": "broken", "denial": "x"}',
        b'{"fate": "broken", "proof": "x", "denial": "x"}',
        b'{"fate": "waiting", "denial": "x"}',
        json.dumps({"fate": "broken", "denial": promise(datetime(2026, 11, 22, tzinfo=UTC))}).encode(),
    ],
    ids=range(11),
)
def test_an_answer_that_does_not_hold(answer: bytes) -> None:
    with answering(answer) as address, pytest.raises(AnswerUnusable):
        _asked(address, promise(datetime.now(UTC)), VKEYS)
