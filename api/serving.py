"""One web process: `python -m api.serving FD` serves the application on a socket that the supervisor has opened.

So a port in use is told at once, requests wait while a dead process is started again, and any number of processes
share the port.
"""

import socket
import sys

import uvicorn

from ledger.errors import DomainError

FAILED = 2
GRACE_SECONDS = 10


def main(descriptor: int) -> int:
    """Serve until SIGTERM; return the exit code."""
    # The application logs what it must; paths hold the secrets of QR codes.
    config = uvicorn.Config(
        "api.app:from_settings",
        factory=True,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with socket.socket(fileno=descriptor) as listening:
        try:
            uvicorn.Server(config).run(sockets=[listening])
        except DomainError as error:
            print(f"{error.message('zh')} / {error.message('en')} ({error.code})", file=sys.stderr)  # noqa: T201 - its own program
            return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
