"""The first page: drop a licence, see the verdict in one sentence, the face to compare, then every check.

Forms work without JavaScript; what a QR code leads to is the same page, filled in.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.templating import Jinja2Templates

from api.page_errors import CodeUnknown, FileMissing
from api.problems import status_of
from api.questions import lookup_of
from api.texts import Texts, local_time, preferred_language, texts
from api.turns import in_turn
from api.uploads import parse_form, read_body, read_short_form
from api.verifying import Verifier
from ledger.errors import DomainError, Language
from licences.verification.checks import message_of
from licences.verification.checks.content_record import NOT_FOUND
from licences.verification.report import Report
from licences.verification.request import Lookup

MARKS: Final = {"valid": "✓", "invalid": "✗", "indeterminate": "?"}
OUTCOME_MARKS: Final = {"passed": "✓", "failed": "✗", "warning": "!", "not_run": "?", "not_applicable": "–"}

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TEMPLATES: Final = Jinja2Templates(directory=Path(__file__).parent / "templates")


class Desk:
    """Asks the verifier what a page was asked; whatever is wrong with the request is raised."""

    def __init__(self, verifier: Verifier, limit: int) -> None:
        self._verifier = verifier
        self._limit = limit

    async def upload(self, request: Request) -> Report:
        """Verify the form's file. Raises FileMissing and what reading raises."""
        body = await read_body(request, self._limit)
        if body.data is None:
            return await in_turn(self._verifier.too_large, body.size, body.sha256)
        form = await parse_form(request, body.data)
        if not form.file:
            raise FileMissing
        return await in_turn(self._verifier.document, form.file)

    async def by_identifier(self, request: Request) -> Report:
        """Verify what the form names. Raises MemberUnusable, LookupIncomplete and what reading raises."""
        return await in_turn(self._verifier.lookup, lookup_of(await read_short_form(request)))

    async def by_code(self, code: str) -> Report:
        """Verify what a QR code names; raises CodeUnknown."""
        if not _CODE.fullmatch(code):
            raise CodeUnknown
        report = await in_turn(self._verifier.lookup, Lookup(code=code))
        # Only what was looked for and not found: a register that does not answer is another story.
        if report.reason == NOT_FOUND.reason:
            raise CodeUnknown
        return report


def routes(verifier: Verifier, max_upload_bytes: int) -> APIRouter:
    """Return the pages over a verifier."""
    router = APIRouter(include_in_schema=False)
    desk = Desk(verifier, max_upload_bytes)

    async def shown(request: Request, ask: Callable[[], Awaitable[Report]]) -> Response:
        """Show the report; where the request itself is wrong, the first page with the reason."""
        language = _language(request)
        try:
            report = await ask()
        except DomainError as error:
            status = status_of(type(error)) or 503
            return _first_page(request, language, max_upload_bytes, problem=error.message(language), status=status)
        return _report_page(request, language, report, max_upload_bytes)

    @router.get("/")
    async def first(request: Request) -> Response:
        return _first_page(request, _language(request), max_upload_bytes)

    @router.post("/")
    async def upload(request: Request) -> Response:
        return await shown(request, lambda: desk.upload(request))

    @router.get("/lookup")
    async def nothing_asked(request: Request) -> Response:
        # Where the answer's own link to the other language leads.
        return RedirectResponse(f"/?lang={_language(request)}", status_code=303)

    @router.post("/lookup")
    async def by_identifier(request: Request) -> Response:
        return await shown(request, lambda: desk.by_identifier(request))

    @router.get("/v/{code}")
    async def by_code(request: Request, code: str) -> Response:
        return await shown(request, lambda: desk.by_code(code))

    return router


def _language(request: Request) -> Language:
    return preferred_language(request.query_params.get("lang"), request.headers.get("accept-language"))


def _context(language: Language, limit: int, title: str | None = None) -> dict[str, Any]:
    words = texts(language)
    return {
        "lang": language,
        "t": words,
        "title": title or words.first_title,
        "limit": words.limit.format(limit=limit // (1024 * 1024)),
    }


def _first_page(
    request: Request, language: Language, limit: int, *, problem: str | None = None, status: int = 200
) -> HTMLResponse:
    context = _context(language, limit) | {"problem": problem}
    return _TEMPLATES.TemplateResponse(request, "first.html", context, status_code=status)


def _report_page(request: Request, language: Language, report: Report, limit: int) -> HTMLResponse:
    sentence = report.sentence(language)
    context = _context(language, limit, sentence) | {
        "report": report,
        "sentence": sentence,
        "advice": report.advice(language),
        "face": [
            {"label": row[language], "value": row["value"]} for row in report.subject.face.values() if row["value"]
        ],
        # A revoked licence was genuine: its face is its own. An altered file's is only what it says of itself.
        "authentic": all(row.outcome != "failed" for row in report.checks if not row.id.startswith("status.")),
        "families": _families(report, language),
        "facts": _facts(report, texts(language)),
        "marks": MARKS,
        "outcome_marks": OUTCOME_MARKS,
    }
    return _TEMPLATES.TemplateResponse(request, "report.html", context)


def _families(report: Report, language: Language) -> Sequence[tuple[str, list[dict[str, str | None]]]]:
    """Group the rows by family, in the order of the report."""
    rows = [
        {"id": row.id, "outcome": row.outcome, "code": row.code, "message": message_of(row, language)}
        for row in report.checks
    ]
    return [(family, list(group)) for family, group in groupby(rows, key=lambda row: str(row["id"]).split(".")[0])]


def _facts(report: Report, words: Texts) -> list[tuple[str, str]]:
    facts = {
        "id": report.id,
        "checked_at": local_time(report.checked_at),
        "as_of": local_time(report.as_of),
        "document": report.subject.document,
        "policy": f"{report.policy['id']} {report.policy['version']}",
        "event": (report.usage or {}).get("event"),
    }
    return [(words.facts[key], str(value)) for key, value in facts.items() if value]
