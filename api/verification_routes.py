"""`POST /v1/verifications`: 201 whatever the verdict; 4xx only when the request itself is wrong."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.json_bodies import read_object
from api.problems import documented
from api.questions import NAMES_A_LICENCE, lookup_of, question_of
from api.report_schema import REPORT_SCHEMA
from api.systems import DoorError
from api.turns import in_turn
from api.uploads import Form, UploadMalformed, media_type, parse_form, read_body
from api.verifying import Question, Verifier
from licences.verification.request import Lookup

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "A document (raw, or as `file` of a form), or a JSON object that names one by identifier and digest.",
    "content": {
        "application/pdf": {"schema": {"type": "string", "format": "binary"}},
        "application/ofd": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {
            "schema": {
                "type": "string",
                "format": "binary",
                "description": "A national seal (.esl) or signature value, or any other form: told by the content.",
            }
        },
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
            "schema": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    "seal": {
                        "type": "string",
                        "format": "binary",
                        "description": "The seal that lies beside the file (.p7s), of a file of any kind.",
                    },
                },
            }
        },
    },
}


def routes(verifier: Verifier, max_upload_bytes: int) -> APIRouter:
    """Return the route over a verifier."""
    router = APIRouter(prefix="/v1", tags=["verification"])

    @router.post(
        "/verifications",
        status_code=201,
        responses={
            201: {"description": "The report.", "content": {"application/json": {"schema": REPORT_SCHEMA}}},
            **documented(400, 408, 413),
        },
        response_class=JSONResponse,
        openapi_extra={"requestBody": _BODY},
    )
    async def verify(request: Request) -> JSONResponse:
        """Verify a licence: a file, or its identifier and digest. Moments and policy may be query parameters."""
        body = await read_body(request, max_upload_bytes)
        if body.data is None:
            report = await in_turn(verifier.too_large, body.size, body.sha256, question_of(request.query_params))
            return JSONResponse(report.as_json(), status_code=201)
        document, question, companion = await _asked(request, body.data)
        if isinstance(document, Lookup):
            report = await in_turn(verifier.lookup, document, question)
        else:
            report = await in_turn(verifier.document, document, question, companion)
        return JSONResponse(report.as_json(), status_code=201)

    return router


async def _asked(request: Request, data: bytes) -> tuple[bytes | Lookup, Question, bytes | None]:
    kind = media_type(request)
    if kind == "multipart/form-data":
        form = await parse_form(request, data)
        return _of_form(form), question_of({**request.query_params, **form.fields}), form.seal
    if kind == "application/json" and (members := _lookup_members(data)) is not None:
        return lookup_of(members), question_of({**request.query_params, **members}), None
    return data, question_of(request.query_params), None


def _lookup_members(data: bytes) -> dict[str, Any] | None:
    """Return the members of a look-up; None if the JSON is a document, genuine or not, for the engine to judge."""
    try:
        members = read_object(data)
    except DoorError:
        return None
    return members if NAMES_A_LICENCE & members.keys() else None


def _of_form(form: Form) -> bytes | Lookup:
    if form.file is not None:
        return form.file
    if not NAMES_A_LICENCE & form.fields.keys():
        raise UploadMalformed(reason="no file, and no identifier with digest")
    return lookup_of(form.fields)
