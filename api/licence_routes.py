"""`POST /v1/licences`: a case decision in, a sealed licence out. And its documents, for the unit that issued it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Header, Request, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from api.house import House
from api.idempotency import usable_key
from api.issuing_door import IssuingDoor
from api.json_bodies import LIMIT, BodyTooLarge
from api.licence_answers import LicenceOut
from api.problems import documented
from api.uploads import read_at_most, require_media_type
from licences.documents import MEDIA
from licences.issuing import Issuer
from licences.request_reader import request_schema

_SCHEME: Final = HTTPBearer(
    auto_error=False, scheme_name="bearer", description="The token of a registered system (`elicence systems add`)."
)
Credentials: TypeAlias = Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The same key and body again answer the same licence; with another body the key is refused.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}
_READ: Final = documented(401, 404, 410)
_LOCATION: Final = {"Location": {"description": "Where the licence is read.", "schema": {"type": "string"}}}
_PENDING: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "description": "Not in the ledger yet; it will be there within a second.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["state"],
                    "properties": {"state": {"const": "pending"}},
                }
            }
        },
    }
}


def routes(house: House, issuer: Issuer, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> APIRouter:
    """Return the routes over a house and an issuer in the app's role."""
    router = APIRouter(prefix="/v1/licences", tags=["licences"])
    door = IssuingDoor(house, issuer, clock)

    @router.post(
        "",
        status_code=201,
        responses={201: {"headers": _LOCATION}, **documented(400, 401, 403, 408, 409, 413, 415, 422)},
        openapi_extra={"parameters": [_KEY], "requestBody": _body()},
    )
    async def issue(
        request: Request,
        response: Response,
        credentials: Credentials,
        idempotency_key: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> LicenceOut:
        """Issue a licence on a case decision: the decision is the release."""
        body = await read_at_most(request, LIMIT)
        system = await run_in_threadpool(door.system, _token(credentials))
        key = usable_key(idempotency_key)
        require_media_type(request, "application/json")
        if body is None:
            raise BodyTooLarge
        answer = await run_in_threadpool(door.issue, system, key, body)
        response.headers["Location"] = f"{house.settings.base_url}/v1/licences/{answer.identifier}"
        return answer

    @router.get("/{identifier}", responses=_READ)
    def read(identifier: str, credentials: Credentials) -> LicenceOut:
        """Read a licence of your own unit."""
        return door.read(_token(credentials), identifier)

    @router.get("/{identifier}/pdf", response_class=Response, responses=_READ | _file(MEDIA["pdf"]))
    def pdf(identifier: str, credentials: Credentials) -> Response:
        """Read the sealed page."""
        return Response(door.document(_token(credentials), identifier, "pdf"), media_type=MEDIA["pdf"])

    @router.get("/{identifier}/json", response_class=Response, responses=_READ | _file(MEDIA["json"]))
    def signed_json(identifier: str, credentials: Credentials) -> Response:
        """Read the signed JSON with all its disclosures."""
        return Response(door.document(_token(credentials), identifier, "json"), media_type=MEDIA["json"])

    @router.get("/{identifier}/proof", response_class=Response, responses=_READ | _file("text/plain") | _PENDING)
    def proof(identifier: str, credentials: Credentials) -> Response:
        """Read the proof that the issuing is in the ledger; 202 while the sequencer has not reached it."""
        text = door.proof(_token(credentials), identifier)
        if text is None:
            return JSONResponse({"state": "pending"}, status_code=202, headers={"Retry-After": "1"})
        return Response(text, media_type="text/plain; charset=utf-8")

    return router


def _file(media_type: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The file.", "content": {media_type: {"schema": {"type": "string"}}}}}


def _body() -> dict[str, Any]:
    """Return the request body; the schema's own name is none of OpenAPI's."""
    schema = {name: value for name, value in request_schema().items() if name not in {"$schema", "$id"}}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _token(credentials: HTTPAuthorizationCredentials | None) -> str | None:
    return None if credentials is None else credentials.credentials
