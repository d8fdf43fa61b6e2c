"""One entry a request, over real HTTP on loopback: the route alone, in a process of its own, and as many clients as asked."""

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Final

from tools.bench.errors import BenchmarkFailed
from tools.bench.ledger_room import LedgerRoom

_PATIENCE: Final = 60.0
_REQUEST: Final = (
    b"POST /log/add HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 82\r\n\r\n"
)


def measure(room: LedgerRoom, requests: int, clients: int) -> tuple[float, float]:
    """Return entries a second, published, and the p99 of a request in milliseconds."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        context = get_context("fork")
        ready = context.Event()
        server = context.Process(target=_serve, args=(room, listening, ready))
        server.start()
        if not ready.wait(_PATIENCE):
            server.kill()
            server.join()
            raise BenchmarkFailed(reason="the server of /log/add did not start")
        stop = threading.Event()
        sequencer = threading.Thread(target=_publish, args=(room, stop))
        sequencer.start()
        try:
            begin = time.perf_counter()
            times = asyncio.run(_watched(_load(listening.getsockname()[1], requests, clients), server))
            room.sequencer().log.finish(datetime.now(UTC))
            seconds = time.perf_counter() - begin
        finally:
            stop.set()
            sequencer.join()
            server.terminate()
            server.join()
    times.sort()
    return requests / seconds, 1000 * times[len(times) * 99 // 100]


def _serve(room: LedgerRoom, listening: socket.socket, ready: object) -> None:
    import uvicorn
    from fastapi import FastAPI

    from api import log_adding, problems
    from api.database import Database

    # Connections of the parent are not ours.
    own = LedgerRoom(Database(room.database.url, own_logins=True), room.objects, room.signer, room.wrapper)
    adder = log_adding.LogAdder(own.sequencer().log, own.objects, lambda: datetime.now(UTC))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        ready.set()  # type: ignore[attr-defined]
        yield

    app = FastAPI(lifespan=lifespan)
    problems.install(app)
    app.include_router(log_adding.routes(adder))
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])


def _publish(room: LedgerRoom, stop: threading.Event) -> None:
    log = room.sequencer().log
    while not stop.wait(1.0):
        log.finish(datetime.now(UTC))


async def _watched(load: Coroutine[None, None, list[float]], server: BaseProcess) -> list[float]:
    """Wait for the load as long as there is a server: our own open socket would let clients wait for a dead one for ever."""
    task = asyncio.create_task(load)
    while not task.done():
        await asyncio.wait([task], timeout=1)
        if not task.done() and not server.is_alive():
            task.cancel()
            raise BenchmarkFailed(reason=f"the server of /log/add ended with {server.exitcode}")
    return task.result()


async def _load(port: int, requests: int, clients: int) -> list[float]:
    """Send so many requests over so many connections; return how long each took, in seconds."""
    times: list[float] = []
    left = iter(range(requests))
    clock: Callable[[], float] = time.perf_counter

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            begin = clock()
            writer.write(_REQUEST + os.urandom(82))
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            int(await reader.readexactly(length))
            times.append(clock() - begin)
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(client() for _ in range(clients)))
    return times
