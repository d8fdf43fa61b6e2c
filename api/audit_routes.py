"""`/v1/audit`: what an audit order covers, traced and as evidence. The order's own token opens it, and nothing else does.

The token names the order and the order its scope: no identifier, company or case stands in an address.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from fastapi import APIRouter, Query, Security
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.audit_answers import TRACE_SCHEMA, trace_answer
from api.auditing import Audited, Auditing, Question
from api.house import House
from api.problems import documented
from api.schema import Role
from api.systems import NotAuthenticated
from ledger.actor import Actor
from ledger.provenance.orders import AUDITOR
from licences.audit_scopes import begin_of, end_of

_SCHEME: Final = HTTPBearer(
    auto_error=False, scheme_name="audit", description="The token of an audit order (`elicence audit order token`)."
)
_Credentials: TypeAlias = Annotated[HTTPAuthorizationCredentials | None, Security(_SCHEME)]
_Moment: TypeAlias = Annotated[
    str | None, Query(description="2026-11-22T10:00:00+08:00, or 2026-11-22: that day in China is in the period")
]
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": {"application/json": {"schema": {"type": "object"}}}}
}
_TRACE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The chains.", "content": {"application/json": {"schema": TRACE_SCHEMA}}}
}
_REFUSED: Final = documented(400, 401, 403, 404, 422)


def routes(house: House, clock: Callable[[], datetime]) -> APIRouter:
    """Return the routes over a house, in the app's role."""
    router = APIRouter(prefix="/v1/audit", tags=["audit"])
    auditing = Auditing(house, Role.APP)

    @router.get("/trace", responses=_TRACE | _REFUSED, response_class=JSONResponse)
    def trace(credentials: _Credentials, since: _Moment = None, until: _Moment = None) -> JSONResponse:
        """Trace what the order covers; of events found by unit or case, those of a period. The look is recorded."""
        return JSONResponse(trace_answer(_audited(auditing, credentials, since, until, clock())))

    @router.get("/evidence", responses=_FILE | _REFUSED, response_class=Response)
    def evidence(credentials: _Credentials, since: _Moment = None, until: _Moment = None) -> Response:
        """Read the same as a file that anybody checks off line (`elicence audit verify`)."""
        data = auditing.evidence(_audited(auditing, credentials, since, until, clock()))
        headers = {"Content-Disposition": 'attachment; filename="evidence.json"'}
        return Response(data, media_type="application/json", headers=headers)

    return router


def _audited(
    auditing: Auditing,
    credentials: HTTPAuthorizationCredentials | None,
    since: str | None,
    until: str | None,
    now: datetime,
) -> Audited:
    order = auditing.order_of_token(None if credentials is None else credentials.credentials)
    if order is None:
        raise NotAuthenticated
    question = Question(
        order.scope,
        since=None if since is None else begin_of(since),
        until=None if until is None else end_of(until),
    )
    # The system that holds the token acts for the order: who entered it is a person, and another.
    actor = Actor("system", f"audit-order:{order.number}", None, None, frozenset({AUDITOR}))
    return auditing.trace(question, actor, now, order)
