"""What a connection may cost, tried with bare sockets on the server that web processes run."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi import FastAPI, Request

from api import connections
from api.serving import configuration

WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
PATIENCE = 30.0


def _application() -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def here() -> str:
        return "here"

    @app.post("/")
    async def length(request: Request) -> int:
        return len(await request.body())

    return app


Connect = Callable[[], socket.socket]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connects to a server of its own, whose time for a head is short."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connections, "MOST_REQUESTS", 4)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 6)
    server = uvicorn.Server(configuration(_application))
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        stack.callback(thread.join)
        stack.callback(setattr, server, "should_exit", True)  # noqa: FBT003 - setattr takes its value so
        address = listening.getsockname()
        yield lambda: stack.enter_context(socket.create_connection(address, timeout=PATIENCE))


def answered(connection: socket.socket) -> bytes:
    """Return the head of the next answer, or what came before the connection was cut."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while b"\r\n\r\n" not in found and (data := connection.recv(4096)):
            found += data
    return found


def is_cut(connection: socket.socket) -> bool:
    """Wait until the other side ends the connection, without a word."""
    return answered(connection) == b""


def test_who_sends_nothing_is_cut_off(connect: Connect) -> None:
    assert is_cut(connect())


def test_who_sends_a_head_byte_by_byte_is_cut_off(connect: Connect) -> None:
    connection = connect()
    connection.settimeout(0.05)
    deadline = time.monotonic() + PATIENCE
    connection.sendall(WHOLE[:-2] + b"X-Slow: ")
    while not _ended(connection):
        assert time.monotonic() < deadline, "it is borne for ever"
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"x")


def _ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_so_is_who_does_it_with_a_second_request(connect: Connect) -> None:
    connection = connect()
    connection.sendall(WHOLE)
    assert b"200 OK" in answered(connection)
    connection.sendall(WHOLE[:20])
    assert b"HTTP/1.1" not in answered(connection)


def test_a_head_in_parts_and_a_body_that_takes_longer_are_served(connect: Connect) -> None:
    connection = connect()
    for part in (WHOLE[:9], WHOLE[9:]):
        connection.sendall(part)
        time.sleep(0.1)
    assert b"200 OK" in answered(connection)
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\na")
    time.sleep(1)
    connection.sendall(b"b")
    assert b"200 OK" in answered(connection)


def test_a_head_without_end_is_refused(connect: Connect) -> None:
    connection = connect()
    with contextlib.suppress(ConnectionError):
        connection.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 2 * connections.HEAD_BYTES)
    assert answered(connection)[:12] in {b"HTTP/1.1 400", b""}


def test_more_requests_than_are_borne_are_told_so(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", PATIENCE)
    *_, third = [connect() for _ in range(3)]
    third.sendall(WHOLE)
    assert b"200 OK" in answered(third)
    fourth = connect()
    fourth.sendall(WHOLE)
    assert b"503 Service Unavailable" in answered(fourth)


def test_more_connections_than_are_borne_are_cut_at_once(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 2 * PATIENCE)
    held = [connect() for _ in range(6)]
    assert is_cut(connect())
    for one in held[1:]:
        one.close()
    held[0].sendall(WHOLE)
    assert answered(held[0])[:8] == b"HTTP/1.1"
