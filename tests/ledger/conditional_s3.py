"""A tiny S3 service that compares and replaces at once, as S3 does, and fails in the ways in which S3 fails."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Fault = Literal["409", "503", "dropped", "persisted and 503", "persisted and dropped"]
_CONFLICT = b"<Error><Code>ConditionalRequestConflict</Code><Message>again</Message></Error>"
_FAILED = b"<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>"
_MISSING = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"


class ConditionalS3:
    """One bucket. ignores: knows no conditions; faults: what becomes of the next PUTs; conditions: what they asked for."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.ignores = False
        self.faults: list[Fault] = []
        self.conditions: list[tuple[str | None, str | None]] = []
        self.lock = threading.Lock()

    def put(self, path: str, data: bytes, match: str | None, none_match: str | None) -> tuple[int, bytes]:
        """Store the bytes under the conditions of the headers; return status and body. Status 0: no answer."""
        with self.lock:
            self.conditions.append((match, none_match))
            fault = self.faults.pop(0) if self.faults else None
            if fault == "409":
                return 409, _CONFLICT
            if fault in {"503", "dropped"}:
                return (503, b"") if fault == "503" else (0, b"")
            there = self.objects.get(path)
            if self.ignores:
                match = none_match = None
            if (none_match == "*" and there is not None) or (match is not None and match != etag(there)):
                return 412, _FAILED
            self.objects[path] = data
            return {"persisted and 503": 503, "persisted and dropped": 0}.get(fault or "", 200), b""


def etag(data: bytes | None) -> str | None:
    return None if data is None else f'"{md5(data, usedforsecurity=False).hexdigest()}"'


@contextmanager
def served(service: ConditionalS3) -> Iterator[str]:
    """Serve it; yield the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            status, body = service.put(self.path, data, self.headers["If-Match"], self.headers["If-None-Match"])
            if not status:
                self.close_connection = True
                return
            self._answer(status, body, etag(data))

        def do_GET(self) -> None:
            data = service.objects.get(self.path)
            if data is None:
                self._answer(404, _MISSING, None)
            else:
                self._answer(200, data, etag(data))

        def do_DELETE(self) -> None:
            service.objects.pop(self.path, None)
            self._answer(204, b"", None)

        def _answer(self, status: int, body: bytes, tag: str | None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 00:00:00 GMT")
            if tag:
                self.send_header("ETag", tag)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
