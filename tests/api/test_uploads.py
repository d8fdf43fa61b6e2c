"""Bodies that are long, slow, cut off, or not what they say."""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from fastapi import Request
from starlette.requests import ClientDisconnect

from api import uploads
from api.uploads import (
    BodyTooLong,
    UploadMalformed,
    UploadStalled,
    UploadTooLarge,
    read_at_most,
    read_body,
    read_promptly,
    read_short_form,
)

PIECE = b"x" * 1024


class Line:
    """A client that sends pieces; after them it ends the body, falls silent or goes away."""

    def __init__(self, pieces: int, ending: str = "end", pause: float = 0) -> None:
        self.sent = 0
        self._pause = pause
        self._pieces = pieces
        self._ending = ending

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self._pause)
        if self.sent < self._pieces:
            self.sent += 1
            return {"type": "http.request", "body": PIECE, "more_body": True}
        if self._ending == "silent":
            await asyncio.sleep(3600)
        if self._ending == "gone":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"", "more_body": False}

    def request(self, media_type: str = "application/pdf") -> Request:
        headers = [(b"content-type", media_type.encode())]
        return Request({"type": "http", "method": "POST", "headers": headers}, self.receive)


Reader = Callable[[Request], Coroutine[Any, Any, Any]]
READERS: list[Reader] = [
    lambda request: read_body(request, 4096),
    lambda request: read_at_most(request, 1024 * 1024),
    read_short_form,
    lambda request: read_promptly(request, 1024 * 1024),
]


@pytest.mark.parametrize("reader", READERS)
def test_a_line_that_falls_silent_is_not_waited_for_without_end(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.05)
    with pytest.raises(UploadStalled):
        asyncio.run(reader(Line(3, "silent").request()))


@pytest.mark.parametrize("reader", READERS)
def test_a_client_that_goes_away_ends_the_reading(reader: Reader) -> None:
    with pytest.raises(ClientDisconnect):
        asyncio.run(reader(Line(3, "gone").request()))


def test_what_is_too_long_is_digested_to_its_end_and_not_kept() -> None:
    body = asyncio.run(read_body(Line(200).request(), 4096))
    assert body.data is None
    assert body.size == 200 * len(PIECE)
    assert body.sha256 == hashlib.sha256(PIECE * 200).digest()


def test_what_never_ends_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "HARD_LIMIT", 50 * len(PIECE))
    line = Line(1000)
    with pytest.raises(UploadTooLarge):
        asyncio.run(read_body(line.request(), 4096))
    assert line.sent == 51


@pytest.mark.parametrize(("pieces", "fits"), [(0, True), (4, True), (5, False), (1000, False)])
def test_a_short_body_is_kept_as_far_as_its_limit(
    pieces: int,
    fits: bool,  # noqa: FBT001 - a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "DISCARDED", 10 * len(PIECE))
    line = Line(pieces)
    assert asyncio.run(read_at_most(line.request(), 4 * len(PIECE))) == (PIECE * pieces if fits else None)
    assert line.sent == min(pieces, 15)


@pytest.mark.parametrize("media_type", ["multipart/form-data; boundary=x", "text/plain", ""])
def test_a_short_form_is_nothing_else(media_type: str) -> None:
    with pytest.raises(UploadMalformed):
        asyncio.run(read_short_form(Line(1).request(media_type)))


def test_a_trickle_is_given_so_much_time_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "PATIENCE", 0.1)
    line = Line(1000, pause=0.01)
    with pytest.raises(UploadStalled):
        asyncio.run(read_promptly(line.request(), 1024 * 1024))
    assert line.sent < 1000


@pytest.mark.parametrize("pieces", [0, 4])
def test_a_short_body_that_is_short_enough(pieces: int) -> None:
    assert asyncio.run(read_promptly(Line(pieces).request(), 4096)) == PIECE * pieces


def test_a_short_body_that_is_too_long() -> None:
    with pytest.raises(BodyTooLong):
        asyncio.run(read_promptly(Line(5).request(), 4096))
