"""An OCSP responder over HTTP for the demonstration's certificates: some outside tools trust no seal before they asked it."""

import base64
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import unquote

from ca.ceremonies.ceremony import Ceremony
from ca.ceremonies.names import ISSUING_ROLES, authority, responder
from ca.keys.ring import KeyRing
from ca.ocsp.responder import CertificateStatus, OcspResponder, ResponderKey


class _NothingRevoked:
    """Nothing of what the demonstration certified is revoked."""

    def statuses(self, _authority: str, serials: Sequence[int]) -> Mapping[int, CertificateStatus]:
        return {serial: CertificateStatus("good") for serial in serials}


class DemoResponder(ThreadingHTTPServer):
    """Has its port from the start, and its keys once the ceremony was held; counts the questions."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.responder: OcspResponder | None = None
        self.asked = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def open(self, ceremony: Ceremony, ring: KeyRing) -> None:
        """Take the responders' keys."""
        made = ceremony.certificates
        names = [authority(role) for role in ("root", *ISSUING_ROLES)]
        keys = [
            ResponderKey(name, made[name].cert_der, ring.signer(responder(name)), made[responder(name)].cert_der)
            for name in names
        ]
        self.responder = OcspResponder(keys, _NothingRevoked())


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(base64.b64decode(unquote(self.path.rpartition("/")[2])))

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def _answer(self, request: bytes) -> None:
        server = cast("DemoResponder", self.server)
        assert server.responder is not None
        server.asked += 1
        answer = server.responder.respond(request, datetime.now(UTC)).der
        self.send_response(200)
        self.send_header("Content-Type", "application/ocsp-response")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
