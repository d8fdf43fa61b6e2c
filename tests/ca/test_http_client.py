"""The HTTP client keeps its bounds, whatever a server does."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from ca.errors import CAError
from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable
from ca.outside.http_client import HttpClient, Limits, is_web_address, service
from tests.ca.licensed import Answer, Site, cut_off, dripping, giving, silent, site

HTTP = HttpClient(Limits(connect=2.0, quiet=0.3, total=0.8))
BODY = bytes(range(256)) * 10
HEAD = b"HTTP/1.0 200 OK\r\n"


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with site() as found:
        yield found


def failure(server: Site, answer: Answer, max_size: int = 4096) -> CAError:
    server.routes["/x"] = answer
    with pytest.raises((ForeignUnavailable, ForeignRefused)) as told:
        HTTP.get(f"{server.address}/x", max_size)
    for language in ("zh", "en"):
        assert f"{server.address}/x" in told.value.message(language)
    error = told.value
    assert isinstance(error, CAError)
    return error


def test_a_body_comes_whole(server: Site) -> None:
    server.routes["/x"] = giving(BODY)
    assert HTTP.get(f"{server.address}/x", len(BODY)) == BODY
    server.routes["/x"] = dripping(HEAD + b"\r\n", BODY, 0.0, 3)  # without a length, to the end
    assert HTTP.get(f"{server.address}/x", 3 * len(BODY)) == 3 * BODY
    server.routes["/empty"] = giving(b"")
    assert HTTP.get(f"{server.address}/empty", 1) == b""


def test_a_body_is_sent(server: Site) -> None:
    seen = []

    def answer(handler: object, request: bytes) -> None:
        seen.append(request)
        giving(b"ok")(handler, request)  # type: ignore[arg-type]

    server.routes["/post"] = answer
    assert HTTP.post(f"{server.address}/post", BODY, "application/test", 10) == b"ok"
    assert seen == [BODY]
    assert server.headers[-1]["Content-Type"] == "application/test"


def test_no_cookie_is_kept_and_no_proxy_taken(server: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.routes["/x"] = giving(b"ok", Set_Cookie="a=b")
    client = HttpClient()
    assert client.get(f"{server.address}/x", 10) == client.get(f"{server.address}/x", 10) == b"ok"
    assert "Cookie" not in server.headers[-1]
    client.close()


def test_a_connection_is_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()  # once
            with connection:
                for _ in range(3):
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        client = HttpClient(Limits(quiet=5.0))
        for _ in range(3):
            assert client.get(f"http://127.0.0.1:{listener.getsockname()[1]}/", 10) == b"ok"
        thread.join()
        client.close()


UNAVAILABLE: dict[str, Answer] = {
    "500": giving(b"", 500),
    "503": giving(b"", 503),
    "429": giving(b"", 429),
    "cut off": cut_off(BODY),
    "nothing": silent(0.0),
    "silence": silent(1.0),
    "no HTTP": dripping(b"\x00\x01\x02\r\n\r\n", b"", 0.0, 0),
    "a head that never ends": dripping(HEAD, b"X", 0.1),
    "many head lines": dripping(HEAD, b"X-A: b\r\n", 0.1),
    "a body that never ends": dripping(HEAD + b"\r\n", b"X", 0.1),
}


@pytest.mark.parametrize("answer", UNAVAILABLE.values(), ids=UNAVAILABLE.keys())
def test_it_may_come_later(server: Site, answer: Answer) -> None:
    assert isinstance(failure(server, answer), ForeignUnavailable)


REFUSED: dict[str, Answer] = {
    "404": giving(b"", 404),
    "204": giving(b"", 204),
    "too large, and says so": giving(bytes(5000)),
    "too large, and does not say so": dripping(HEAD + b"\r\n", bytes(3000), 0.0, 3),
    "compressed": giving(b"x", Content_Encoding="gzip"),
    "another host": giving(b"", 302, Location="http://localhost:1/x"),
    "another protocol": giving(b"", 302, Location="ftp://127.0.0.1/x"),
    "nowhere": giving(b"", 302),
    "round and round": giving(b"", 302, Location="/x"),
}


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused(server: Site, answer: Answer) -> None:
    assert isinstance(failure(server, answer), ForeignRefused)


def test_a_redirect_on_the_same_host_is_followed_but_never_with_a_body(server: Site) -> None:
    server.routes |= {"/x": giving(b"", 301, Location="/y"), "/y": giving(b"there")}
    assert HTTP.get(f"{server.address}/x", 10) == b"there"
    with pytest.raises(ForeignRefused):
        HTTP.post(f"{server.address}/x", b"", "application/test", 10)


def test_redirects_take_no_longer_than_one_request_may(server: Site) -> None:
    def slowly(target: str) -> Answer:
        def answer(handler: BaseHTTPRequestHandler, request: bytes) -> None:
            time.sleep(0.2)
            giving(b"", 302, Location=target)(handler, request)

        return answer

    server.routes |= {"/x": slowly("/late"), "/late": giving(b"there")}
    client = HttpClient(Limits(connect=2.0, quiet=5.0, total=0.1))
    with pytest.raises(ForeignUnavailable):
        client.get(f"{server.address}/x", 10)
    assert server.count("/late") == 0
    client.close()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ForeignUnavailable):
        HTTP.get(f"http://127.0.0.1:{port}/", 10)
    with pytest.raises(ForeignUnavailable):
        HTTP.get("http://name.invalid/", 10)


def test_a_server_without_a_certificate_that_counts_is_not_talked_to() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(ForeignUnavailable):
            HTTP.get(f"https://127.0.0.1:{listener.getsockname()[1]}/", 10)
        thread.join()


@pytest.mark.parametrize(
    "address",
    [
        "", "x", "ftp://a/b", "ldap:///cn=a", "file:///etc/passwd", "http://", "http:///x", "http://user@a/", "http://a/#f",
        "http://a:99999/", "http://a:0/", "http://a b/", "http://a/\n", "http://测试/", "http://[::1", "http://a/" + "x" * 2048,
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    assert not is_web_address(address)
    with pytest.raises(ForeignRefused):
        HTTP.get(address, 10)


def test_messages_show_no_query() -> None:
    assert service("http://ca.test:81/ocsp?token=secret") == "http://ca.test:81/ocsp"
