"""How a log reaches a witness: over HTTP, or in its own process.

What comes back is foreign and judged by whoever asked. A connection is kept, and asked one thing at a time; whatever a
witness does, an answer is there or given up within a bounded time.
"""

import http.client
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from ledger.witness.errors import WitnessSilent
from ledger.witness.protocol import PATH, Answer
from ledger.witness.witness import Witness

MAX_ANSWER: Final = 1 << 16
_TOTAL: Final = 5.0


class WitnessLink(Protocol):
    """A way to one witness."""

    def ask(self, body: bytes) -> Answer:
        """Send an add-checkpoint request; raises WitnessSilent."""
        ...


class WitnessInProcess:
    """A witness behind no network, for tests and for the demo."""

    def __init__(self, witness: Witness, clock: Callable[[], datetime]) -> None:
        self._witness = witness
        self._clock = clock

    def ask(self, body: bytes) -> Answer:
        """Hand the request over."""
        return self._witness.answer(body, self._clock())


class HttpWitness:
    """A witness at its submission prefix, an http(s) URL; raises WitnessSilent unless it is one.

    name: as the policy names it, for messages; total: seconds for one request with all that belongs to it.
    """

    def __init__(self, name: str, url: str, total: float = _TOTAL) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise WitnessSilent(name=name, reason="its address is none") from error
        if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc or parts.query or parts.fragment:
            raise WitnessSilent(name=name, reason="its address is none")
        self._name = name
        self._path = f"{parts.path.rstrip('/')}/{PATH}"
        self._total = total
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(host, port, timeout=total, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=total)
        )
        self._turn = threading.Lock()
        # A house that keeps it open has no moment at which it is done with its witnesses.
        weakref.finalize(self, self._connection.close)

    def ask(self, body: bytes) -> Answer:
        """Send an add-checkpoint request; raises WitnessSilent."""
        with self._turn, self._complaining():
            # The other side may close a kept connection at any time: what broke on it is asked once more on a new one.
            if self._connection.sock is not None:
                with suppress(ConnectionResetError, BrokenPipeError):
                    return self._exchange(body)
            return self._exchange(body)

    def close(self) -> None:
        """Close the connection that is kept."""
        self._connection.close()

    @contextmanager
    def _complaining(self) -> Iterator[None]:
        try:
            yield
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise WitnessSilent(name=self._name, reason=f"no answer ({type(error).__name__})") from error

    def _exchange(self, body: bytes) -> Answer:
        headers = {"Content-Type": "text/plain", "User-Agent": "elicence"}
        with self._closed_on_failure(), _cut_off_after(self._total, self._connection):
            self._connection.request("POST", self._path, body, headers)
            response = self._connection.getresponse()
            data = response.read(MAX_ANSWER + 1)
            # A read of so many bytes gives what there is: that there should be more is for us to see.
            if response.length or len(data) > MAX_ANSWER:
                raise http.client.IncompleteRead(data)
            return Answer(response.status, response.headers.get("Content-Type", ""), data)

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            # With half an answer on it, a connection would give it for the next.
            self._connection.close()
            raise


@contextmanager
def _cut_off_after(seconds: float, connection: http.client.HTTPConnection) -> Iterator[None]:
    """Break the connection off in the end: whoever sends a byte now and then never runs into a time-out of silence."""
    struck = threading.Event()

    def cut() -> None:
        struck.set()
        with suppress(OSError, AttributeError):  # closed meanwhile, or never open
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if struck.is_set():  # what was cut off can look complete
        raise TimeoutError
