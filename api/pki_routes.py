"""What relying parties of any maker ask: authority certificates, revocation lists, OCSP (RFC 6960) and time (RFC 3161).

Whatever bytes come, the answer is one of the protocol's own. Only what is no question of the protocol at all (too long,
too often, never ending) is refused as HTTP does.
"""

import base64
import binascii
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.brief_cache import BriefCache
from api.pki import Pki, RevocationList
from api.pki_answers import Keepable, keepable_response
from api.problems import documented
from api.rates import Rates
from api.uploads import media_type, read_promptly
from ca.ceremonies.names import Hierarchy
from ca.ocsp.responder import OcspAnswer

LONGEST_REQUEST: Final = 64 * 1024
_LONGEST_ADDRESS: Final = 4 * 1024

CERTIFICATE_TYPE: Final = "application/pkix-cert"
CRL_TYPE: Final = "application/pkix-crl"
OCSP_REQUEST: Final = "application/ocsp-request"
OCSP_RESPONSE: Final = "application/ocsp-response"
TIMESTAMP_QUERY: Final = "application/timestamp-query"
TIMESTAMP_REPLY: Final = "application/timestamp-reply"

# An authority's certificate never changes under its name: another generation has another name.
_CERTIFICATE_KEPT: Final = timedelta(days=1)
# A list may be followed by a new one long before it ends: as soon as something is revoked.
_CRL_KEPT: Final = timedelta(minutes=5)
_CRL_FRESH: Final = timedelta(seconds=10)
_AUTHORITIES: Final = 256
_OCSP_FRESH: Final = timedelta(seconds=5)
_OCSP_ANSWERS: Final = 4096

_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
_ENDLESS: Final = timedelta(days=36500)


def routes(pki: Pki, rates: Rates, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes over what an authority can say; `clock` says when it is now, in UTC."""
    router = APIRouter(prefix="/pki", tags=["pki"])
    _publications(router, pki, rates, clock)
    _ocsp(router, pki, rates, clock)
    _timestamps(router, pki, rates, clock)
    return router


def _publications(router: APIRouter, pki: Pki, rates: Rates, clock: Callable[[], datetime]) -> None:
    kept: BriefCache[str, RevocationList] = BriefCache(_CRL_FRESH, _AUTHORITIES)

    @router.get("/{authority}.cer", response_class=Response, responses=_answers(CERTIFICATE_TYPE, 404, 429))
    async def certificate(authority: str, request: Request) -> Response:
        """Read an authority's certificate, as the caIssuers address of what it issued says (RFC 5280 section 4.2.2.1)."""
        rates.require(request)
        found = await pki.certificate(authority)
        now = clock()
        answer = Keepable(found.der, CERTIFICATE_TYPE, found.not_before, now + _ENDLESS, _CERTIFICATE_KEPT)
        return keepable_response(request, answer, now)

    @router.get("/{authority}.crl", response_class=Response, responses=_answers(CRL_TYPE, 404, 429))
    async def revocation_list(authority: str, request: Request) -> Response:
        """Read an authority's newest revocation list (RFC 5280 section 4.2.1.13)."""
        rates.require(request)
        now = clock()
        found = kept.get(authority, now)
        if found is None:
            found = await pki.crl(authority)
            kept.put(authority, found, now)
        answer = Keepable(found.der, CRL_TYPE, found.this_update, found.next_update, _CRL_KEPT)
        return keepable_response(request, answer, now)


def _ocsp(router: APIRouter, pki: Pki, rates: Rates, clock: Callable[[], datetime]) -> None:
    kept: BriefCache[bytes, OcspAnswer] = BriefCache(_OCSP_FRESH, _OCSP_ANSWERS)

    @router.get("/ocsp/{encoded:path}", response_class=Response, responses=_answers(OCSP_RESPONSE, 429))
    async def by_address(encoded: str, request: Request) -> Response:
        """Ask for the status of certificates: base64 of the DER OCSPRequest in the address, an answer that caches keep.

        A request that cannot be read is answered `malformedRequest`, with status 200.
        """
        rates.require(request)
        now = clock()
        asked = _decoded(encoded)
        answer = kept.get(asked, now)
        if answer is None:
            answer = await pki.ocsp(asked, now)
            if answer.cacheable:
                kept.put(asked, answer, now)
        if not answer.cacheable or answer.this_update is None or answer.next_update is None:
            return Response(answer.der, media_type=OCSP_RESPONSE)
        ends = answer.next_update
        found = Keepable(answer.der, OCSP_RESPONSE, answer.this_update, ends, ends - answer.this_update)
        return keepable_response(request, found, now)

    @router.post(
        "/ocsp",
        response_class=Response,
        responses=_answers(OCSP_RESPONSE, 408, 413, 429),
        openapi_extra=_asks(OCSP_REQUEST),
    )
    async def by_body(request: Request) -> Response:
        """Ask for the status of certificates: the DER OCSPRequest as body.

        A request that cannot be read, or comes as another media type, is answered `malformedRequest`, with status 200.
        """
        rates.require(request)
        answer = await pki.ocsp(await _asked(request, OCSP_REQUEST), clock())
        return Response(answer.der, media_type=OCSP_RESPONSE)


def _timestamps(router: APIRouter, pki: Pki, rates: Rates, clock: Callable[[], datetime]) -> None:
    described: dict[str, Any] = {
        "response_class": Response,
        "responses": _answers(TIMESTAMP_REPLY, 408, 413, 429),
        "openapi_extra": _asks(TIMESTAMP_QUERY),
    }

    async def stamped(request: Request, hierarchy: Hierarchy) -> Response:
        rates.require(request)
        asked = await _asked(request, TIMESTAMP_QUERY)
        return Response(await pki.timestamp(asked, hierarchy, clock()), media_type=TIMESTAMP_REPLY)

    @router.post("/tsa", **described)
    async def international(request: Request) -> Response:
        """Ask for a timestamp: the DER TimeStampReq as body.

        What cannot be granted is answered by a rejection with its reason (`badDataFormat` and others), with status 200.
        """
        return await stamped(request, "international")

    @router.post("/tsa/national", **described)
    async def national(request: Request) -> Response:
        """Ask for a timestamp signed with SM2 over SM3: the DER TimeStampReq as body."""
        return await stamped(request, "national")


async def _asked(request: Request, wanted: str) -> bytes:
    """Return the body; nothing, which no protocol takes for a request, if it says that it is something else."""
    body = await read_promptly(request, LONGEST_REQUEST)
    plain = request.headers.get("content-encoding", "identity").lower() == "identity"
    return body if plain and media_type(request) == wanted else b""


def _decoded(text: str) -> bytes:
    """Return the request of an address (RFC 6960 appendix A.1); nothing if there is none."""
    # Some clients end the responder's address with a slash and begin the request with another. (A DER SEQUENCE begins
    # with an M in base64.)
    text = text.removeprefix("/")
    if len(text) > _LONGEST_ADDRESS:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _answers(media: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "DER.", "content": {media: _BINARY}}} | documented(*problems)


def _asks(media: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media: _BINARY}}}
