"""Talk to services of other authorities over HTTP, within bounds: of addresses, size and time.

What comes back is foreign: whoever asked judges it by its signature. The addresses stand in certificates that an
operator took in, or in the settings. Plain HTTP is usual there (RFC 5280 section 8), as everything is signed.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import SplitResult, urljoin, urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError

from ca.outside.foreign_errors import ForeignRefused, ForeignUnavailable

MAX_ADDRESS: Final = 2048
_PIECE: Final = 64 * 1024
_REDIRECTS: Final = 3
_QUIETS: Final = 3
"""The head of an answer may take so many times as long as its longest silence."""
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429})
_HEADERS: Final = {"User-Agent": "elicence", "Accept-Encoding": "identity"}
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request, in seconds: to connect, of silence, and for redirects and body as a whole."""

    connect: float = 5.0
    quiet: float = 10.0
    total: float = 30.0


_LIMITS: Final = Limits()


class HttpClient:
    """Asks, and gives the body of a good answer. Safe between threads; connections are kept and used again.

    Proxies of the environment are not used, redirects to another host not followed, cookies not kept.
    """

    def __init__(self, limits: Limits = _LIMITS) -> None:
        self._limits = limits
        self._pools = urllib3.PoolManager(
            num_pools=16,
            maxsize=8,
            ssl_context=ssl.create_default_context(),
            timeout=urllib3.Timeout(connect=limits.connect, read=limits.quiet),
            retries=False,
        )
        self._pools.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def get(self, address: str, max_size: int) -> bytes:
        """Fetch at most max_size bytes; raises ForeignUnavailable, ForeignRefused."""
        return self._ask("GET", address, None, {}, max_size)

    def post(
        self, address: str, body: bytes, media_type: str, max_size: int, headers: Mapping[str, str] = _NO_HEADERS
    ) -> bytes:
        """Send a body, and return the answer's of at most max_size bytes; raises ForeignUnavailable, ForeignRefused."""
        return self._ask("POST", address, body, {**headers, "Content-Type": media_type}, max_size)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._pools.clear()

    def _ask(self, method: str, address: str, body: bytes | None, headers: dict[str, str], max_size: int) -> bytes:
        end = time.monotonic() + self._limits.total
        check_address(address)
        for _ in range(_REDIRECTS + 1):
            with _complaining(address):
                response = self._pools.urlopen(
                    method, address, body=body, headers=_HEADERS | headers, redirect=False, preload_content=False
                )
                # Closed, unless all of it was read: a connection with an unread answer on it is of no use to anybody.
                with closing(response):
                    moved = _moved(response, method, address)
                    if moved is None:
                        _check_answer(response, address)
                        body_read = _body(response, address, max_size, end)
                        response.drain_conn()  # nothing is left: it only notes the end, and frees the connection
                        return body_read
                    address = moved
            if time.monotonic() > end:
                raise ForeignUnavailable(service(address), "应答超时", "no answer in time")
        raise ForeignRefused(service(address), "重定向过多", "it redirects too often")


def service(address: str) -> str:
    """Return an address as messages may show it: without what may be secret in it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"[:200]


def check_address(address: str) -> None:
    """Check that an address is one that we talk to; raises ForeignRefused."""
    if _parsed(address) is None:
        raise ForeignRefused("(?)", "不是可用的 http(s) 地址", "not an http(s) address that can be used")


def is_web_address(address: str) -> bool:
    """Say whether an address is one that we talk to: http or https, a host, no user in it."""
    return _parsed(address) is not None


def _parsed(address: str) -> SplitResult | None:
    if len(address) > MAX_ADDRESS or not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    good = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None and port != 0
    return parts if good and not parts.fragment else None


@contextmanager
def _complaining(address: str) -> Iterator[None]:
    try:
        yield
    except (ConnectTimeoutError, NewConnectionError) as error:
        raise ForeignUnavailable(service(address), "无法连接", "no connection") from error
    except exceptions.TimeoutError as error:
        raise ForeignUnavailable(service(address), "应答超时", "no answer in time") from error
    except SSLError as error:
        raise ForeignUnavailable(
            service(address), "TLS 连接未通过验证", "the TLS connection cannot be trusted"
        ) from error
    except (HTTPError, OSError, ValueError) as error:
        raise ForeignUnavailable(service(address), "连接中断", "the connection broke") from error


def _moved(response: urllib3.BaseHTTPResponse, method: str, address: str) -> str | None:
    """Return where an answer sends us, None if it is no redirect; raises ForeignRefused."""
    if response.status not in _MOVED:
        return None
    target = urljoin(address, response.headers.get("Location", ""))
    old, new = urlsplit(address), _parsed(target)
    if method != "GET" or new is None or new.hostname != old.hostname or (old.scheme, new.scheme) == ("https", "http"):
        raise ForeignRefused(service(address), "重定向到其他地址", "it redirects elsewhere")
    return target


def _check_answer(response: urllib3.BaseHTTPResponse, address: str) -> None:
    if response.status != 200:
        reason = f"HTTP {response.status}"
        if response.status >= 500 or response.status in _LATER:
            raise ForeignUnavailable(service(address), reason, reason)
        raise ForeignRefused(service(address), reason, reason)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise ForeignRefused(service(address), "应答使用了压缩编码", "a compressed answer, which was not asked for")


def _body(response: urllib3.BaseHTTPResponse, address: str, max_size: int, end: float) -> bytes:
    too_large = ForeignRefused(service(address), f"应答超过 {max_size} 字节", f"an answer over {max_size} bytes")
    declared = response.length_remaining
    if declared is not None and declared > max_size:
        raise too_large
    body = bytearray()
    while piece := response.read1(_PIECE, decode_content=False):
        body += piece
        if len(body) > max_size:
            raise too_large
        if time.monotonic() > end:
            raise ForeignUnavailable(service(address), "应答超时", "no answer in time")
    # read1() gives what there is: that it was cut off is for us to see.
    if declared is not None and len(body) != declared:
        raise ForeignUnavailable(service(address), "应答不完整", "the answer was cut off")
    return bytes(body)


class _Connection(HTTPConnection):
    """Breaks off when the head of an answer drips in so slowly that no time-out between two bytes ever strikes."""

    def getresponse(self) -> Any:  # the stubs of the two libraries differ
        with _cut_off_after(_QUIETS * (self.timeout or _LIMITS.quiet), self):
            return super().getresponse()


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


@contextmanager
def _cut_off_after(seconds: float, connection: HTTPConnection) -> Iterator[None]:
    struck = threading.Event()

    def cut() -> None:
        struck.set()
        with suppress(OSError, AttributeError):  # closed meanwhile
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if struck.is_set():  # a head that was cut off looks like a short one
        raise TimeoutError
