"""`POST /v1/verifications`: 201 whatever the verdict; 4xx only when the request itself is wrong."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from api.json_bodies import MemberUnusable, read_object
from api.problems import documented
from api.systems import DoorError
from api.uploads import Body, Form, UploadMalformed, parse_form, read_body
from api.verifying import Question, Verifier
from licences.verification.policy import DEFAULT_POLICY
from licences.verification.request import Lookup, lookup

_ASKED: Final = ("as_of", "known_at", "policy", "purpose", "case")
_LONGEST: Final = 200
_LOOKUP: Final = frozenset({"identifier", "digest", "code", *_ASKED})

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "A document (raw, or as `file` of a form), or a JSON object that names one by identifier and digest.",
    "content": {
        "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        "application/dc+sd-jwt": {"schema": {"type": "string"}},
        "application/jose+json": {"schema": {"type": "object"}},
        "application/json": {
            "schema": {
                "type": "object",
                "description": "A flattened JSON licence, or a look-up.",
                "properties": {
                    "identifier": {"type": "string"},
                    "digest": {"type": "string", "description": "sha-256:<64 hexadecimal digits>"},
                    "as_of": {"type": "string"},
                    "known_at": {"type": "string"},
                    "policy": {"type": "string"},
                    "purpose": {"type": "string"},
                    "case": {"type": "string"},
                },
            }
        },
        "multipart/form-data": {
            "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
        },
    },
}


def routes(verifier: Verifier, max_upload_bytes: int) -> APIRouter:
    """Return the route over a verifier."""
    router = APIRouter(prefix="/v1", tags=["verification"])

    @router.post(
        "/verifications",
        status_code=201,
        responses=documented(400, 413),
        response_class=JSONResponse,
        openapi_extra={"requestBody": _BODY},
    )
    async def verify(request: Request) -> JSONResponse:
        """Verify a licence: a file, or its identifier and digest. Moments and policy may be query parameters."""
        body = await read_body(request, max_upload_bytes)
        if body.data is None:
            report = await run_in_threadpool(
                verifier.too_large, body.size, body.sha256, _question(request.query_params)
            )
            return JSONResponse(report.as_json(), status_code=201)
        document, question = await _asked(request, body, body.data)
        work = verifier.lookup if isinstance(document, Lookup) else verifier.document
        report = await run_in_threadpool(work, document, question)  # type: ignore[arg-type]  # chosen by its type
        return JSONResponse(report.as_json(), status_code=201)

    return router


async def _asked(request: Request, body: Body, data: bytes) -> tuple[bytes | Lookup, Question]:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        form = await parse_form(request, data)
        return _of_form(form), _question({**request.query_params, **form.fields})
    if media_type == "application/json" and (members := _lookup_members(data)) is not None:
        return _of_members(members), _question({**request.query_params, **members})
    del body
    return data, _question(request.query_params)


def _lookup_members(data: bytes) -> dict[str, Any] | None:
    """Return the members of a look-up; None if the JSON is a document, genuine or not, for the engine to judge."""
    try:
        members = read_object(data)
    except DoorError:
        return None
    return members if "identifier" in members or "digest" in members or "code" in members else None


def _of_form(form: Form) -> bytes | Lookup:
    if form.file is not None:
        return form.file
    if "identifier" not in form.fields and "code" not in form.fields:
        raise UploadMalformed(reason="no file, and no identifier with digest")
    return _of_members(form.fields)


def _of_members(members: Mapping[str, Any]) -> Lookup:
    for member in members:
        if member not in _LOOKUP:
            raise MemberUnusable(member=member[:40])
    texts = {name: _text(members, name) for name in ("identifier", "digest", "code")}
    if texts["code"] is not None:
        return Lookup(code=texts["code"])
    return lookup(texts["identifier"] or "", texts["digest"] or "")


def _question(members: Mapping[str, Any]) -> Question:
    asked = {name: _text(members, name) for name in _ASKED}
    return Question(
        as_of=asked["as_of"],
        known_at=asked["known_at"],
        policy=asked["policy"] or DEFAULT_POLICY,
        purpose=asked["purpose"],
        case=asked["case"],
    )


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST or not value.isprintable():
        raise MemberUnusable(member=name)
    return value
