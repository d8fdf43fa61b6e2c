"""`POST /v1/promises`: what became of a promise, told to whoever holds it. The answer opens nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.house import House
from api.log_errors import PromiseUnusable
from api.problems import documented
from api.schema import Role
from api.turns import in_turn
from api.uploads import read_promptly
from ca.ceremonies.names import LOG_KEY
from ledger.formats.notes import NoteSignatureInvalid, NoteUnreadable, NoteUntrusted
from ledger.fsck.fsck import ObjectFetch
from ledger.log.promise_keeping import Answer, PromiseKeeper
from ledger.log.reader import LogReader
from ledger.tree.tiles import TileCache

LONGEST: Final = 8 * 1024
_SECONDS: Final = "2"

_ANSWER: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["fate", "event", "deadline"],
    "properties": {
        "fate": {"enum": ["kept", "waiting", "broken"]},
        "event": {"type": "string"},
        "deadline": {"type": "string", "format": "date-time"},
        "proof": {"type": "string", "description": "kept: the .tlog-proof that opens nothing but the promise"},
        "denial": {"type": "string", "description": "broken: the log's signed admission"},
    },
}


class Promises:
    """Answers about promises, out of the published log and the register."""

    def __init__(self, house: House, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._clock = clock
        self._cache = TileCache()

    def answer(self, note: str) -> Answer:
        """Say what became of a promise; raises as `PromiseKeeper.answer`."""
        house, now = self._house, self._clock()
        keeper = PromiseKeeper(house.ceremony.plan.log.origin, house.keys.signer(LOG_KEY), house.wrapper)
        # The checkpoint first: what has its place later is then still waiting.
        reader = LogReader.open(ObjectFetch(house.objects), keeper.vkey, self._cache)
        with house.database.session(Role.APP) as session:
            return keeper.answer(session, reader, note, now)


def routes(promises: Promises) -> APIRouter:
    """Return the route over what can be said of promises."""
    router = APIRouter(prefix="/v1", tags=["ledger"])

    @router.post(
        "/promises",
        responses={
            200: {"description": "What became of it.", "content": {"application/json": {"schema": _ANSWER}}},
            **documented(408, 410, 413, 422),
        },
        response_class=JSONResponse,
        openapi_extra={"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def promise(request: Request) -> JSONResponse:
        """Ask what became of a promise: the body is its text, as the receipt carried it."""
        data = await read_promptly(request, LONGEST)
        try:
            found = await in_turn(promises.answer, data.decode())
        except UnicodeDecodeError as error:
            raise PromiseUnusable(reason="UTF-8") from error
        except (NoteUnreadable, NoteUntrusted, NoteSignatureInvalid) as error:
            raise PromiseUnusable(reason=error.message("en")) from error
        # Only what waits may become something else.
        headers = {"Retry-After": _SECONDS} if found.fate == "waiting" else {}
        return JSONResponse(_body(found), headers={"Cache-Control": "no-store", **headers})

    return router


def _body(found: Answer) -> dict[str, str]:
    deadline = found.promise.deadline.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = {"fate": found.fate, "event": found.promise.event, "deadline": deadline}
    names = {"kept": "proof", "broken": "denial"}
    return body | ({names[found.fate]: found.text} if found.text else {})
