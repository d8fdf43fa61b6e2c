"""`POST /log/add`: opaque entries from anybody, for load tools and other logs' tests; only where a setting allows it.

Entries that come while a batch is being committed make the next batch: no timer, and one transaction for many. What does
not fit is refused at once with 503 and Retry-After, so that whoever sends too fast learns it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from api.log_errors import LogBusy
from api.problems import documented
from api.turns import Turns
from api.uploads import BodyTooLong, read_at_most
from ledger.formats.bundles import MAX_ENTRY
from ledger.log.inclusion_waiting import published_size
from ledger.log.log import Log
from ledger.objects.objects import ObjectStore, ObjectStoreUnavailable

MOST_WAITING: Final = 4096
MOST_UNPUBLISHED: Final = 500_000
"""So far may the publication lie behind before nothing more is taken."""
MOST_BYTES: Final = 32 * 1024 * 1024
"""Entries may be long: so much of them waits at the most, whatever their number."""
BATCH: Final = 1024
BATCH_BYTES: Final = 8 * 1024 * 1024
_PAUSE: Final = 1


class LogAdder:
    """Appends what comes from the event loop, batch after batch; used from one loop alone."""

    def __init__(self, log: Log, objects: ObjectStore, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._objects = objects
        self._clock = clock
        self._bytes = 0
        self._waiting: deque[tuple[bytes, asyncio.Future[int]]] = deque()
        self._work: asyncio.Task[None] | None = None
        self._turn = Turns(1)
        self._closed_until = 0.0

    async def add(self, entry: bytes) -> int:
        """Return the entry's index, when it is durable; raises LogBusy, and what `Log.append` raises."""
        full = len(self._waiting) >= MOST_WAITING or self._bytes + len(entry) > MOST_BYTES
        if full or time.monotonic() < self._closed_until:
            raise LogBusy(_PAUSE)
        index: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, index))
        self._bytes += len(entry)
        if self._work is None:
            self._work = asyncio.create_task(self._append_all())
        return await index

    async def _append_all(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    indices = await self._turn(self._append, [entry for entry, _ in batch])
                except Exception as error:  # noqa: BLE001  each of those who wait gets it
                    _settle(batch, error)
                else:
                    for (_, index), given in zip(batch, indices, strict=True):
                        if not index.done():
                            index.set_result(given)
        finally:
            self._work = None

    def _next_batch(self) -> "list[tuple[bytes, asyncio.Future[int]]]":
        batch: list[tuple[bytes, asyncio.Future[int]]] = []
        size = 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            batch.append(self._waiting.popleft())
            size += len(batch[-1][0])
        self._bytes -= size
        return batch

    def _append(self, entries: list[bytes]) -> range:
        indices = self._log.append(entries, self._clock())
        with suppress(ObjectStoreUnavailable):  # they have their indices: to refuse now would be a lie
            if indices.stop - published_size(self._objects) > MOST_UNPUBLISHED:
                self._closed_until = time.monotonic() + _PAUSE
        return indices


def _settle(batch: list[tuple[bytes, "asyncio.Future[int]"]], error: Exception) -> None:
    for number, (_, index) in zip(count(), batch, strict=False):
        if not index.done():
            index.set_exception(error)
            if number:
                index.exception()  # a client that has gone asks no more


def routes(adder: LogAdder) -> APIRouter:
    """Return the route by which anybody may add an entry."""
    router = APIRouter()

    @router.post(
        "/log/add",
        tags=["ledger"],
        response_class=PlainTextResponse,
        responses={
            200: {"description": "The index, decimal.", "content": {"text/plain": {"schema": {"type": "string"}}}},
            **documented(408, 413, 503),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def add(request: Request) -> PlainTextResponse:
        """Add an opaque entry of at most 65,535 bytes; a test setting."""
        entry = await read_at_most(request, MAX_ENTRY)
        if entry is None:
            raise BodyTooLong(kilobytes=64)
        return PlainTextResponse(str(await adder.add(entry)))

    return router
