"""The application: routes over one house. `from_settings` is what `elicence serve` starts."""

import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from api import licence_routes, log_routes, pages, problems, verification_routes
from api.house import House, open_house
from api.schema import Role
from api.settings import settings
from api.status_cache import StatusCache
from api.verifying import Verifier
from licences.verification_process import VerificationPool

PARSERS: Final = 2

# The pages load nothing from elsewhere and run no inline script: a licence's face is somebody's text on our page.
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def create_app(house: House, stack: ExitStack, clock: Callable[[], datetime] | None = None) -> FastAPI:
    """Build the application over a house; what it opens is closed with the stack."""
    now = clock or (lambda: datetime.now(UTC))
    pool = VerificationPool(PARSERS)
    stack.callback(pool.close)
    issuer = stack.enter_context(house.issuer(Role.APP))
    verifier = Verifier(house, pool, now)
    limit = house.settings.max_upload_bytes

    app = FastAPI(title="elicence", version="1", docs_url=None, redoc_url=None, lifespan=_lifespan(stack))
    problems.install(app)
    app.include_router(licence_routes.routes(house, issuer, now))
    app.include_router(verification_routes.routes(verifier, limit))
    app.include_router(log_routes.routes(house.objects, house.ceremony.trust, StatusCache(house, now)))
    app.include_router(pages.routes(verifier, limit))
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")

    @app.middleware("http")
    async def guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


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
    house = stack.enter_context(open_house(settings()))
    return create_app(house, stack)
