"""`POST /v1/licences`: a case decision in, a sealed licence out. And its documents, for the unit that issued it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from api import idempotency
from api.house import House
from api.json_bodies import LIMIT, BodyTooLarge, read_object
from api.licence_answers import LicenceOut, licence_out, own_version
from api.problems import documented
from api.schema import Role
from api.systems import DecisionMissing, RegisteredSystem, authenticate
from api.uploads import read_body
from ledger.actor import Actor
from ledger.reading import inclusion
from licences.documents import MEDIA, load_document
from licences.issuing import Issuer
from licences.issuing_errors import LicenceUnknown, RequestFaulty
from licences.issuing_results import Existing, Failed, Issued, Outcome, Refused, RenditionKind
from licences.request_reader import read_request, request_schema
from licences.store import reading


class IssuingDoor:
    """The use case of the route, in plain synchronous steps for a thread."""

    def __init__(self, house: House, issuer: Issuer, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._issuer = issuer
        self._clock = clock

    def issue(self, authorization: str | None, key: str | None, body: bytes) -> LicenceOut:
        """Issue, or answer as before where the key or the licence was seen before."""
        system = self._system(authorization)
        value = read_object(body)
        digest = self._house.wrapper.index("api.idempotency", json.dumps(value, sort_keys=True))
        actor = system.actor_for(str(value.get("issuer", "")))
        with self._house.database.session(Role.APP, actor) as session:
            before = idempotency.claim(session, system.id, key, digest, self._clock())
        assert key is not None
        try:
            answer = self._issue_now(value, actor) if before is None else self._answer(actor, before)
        except BaseException:
            # Whatever went wrong, the caller may correct and come back with the same key.
            with self._house.database.session(Role.APP, actor) as session:
                idempotency.refuse(session, system.id, key)
            raise
        with self._house.database.session(Role.APP, actor) as session:
            idempotency.finish(session, system.id, key, answer.identifier)
        return answer

    def read(self, authorization: str | None, identifier: str) -> LicenceOut:
        """Return a licence of a unit that the system acts for."""
        actor = self._reader(authorization, identifier)
        return self._answer(actor, identifier)

    def document(self, authorization: str | None, identifier: str, kind: RenditionKind) -> bytes:
        """Return one document's bytes."""
        actor = self._reader(authorization, identifier)
        house = self._house
        with house.database.session(Role.APP, actor) as session:
            return load_document(session, house.objects, house.wrapper, identifier, kind)

    def proof(self, authorization: str | None, identifier: str) -> str | None:
        """Return the `.tlog-proof`, or None while the entry is pending."""
        actor = self._reader(authorization, identifier)
        house = self._house
        with house.database.session(Role.APP, actor) as session:
            version = own_version(session, identifier)
            acts = reading.statuses(session, version.id)
            # The first act on a version is its issue.
            found = inclusion(session, house.objects, house.wrapper, acts[0].event_id) if acts else None
            return None if found is None else found.text

    def _issue_now(self, value: dict[str, Any], actor: Actor) -> LicenceOut:
        request, faults = read_request(value, self._house.catalogue)
        if request is None:
            raise RequestFaulty(faults=tuple(faults))
        if request.decision is None:
            raise DecisionMissing
        outcome = self._issuer.issue_one(request, actor, self._clock())
        return self._answer(actor, *_issued(outcome))

    def _answer(self, actor: Actor, identifier: str, promise: str | None = None) -> LicenceOut:
        """Return the answer about a licence; without a promise it is one that was issued before."""
        with self._house.database.session(Role.APP, actor) as session:
            version = own_version(session, identifier)
            return licence_out(session, version, self._house.settings.base_url, promise=promise)

    def _system(self, authorization: str | None) -> RegisteredSystem:
        with self._house.database.session(Role.APP) as session:
            return authenticate(session, authorization)

    def _reader(self, authorization: str | None, identifier: str) -> Actor:
        """Return the actor of the one unit, among those the system acts for, that this licence belongs to."""
        system = self._system(authorization)
        for issuer in sorted(system.issuers):
            actor = system.actor_for(issuer)
            with self._house.database.session(Role.APP, actor) as session:
                if reading.version_by_identifier(session, identifier) is not None:
                    return actor
        raise LicenceUnknown(identifier=identifier)


def _issued(outcome: Outcome) -> tuple[str, str | None]:
    """Return the identifier and the promise; raises what turned the request down."""
    match outcome:
        case Issued():
            return outcome.identifier, outcome.promise.text
        case Existing():
            return outcome.identifier, None
        case Refused() | Failed():
            raise outcome.error


def routes(house: House, issuer: Issuer, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> APIRouter:
    """Return the routes over a house and an issuer in the app's role."""
    router = APIRouter(prefix="/v1/licences", tags=["licences"])
    door = IssuingDoor(house, issuer, clock)
    schema = {"requestBody": {"required": True, "content": {"application/json": {"schema": request_schema()}}}}

    @router.post("", status_code=201, responses=documented(400, 401, 403, 409, 413, 422), openapi_extra=schema)
    async def issue(
        request: Request,
        authorization: Annotated[str | None, Header()] = None,
        idempotency_key: Annotated[str | None, Header()] = None,
    ) -> LicenceOut:
        """Issue a licence on a case decision: the decision is the release."""
        body = await read_body(request, LIMIT)
        if body.data is None or body.size > LIMIT:
            raise BodyTooLarge
        return await run_in_threadpool(door.issue, authorization, idempotency_key, body.data)

    @router.get("/{identifier}", responses=documented(401, 404))
    def read(identifier: str, authorization: Annotated[str | None, Header()] = None) -> LicenceOut:
        """Read a licence of your own unit."""
        return door.read(authorization, identifier)

    @router.get("/{identifier}/pdf", response_class=Response, responses=documented(401, 404))
    def pdf(identifier: str, authorization: Annotated[str | None, Header()] = None) -> Response:
        """Read the sealed page."""
        return Response(door.document(authorization, identifier, "pdf"), media_type=MEDIA["pdf"])

    @router.get("/{identifier}/json", response_class=Response, responses=documented(401, 404))
    def signed_json(identifier: str, authorization: Annotated[str | None, Header()] = None) -> Response:
        """Read the signed JSON with all its disclosures."""
        return Response(door.document(authorization, identifier, "json"), media_type=MEDIA["json"])

    @router.get("/{identifier}/proof", response_class=Response, responses=documented(401, 404))
    def proof(identifier: str, authorization: Annotated[str | None, Header()] = None) -> Response:
        """Read the proof that the issuing is in the ledger; 202 while the sequencer has not reached it."""
        text = door.proof(authorization, identifier)
        if text is None:
            return JSONResponse({"state": "pending"}, status_code=202, headers={"Retry-After": "1"})
        return Response(text, media_type="text/plain; charset=utf-8")

    return router
