"""The first page: drop a licence, see the verdict in one sentence, the face to compare, then every check.

Forms work without JavaScript; what a QR code leads to is the same page, filled in.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.templating import Jinja2Templates

from api.texts import Texts, local_time, preferred_language, texts
from api.uploads import parse_form, read_body
from api.verifying import Verifier
from ledger.errors import DomainError, Language
from licences.verification.checks import message_of
from licences.verification.report import Report
from licences.verification.request import Lookup, lookup

MARKS: Final = {"valid": "✓", "invalid": "✗", "indeterminate": "?"}
OUTCOME_MARKS: Final = {"passed": "✓", "failed": "✗", "warning": "!", "not_run": "?", "not_applicable": "–"}

_TEMPLATES: Final = Jinja2Templates(directory=Path(__file__).parent / "templates")


def routes(verifier: Verifier, max_upload_bytes: int) -> APIRouter:
    """Return the pages over a verifier."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def first(request: Request) -> Response:
        return _first_page(request, _language(request), max_upload_bytes)

    @router.post("/")
    async def upload(request: Request) -> Response:
        language = _language(request)
        body = await read_body(request, max_upload_bytes)
        if body.data is None:
            report = await run_in_threadpool(verifier.too_large, body.size, body.sha256)
            return _report_page(request, language, report, max_upload_bytes)
        form = await parse_form(request, body.data)
        if not form.file:
            return _first_page(request, language, max_upload_bytes, problem=texts(language).file_missing, status=400)
        report = await run_in_threadpool(verifier.document, form.file)
        return _report_page(request, language, report, max_upload_bytes)

    @router.post("/lookup")
    async def by_identifier(
        request: Request, identifier: Annotated[str, Form()], digest: Annotated[str, Form()]
    ) -> Response:
        language = _language(request)
        try:
            report = await run_in_threadpool(verifier.lookup, lookup(identifier, digest))
        except DomainError as error:
            return _first_page(request, language, max_upload_bytes, problem=error.message(language), status=400)
        return _report_page(request, language, report, max_upload_bytes)

    @router.get("/v/{code}")
    async def by_code(request: Request, code: str) -> Response:
        language = _language(request)
        words = texts(language)
        report = await run_in_threadpool(verifier.lookup, Lookup(code=code)) if 16 <= len(code) <= 64 else None
        if report is None or report.subject.identifier is None:
            return _first_page(request, language, max_upload_bytes, problem=words.code_unknown, status=404)
        return _report_page(request, language, report, max_upload_bytes)

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
