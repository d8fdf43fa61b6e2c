"""What anyone may read: the log below /log/, the trust list, the signed status list. Static bytes, cache headers."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.problems import documented, refusal
from ledger.log.served import LogPathUnknown, log_object
from ledger.objects.objects import ObjectMissing, ObjectStore

# The checkpoint is published once a second in steady load; a tile's bytes never change under its path.
_CACHE: Final = {"brief": "public, max-age=1", "immutable": "public, max-age=31536000, immutable"}

_TEXT: Final = {"schema": {"type": "string"}}


def routes(objects: ObjectStore, trust: Callable[[], bytes], status_list: Callable[[int], str]) -> APIRouter:
    """Return the public, cacheable reads.

    trust: gives the newest trust list as a file; status_list: the current Status List Token of a number.
    """
    router = APIRouter()

    @router.get(
        "/log/{path:path}",
        tags=["ledger"],
        response_class=Response,
        responses=_answers("text/plain", "application/octet-stream") | documented(404),
    )
    def log(path: str, request: Request) -> Response:
        """Read the checkpoint or a tile (C2SP tlog-tiles)."""
        return _served(objects, path, request)

    @router.head("/log/{path:path}", include_in_schema=False)
    def log_head(path: str, request: Request) -> Response:
        """Say what a GET would answer: caches and load tools ask so."""
        whole = _served(objects, path, request)
        return Response(status_code=whole.status_code, headers=dict(whole.headers))

    @router.get("/v1/trust", tags=["trust"], response_class=Response, responses=_answers("application/json"))
    def trust_list() -> Response:
        """Read the signed trust list: everything that a verifier needs off line, apart from statuses."""
        return Response(trust(), media_type="application/json", headers={"Cache-Control": "public, max-age=300"})

    @router.get(
        "/v1/status-lists/{number}",
        tags=["status"],
        response_class=Response,
        responses=_answers("application/statuslist+jwt") | documented(404, 422),
    )
    def statuses(number: int) -> Response:
        """Read the Token Status List: nobody learns which licence the reader is interested in."""
        return Response(
            status_list(number),
            media_type="application/statuslist+jwt",
            headers={"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"},
        )

    return router


def _served(objects: ObjectStore, path: str, request: Request) -> Response:
    try:
        # The router takes a newline at the end for none: one tile, one name.
        found = log_object(objects, path + "\n" * request.scope["path"].endswith("\n"))
    except (LogPathUnknown, ObjectMissing) as error:
        answer = refusal(error)
        # A tile that is missing comes with one of the next checkpoints: no cache may go on saying 404.
        answer.headers["Cache-Control"] = "no-store"
        return answer
    return Response(found.data, media_type=found.media_type, headers={"Cache-Control": _CACHE[found.cache]})


def _answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The bytes.", "content": dict.fromkeys(media_types, _TEXT)}}
