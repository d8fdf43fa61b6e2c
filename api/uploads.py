"""Bounded reading of what callers send: nothing is spooled to disk, and the digest is taken on the way."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.systems import DoorError

HARD_LIMIT = 256 * 1024 * 1024
"""More than this is not even read to its end."""

DISCARDED = 8 * 1024 * 1024
"""What is read of a short body beyond its limit."""

SEAL_PART: Final = "seal"
_FORM_OVERHEAD = 64 * 1024
_SHORT_FORM = 16 * 1024
_FIELDS = 20

PATIENCE: Final = 30.0
"""Seconds that may pass between two pieces of a body: slow lines are waited for, silent ones are not."""


@dataclass(eq=False)
class UploadTooLarge(DoorError):
    """The body does not end."""

    code = "upload.too_large"
    zh = "请求体超过 256 MB，未读取"
    en = "the request body is over 256 MB and was not read"


@dataclass(eq=False)
class BodyTooLong(DoorError):
    """The body is over the limit of what is asked here."""

    code = "request.too_long"
    zh = "请求体超过 {kilobytes} KB"
    en = "the request body is over {kilobytes} KB"

    kilobytes: int


@dataclass(eq=False)
class UploadStalled(DoorError):
    """Nothing came for too long."""

    code = "upload.stalled"
    zh = "请求体中断超过 30 秒，已停止等待"
    en = "nothing of the request body came for 30 seconds"


@dataclass(eq=False)
class MediaTypeUnusable(DoorError):
    """The body says of itself that it is something else."""

    code = "request.media_type"
    zh = "请求体的 Content-Type 应为 {wanted}，且不得压缩（Content-Encoding）"
    en = "send the body as {wanted}, without any Content-Encoding"

    wanted: str


@dataclass(eq=False)
class UploadMalformed(DoorError):
    """The body is not what its content type says."""

    code = "upload.malformed"
    zh = "请求体无法解析：{reason}"
    en = "the request body cannot be read: {reason}"

    reason: str


@dataclass(frozen=True, slots=True)
class Body:
    """A request body: `data` is None when it was over the limit (then only size and digest are known)."""

    data: bytes | None
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart form: its file, if it has one, what belongs beside that (a part named `seal`), and its text fields."""

    file: bytes | None
    fields: dict[str, str]
    seal: bytes | None = None


def require_media_type(request: Request, wanted: str) -> None:
    """Raise MediaTypeUnusable unless the body is said to be of a media type, and plain."""
    if media_type(request) != wanted or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeUnusable(wanted=wanted)


def media_type(request: Request) -> str:
    """Return the media type of the body, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_body(request: Request, limit: int) -> Body:
    """Read a body to its end, keeping at most `limit` bytes plus the room a form needs.

    Raises UploadTooLarge past HARD_LIMIT, and UploadStalled.
    """
    kept, size, digest = bytearray(), 0, hashlib.sha256()
    async for chunk in _chunks(request):
        size += len(chunk)
        if size > HARD_LIMIT:
            raise UploadTooLarge
        digest.update(chunk)
        if size <= limit + _FORM_OVERHEAD:
            kept += chunk
    return Body(data=bytes(kept) if size <= limit + _FORM_OVERHEAD else None, size=size, sha256=digest.digest())


async def read_at_most(request: Request, limit: int) -> bytes | None:
    """Return a body, or None if it is longer than `limit` bytes; raises UploadStalled.

    Some of what is too long is read and thrown away: who is cut off in the middle of sending never sees the answer.
    """
    kept, size = bytearray(), 0
    async for chunk in _chunks(request):
        size += len(chunk)
        if size <= limit:
            kept += chunk
        elif size > limit + DISCARDED:
            break
    return bytes(kept) if size <= limit else None


async def read_promptly(request: Request, limit: int) -> bytes:
    """Return a short body that came within PATIENCE as a whole, so that a trickle holds no place for long.

    Raises BodyTooLong, UploadStalled.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            body = await read_at_most(request, limit)
    except TimeoutError:
        raise UploadStalled from None
    if body is None:
        raise BodyTooLong(kilobytes=limit // 1024)
    return body


async def read_short_form(request: Request) -> dict[str, str]:
    """Return the fields of a short form, as a page sends it without files; raises UploadMalformed, UploadStalled."""
    body = await read_at_most(request, _SHORT_FORM)
    if body is None or media_type(request) != "application/x-www-form-urlencoded":
        raise UploadMalformed(reason="form")
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError as error:
        raise UploadMalformed(reason="form") from error


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(PATIENCE):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise UploadStalled from None
        yield chunk


async def parse_form(request: Request, body: bytes) -> Form:
    """Take a multipart form apart in memory; raises UploadMalformed."""

    async def stream() -> AsyncGenerator[bytes]:
        yield body
        yield b""

    parser = MultiPartParser(request.headers, stream(), max_files=2, max_fields=_FIELDS)
    parser.spool_max_size = len(body) + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise UploadMalformed(reason="multipart") from error
    try:
        file = seal = None
        fields = {}
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields[name] = value
            elif name == SEAL_PART:
                seal = await value.read()
            elif file is None:
                file = await value.read()
            else:
                raise UploadMalformed(reason="more than one file")
        return Form(file=file, fields=fields, seal=seal)
    finally:
        await form.close()
