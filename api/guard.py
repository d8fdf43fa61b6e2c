"""What every answer goes through: safe headers, HEAD, and the last word where our own code fails."""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.failures import described
from api.problems import problem

_LOG: Final = logging.getLogger("elicence.door")

# The pages load nothing from elsewhere and run no inline script: a licence's face is somebody's text on our page.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Verdicts, faces and licences are nobody's to keep but the caller's; what may be kept says so itself.
    "Cache-Control": "no-store",
}


class Guard:
    """Wraps the application: the outermost of what is ours."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, head=scope["method"] == "HEAD")
        # RFC 9110 section 9.3.2: HEAD is GET without the content.
        asked = {**scope, "method": "GET"} if answer.head else scope
        try:
            await self._app(asked, receive, answer.send)
        except ClientDisconnect:
            return
        except Exception as error:  # noqa: BLE001 - the last line of defence: a problem document, never a traceback
            _note(scope, error)
            if not answer.started:
                failed = problem(500, "door.failed", "服务内部出错，已记录", "the service failed; this has been noted")
                await failed(scope, receive, answer.send)


class _Answer:
    """The way out of one answer."""

    def __init__(self, send: Send, *, head: bool) -> None:
        self._send = send
        self.head = head
        self.started = False

    async def send(self, message: Message) -> None:
        """Send a message, with our headers, and without content if it answers HEAD."""
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(raw=message["headers"])
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        elif self.head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


def _note(scope: MutableMapping[str, Any], error: Exception) -> None:
    """Log where it failed and what kind of error it is: its text may hold a name, and the path a QR code's secret."""
    _LOG.error("%s %s: %s", scope["method"], getattr(scope.get("route"), "path", "-"), described(error))
