"""Bounded reading of what callers send: nothing is spooled to disk, and the digest is taken on the way."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from api.systems import DoorError

HARD_LIMIT = 256 * 1024 * 1024
"""More than this is not even read to its end."""

_FORM_OVERHEAD = 64 * 1024


@dataclass(eq=False)
class UploadTooLarge(DoorError):
    """The body does not end."""

    code = "upload.too_large"
    zh = "请求体超过 256 MB，未读取"
    en = "the request body is over 256 MB and was not read"


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
    """A multipart form: its file, if it has one, and its text fields."""

    file: bytes | None
    fields: dict[str, str]


async def read_body(request: Request, limit: int) -> Body:
    """Read a body, keeping at most `limit` bytes plus the room a form needs; raises UploadTooLarge past HARD_LIMIT."""
    kept, size, digest = bytearray(), 0, hashlib.sha256()
    async for chunk in request.stream():
        size += len(chunk)
        if size > HARD_LIMIT:
            raise UploadTooLarge
        digest.update(chunk)
        if size <= limit + _FORM_OVERHEAD:
            kept += chunk
    return Body(data=bytes(kept) if size <= limit + _FORM_OVERHEAD else None, size=size, sha256=digest.digest())


async def parse_form(request: Request, body: bytes) -> Form:
    """Take a multipart form apart in memory; raises UploadMalformed."""

    async def stream() -> AsyncGenerator[bytes]:
        yield body
        yield b""

    parser = MultiPartParser(request.headers, stream(), max_files=1, max_fields=20)
    parser.spool_max_size = len(body) + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise UploadMalformed(reason="multipart") from error
    try:
        file = None
        fields = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                file = await value.read()
            else:
                fields[name] = value
        return Form(file=file, fields=fields)
    finally:
        await form.close()
