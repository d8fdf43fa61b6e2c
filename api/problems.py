"""Problem details (RFC 9457): the one place where a refusal becomes an HTTP status.

The errors themselves know nothing of HTTP. A test walks every subclass of DomainError and fails on one that
`status_of` does not find by its own class or one of its named bases.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.idempotency import IdempotencyInProgress, IdempotencyKeyMissing, IdempotencyKeyReused
from api.systems import NotAuthenticated, NotAuthorised
from api.uploads import UploadMalformed, UploadTooLarge
from ledger.errors import DomainError
from licences.issuing_errors import RequestFaulty

MEDIA_TYPE = "application/problem+json"

STATUS: Final[Mapping[type[DomainError], int]] = {
    IdempotencyKeyMissing: 400,
    IdempotencyKeyReused: 422,
    IdempotencyInProgress: 409,
    NotAuthenticated: 401,
    NotAuthorised: 403,
    UploadMalformed: 400,
    UploadTooLarge: 413,
}


def status_of(error: type[DomainError]) -> int | None:
    """Return the status of the nearest mapped class, or None if nobody thought of it."""
    return next((STATUS[base] for base in error.__mro__ if base in STATUS), None)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that may answer these problems."""
    schema = {"type": "object", "required": ["type", "status", "code", "title", "messages"]}
    return {status: {"description": "problem", "content": {MEDIA_TYPE: {"schema": schema}}} for status in statuses}


def problem(status: int, code: str, zh: str, en: str, **members: Any) -> JSONResponse:
    """Build a problem document: `title` in English, both languages under `messages`."""
    body = {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": en,
        "messages": {"zh-CN": zh, "en": en},
    } | members
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {409, 503}:
        headers["Retry-After"] = "1"
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def install(app: FastAPI) -> None:
    """Teach the application to answer every refusal with a problem document."""

    @app.exception_handler(DomainError)
    async def refuse(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DomainError)
        status = status_of(type(error)) or 500
        members: dict[str, Any] = {}
        if isinstance(error, RequestFaulty):
            members["errors"] = [fault.as_json() for fault in error.faults]
        return problem(status, error.code, error.message("zh"), error.message("en"), **members)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        # The offending input stays out of the answer: it may be a name, and answers are logged by others.
        rows = [
            {"field": ".".join(str(part) for part in row["loc"]), "code": row["type"], "en": row["msg"]}
            for row in error.errors()
        ]
        return problem(
            422, "request.malformed", "请求格式有误，见 errors", "the request is malformed, see errors", errors=rows
        )

    @app.exception_handler(HTTPException)
    async def plain(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        zh = {404: "没有这个地址", 405: "该地址不支持这种方法"}.get(error.status_code, "请求未被接受")
        return problem(error.status_code, f"http.{error.status_code}", zh, str(error.detail))
