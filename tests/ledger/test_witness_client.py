"""The way to a witness over real sockets, and what may lie at the other end of it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from ledger.witness.client import MAX_ANSWER, HttpWitness
from ledger.witness.errors import WitnessSilent

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"


class Server:
    """Answers each request by what the next of `answers` does with the connection."""

    def __init__(self, *answers: Callable[[socket.socket], bool]) -> None:
        self._answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while self._answers:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                keep = True
                while keep and self._answers:
                    request = _read(connection)
                    if not request:
                        break
                    self.requests.append(request)
                    keep = self._answers.pop(0)(connection)

    def close(self) -> None:
        self._answers.clear()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


def _read(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(4096)
    return head + b"\r\n\r\n" + body


def send(data: bytes, *, keep: bool = True) -> Callable[[socket.socket], bool]:
    def answer(connection: socket.socket) -> bool:
        connection.sendall(data)
        return keep

    return answer


@contextmanager
def serving(*answers: Callable[[socket.socket], bool]) -> Iterator[Server]:
    server = Server(*answers)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def reaching(server: Server, path: str = "", total: float = 5.0) -> Iterator[HttpWitness]:
    link = HttpWitness("w1", server.url + path, total)
    try:
        yield link
    finally:
        link.close()


def test_it_posts_below_the_prefix_and_keeps_the_connection() -> None:
    conflict = b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 2\r\n\r\n7\n"
    with serving(send(GOOD), send(conflict)) as server, reaching(server, "/witness/") as link:
        first, second = link.ask(b"one"), link.ask(b"two")
        assert (first.status, first.body) == (200, b"hello\n")
        assert (second.status, second.media_type, second.body) == (409, "text/x.tlog.size", b"7\n")
        assert server.connections == 1
        assert server.requests[0].startswith(b"POST /witness/add-checkpoint HTTP/1.1\r\n")
        assert [request.rpartition(b"\r\n\r\n")[2] for request in server.requests] == [b"one", b"two"]


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    with serving(send(GOOD, keep=False), send(GOOD)) as server, reaching(server) as link:
        assert [link.ask(b"x").status for _ in range(2)] == [200, 200]
        assert server.connections == 2


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with serving(send(moved)) as server, reaching(server) as link:
        assert link.ask(b"x").status == 302


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (MAX_ANSWER + 1) + b"x" * (MAX_ANSWER + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
    ],
)
def test_whatever_is_no_answer_is_silence(data: bytes) -> None:
    with serving(send(data, keep=False)) as server, reaching(server) as link, pytest.raises(WitnessSilent):
        link.ask(b"x")


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_who_drips_is_cut_off(start: bytes) -> None:
    """A byte now and then runs into no time-out of silence: in head and body alike the whole is bounded."""
    pause = threading.Event()

    def drip(connection: socket.socket) -> bool:
        connection.sendall(start)
        with suppress(OSError):  # until the other side hangs up
            while not pause.wait(0.01):
                connection.sendall(b"x")
        return False

    with serving(drip) as server, reaching(server, total=0.3) as link, pytest.raises(WitnessSilent):
        link.ask(b"x")


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(WitnessSilent):
        HttpWitness("w1", url).ask(b"x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://w.test/",
        "http://",
        "http://w.test:port/",
        "http://u@w.test/",
        "http://:p@w.test/",
        "http://w.test/?q",
        "//w.test",
    ],
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(WitnessSilent):
        HttpWitness("w1", url)
