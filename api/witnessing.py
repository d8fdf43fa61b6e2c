"""The HTTP side of a witness (c2sp.org/tlog-witness), and of a province's node: it needs no database and no house.

POST /add-checkpoint                 the protocol; its statuses are its own, and its answers plain text
GET  /logs/<origin>/checkpoint       the latest checkpoint of a log as it was cosigned, for whoever compares
GET  /logs/<origin>/proof/<size>     a province's: that its log holds a checkpoint of that log of at least this size
GET  /log/…                          a province's: its own log (c2sp.org/tlog-tiles)

Whoever asks is known by the signature in the checkpoint and by nothing else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import problems
from api.uploads import read_promptly
from ledger.formats.checkpoints import parse_number
from ledger.log.served import log_object
from ledger.objects.objects import ObjectStore
from ledger.witness.errors import WitnessOriginUnknown
from ledger.witness.protocol import MAX_REQUEST, PATH, Answer
from ledger.witness.provincial import city_proof
from ledger.witness.store import WitnessStore
from ledger.witness.witness import Witness

_BRIEF: Final = "public, max-age=1"


def witness_app(
    witness: Witness, store: WitnessStore, clock: Callable[[], datetime], province: ObjectStore | None = None
) -> FastAPI:
    """Build the application of a witness. province: where the log of a province's node lies, None for a mere witness."""
    app = FastAPI(title="elicence witness", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    problems.install(app)

    @app.post(f"/{PATH}")
    async def add_checkpoint(request: Request) -> Response:
        body = await read_promptly(request, MAX_REQUEST)
        # The disk is waited for: not on the loop that others are served by.
        return _response(await run_in_threadpool(witness.answer, body, clock()))

    @app.get("/logs/{origin:path}/checkpoint")
    def latest(origin: str) -> Response:
        return _text(witness.latest_note(origin))

    if province is not None:
        _province(app, store, province)
    return app


def _province(app: FastAPI, store: WitnessStore, objects: ObjectStore) -> None:
    @app.get("/logs/{origin:path}/proof/{size}")
    def proof(origin: str, size: str) -> Response:
        try:
            wanted = parse_number(size)
        except ValueError:
            raise WitnessOriginUnknown from None
        return _text(city_proof(store, objects, origin, wanted).text)

    @app.get("/log/{path:path}")
    def log(path: str) -> Response:
        found = log_object(objects, path)
        kept = _BRIEF if found.cache == "brief" else "public, max-age=31536000, immutable"
        return Response(found.data, media_type=found.media_type, headers={"Cache-Control": kept})


def _response(answer: Answer) -> Response:
    # As a header of its own: a media type that begins with text/ would get a charset, which the protocol does not have.
    headers = {"Content-Type": answer.media_type} | ({"Retry-After": "5"} if answer.status == 503 else {})
    return Response(answer.body, status_code=answer.status, headers=headers)


def _text(text: str) -> Response:
    return Response(text, media_type="text/plain; charset=utf-8", headers={"Cache-Control": _BRIEF})
