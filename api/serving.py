"""One web process: `python -m api.serving FD` serves the application on a socket that the supervisor has opened.

So a port in use is told at once, requests wait while a dead process is started again, and any number of processes
share the port.
"""

import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from api import connections
from api.connections import BoundedConnection
from ledger.errors import DomainError

FAILED = 2
GRACE_SECONDS = 10


def configuration(make: Callable[[], FastAPI] | str = "api.app:from_settings") -> uvicorn.Config:
    """Return how the application that this makes is served."""
    # The application logs what it must; paths hold the secrets of QR codes.
    return uvicorn.Config(
        make,
        factory=True,
        http=BoundedConnection,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=connections.MOST_REQUESTS,
        timeout_keep_alive=connections.KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=connections.HEAD_BYTES,
    )


def main(descriptor: int) -> int:
    """Serve until SIGTERM; return the exit code."""
    with socket.socket(fileno=descriptor) as listening:
        try:
            uvicorn.Server(configuration()).run(sockets=[listening])
        except DomainError as error:
            print(f"{error.message('zh')} / {error.message('en')} ({error.code})", file=sys.stderr)  # noqa: T201 - its own program
            return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
