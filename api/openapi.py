"""The OpenAPI document: what FastAPI knows of the routes, and what it cannot know."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import PROBLEM_SCHEMA, documented

_INVENTED: Final = ("HTTPValidationError", "ValidationError")
"""FastAPI's own form of a refusal, which ours never takes."""


def install(app: FastAPI) -> None:
    """Let the application describe itself in our way."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's own way of extending the document


def _document(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(
        title=app.title,
        version=app.version,
        description="Electronic licences: issue, verify, prove. 电子证照的签发、核验与存证",
        routes=app.routes,
    )
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = dict(PROBLEM_SCHEMA)
    for operations in described["paths"].values():
        for operation in operations.values():
            _complete(operation["responses"])
    for name in _INVENTED:
        schemas.pop(name, None)
    return described


def _complete(responses: dict[str, Any]) -> None:
    """Add what every route may answer, and take out what none does."""
    if f"/{_INVENTED[0]}" in str(responses.get("422")):
        del responses["422"]
    responses |= {str(status): answer for status, answer in documented(500, 503).items()}
