"""The bounds of a connection: who sends the head of a request slowly, or holds connections by the hundred, is cut off.

Slow bodies are seen to where they are read (`api/uploads.py`).
"""

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 10.0
"""Within these the head of a request is there as a whole, counted from its first byte or from the connection's begin."""

HEAD_BYTES: Final = 32 * 1024
KEEP_ALIVE_SECONDS: Final = 5
MOST_REQUESTS: Final = 512
"""Connections or requests of one process at once; a request beyond is answered 503."""

MOST_CONNECTIONS: Final = 768
"""A connection beyond is cut at once: a process has 1,024 descriptors by default, and needs some for its work."""


class BoundedConnection(H11Protocol):
    """uvicorn's own protocol, with a time in which the head of a request must be there.

    Keep-alive time-outs end with the first byte, and uvicorn waits for the rest as long as it takes.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._unwatch_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent."""
        super().data_received(data)
        self._watch_head()

    def _watch_head(self) -> None:
        """Let the time run while a head is awaited; a byte now and then does not begin it anew."""
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._unwatch_head()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _unwatch_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
