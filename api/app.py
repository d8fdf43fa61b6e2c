"""The application: routes over one house. `from_settings` is what `elicence serve` starts."""

import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from api import (
    audit_routes,
    licence_routes,
    log_adding,
    log_routes,
    openapi,
    pages,
    pki_routes,
    problems,
    promise_routes,
    verification_routes,
)
from api.guard import Guard
from api.house import House, open_house
from api.pki_house import HousePki
from api.pki_responders import Responders
from api.rates import Rates
from api.schema import Role
from api.settings import settings
from api.status_cache import StatusCache
from api.verifying import Verifier
from licences.verification_process import VerificationPool

PARSERS: Final = 2


class _Static(StaticFiles):
    """Our own files: kept by browsers, and asked about again."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(house: House, stack: ExitStack, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """Build the application over a house; what it opens is closed with the stack."""
    now = clock or (lambda: datetime.now(UTC))
    pool = VerificationPool(PARSERS)
    stack.callback(pool.close)
    issuer = stack.enter_context(house.issuer(Role.APP))
    verifier = Verifier(house, pool, now)
    limit = house.settings.max_upload_bytes

    app = FastAPI(
        title="elicence", version="1", docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=_lifespan(stack)
    )
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Guard)
    app.include_router(licence_routes.routes(house, issuer, now))
    app.include_router(verification_routes.routes(verifier, limit))
    app.include_router(log_routes.routes(house.objects, lambda: house.trust_lists.file(now()), StatusCache(house, now)))
    app.include_router(audit_routes.routes(house, now))
    app.include_router(promise_routes.routes(promise_routes.Promises(house, now)))
    if house.settings.log_add:
        app.include_router(log_adding.routes(log_adding.LogAdder(house.sequencer().log, house.objects, now)))
    app.include_router(pki_routes.routes(_pki(house), Rates(house.settings.pki_rate), now))
    app.include_router(pages.routes(verifier, limit))
    app.mount("/static", _Static(directory=Path(__file__).parent / "static"), name="static")
    return app


def _pki(house: House) -> HousePki:
    responders = Responders(house.database, house.keys.signer)
    return HousePki(house.database, responders, house.ceremony.hierarchies, house.timestamp_authorities)


def _lifespan(stack: ExitStack) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # A full collection stops the loop for 70 to 100 ms: what is here now stays, and the rest is collected in small.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 50, 1_000)
        with stack:
            yield

    return lifespan


def from_settings() -> FastAPI:
    """Open the house of the environment's settings and build the application over it."""
    stack = ExitStack()
    house = stack.enter_context(open_house(settings(), guarded=True, marking=False))
    return create_app(house, stack)
