"""Problem details (RFC 9457): the one place where a refusal becomes an HTTP status.

The errors themselves know nothing of HTTP. A test walks every subclass of DomainError and fails on one that
`status_of` does not find by its own class or one of its named bases.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from api import (
    anchoring,
    database,
    embedded_postgres,
    house,
    idempotency,
    json_bodies,
    keys_in_use,
    log_errors,
    page_errors,
    rates,
    status_cache,
    systems,
    uploads,
)
from api import settings as api_settings
from ca import errors as ca
from ca.desk import life_errors
from ca.outside import foreign_errors
from ca.timekeeping import clock_errors
from ca.writing import certificate_errors
from ledger import entries, envelope, errors, events, store, subjects
from ledger.anchor import errors as anchor_errors
from ledger.errors import DomainError
from ledger.formats import bundles, canonical, cosignatures, notes, tlog_policy, tlog_proof
from ledger.log import inclusion_waiting
from ledger.log import served as log_objects
from ledger.objects import object_keys, objects
from ledger.provenance import errors as provenance_errors
from ledger.tree import merkle, tiles
from ledger.witness import errors as witness_errors
from ledger.witness import provincial_proof
from licences import issuing_errors, row_errors, type_errors
from licences.issuing_errors import RequestFaulty
from licences.verification import errors as verification
from seals import errors as seals
from seals.cms import detached_errors
from seals.jwt import sd_jwt
from seals.life import life_errors as seal_life
from seals.ofd import errors as ofd_errors
from seals.pdf import errors as pdf_errors
from seals.pdf import extension_errors as pdf_extension_errors
from seals.providers import errors as provider_errors
from seals.ses import errors as ses_errors

MEDIA_TYPE = "application/problem+json"

# What the caller can put right.
_CALLERS: Final[Mapping[type[DomainError], int]] = {
    systems.NotAuthenticated: 401,
    systems.NotAuthorised: 403,
    systems.DecisionMissing: 422,
    idempotency.IdempotencyKeyMissing: 400,
    idempotency.IdempotencyKeyReused: 422,
    idempotency.IdempotencyInProgress: 409,
    json_bodies.BodyNotJson: 400,
    json_bodies.BodyTooLarge: 413,
    json_bodies.MemberUnusable: 400,
    uploads.UploadMalformed: 400,
    uploads.UploadTooLarge: 413,
    uploads.BodyTooLong: 413,
    uploads.UploadStalled: 408,
    uploads.MediaTypeUnusable: 415,
    rates.TooManyRequests: 429,
    log_errors.LogBusy: 503,
    provenance_errors.OrderUnknown: 404,
    provenance_errors.OrderWanted: 403,
    provenance_errors.OrderRefused: 403,
    provenance_errors.OrderMalformed: 422,
    provenance_errors.OrderExists: 409,
    provenance_errors.PeriodEmpty: 422,
    provenance_errors.EvidenceUnreadable: 422,
    provenance_errors.PromiseMissing: 422,
    provenance_errors.TraceTooLong: 422,
    log_errors.PromiseUnusable: 422,
    page_errors.FileMissing: 400,
    page_errors.CodeUnknown: 404,
    issuing_errors.RequestFaulty: 422,
    issuing_errors.LicenceConflict: 409,
    issuing_errors.LicenceInProgress: 409,
    issuing_errors.LicenceUnknown: 404,
    issuing_errors.AttemptsExhausted: 422,
    issuing_errors.ActNotAllowed: 409,
    issuing_errors.ActMalformed: 422,
    row_errors.RowFileError: 422,
    type_errors.TypeUnknown: 422,
    type_errors.IdentifierMalformed: 422,
    type_errors.CodePartInvalid: 422,
    type_errors.GlyphMissing: 422,
    verification.VerificationError: 400,
    seals.SealNotGranted: 403,
    seals.SealStopped: 403,
    seals.SealCertificateNotValid: 403,
    provider_errors.SealCertificateRevoked: 403,
    seals.SealNotAuthorised: 403,
    seals.DailyLimitReached: 403,
    seal_life.CustodyRefused: 409,
    seal_life.RoleWanted: 403,
    seal_life.UnitRefused: 403,
    seal_life.FourEyesWanted: 403,
    seal_life.StopRefused: 422,
    seal_life.ApplicationUnknown: 404,
    seal_life.ApplicationRefused: 422,
    seal_life.MaterialDiffers: 422,
    seal_life.GrantUnknown: 404,
    seal_life.GrantRefused: 422,
    seal_life.AuthorisationUnknown: 404,
    seal_life.AuthorisationRefused: 422,
    seal_life.MatterRefused: 422,
    seal_life.RegisterUnprintable: 422,
    seals.OrganisationUnknown: 422,
    seals.OrganisationRefused: 422,
    seals.SealUnknown: 404,
    seals.SealRefused: 422,
    seals.ClaimsNotSealable: 422,
    seals.JsonUnreadable: 422,
    sd_jwt.DisclosureInvalid: 422,
    pdf_errors.PdfUnreadable: 422,
    pdf_errors.PdfEncrypted: 422,
    pdf_errors.PdfUnsupported: 422,
    pdf_errors.PdfAlreadySealed: 422,
    pdf_errors.PdfPageMissing: 422,
    pdf_extension_errors.ExtensionRefused: 422,
    pdf_extension_errors.ExtensionFailed: 503,
    pdf_errors.PdfFieldMissing: 422,
    pdf_errors.PdfFieldTaken: 409,
    pdf_errors.SealFieldSize: 422,
    pdf_errors.SealOffPage: 422,
    pdf_errors.SealPictureRefused: 422,
    pdf_errors.CmsUnreadable: 422,
    detached_errors.DetachedUnreadable: 422,
    detached_errors.DetachedUnsupported: 422,
    ofd_errors.OfdUnreadable: 422,
    ofd_errors.OfdEncrypted: 422,
    ofd_errors.OfdRefused: 422,
    ofd_errors.OfdPageMissing: 422,
    ses_errors.SesUnreadable: 422,
    ses_errors.SesRefused: 422,
    log_objects.LogPathUnknown: 404,
    bundles.EntryTooLong: 413,
    status_cache.StatusListUnknown: 404,
    objects.ObjectMissing: 404,
    witness_errors.WitnessRefusal: 400,
    witness_errors.WitnessOriginUnknown: 404,
    witness_errors.WitnessLogUnsigned: 403,
    witness_errors.WitnessConflict: 409,
    witness_errors.WitnessProofInvalid: 422,
    witness_errors.WitnessUnable: 503,
    subjects.SubjectErased: 410,
    certificate_errors.RequestInvalid: 400,
    foreign_errors.ChainUnusable: 422,
    foreign_errors.AnchorMismatch: 422,
    life_errors.DeskRefused: 409,
    life_errors.RoleMissing: 403,
    life_errors.AuthorityUnknown: 404,
    life_errors.CertificateUnknown: 404,
    life_errors.ProfileNotIssued: 422,
    life_errors.RequestIdMalformed: 422,
    life_errors.RequestReused: 422,
    life_errors.KeyCompromised: 422,
    life_errors.KeyNotNew: 422,
    life_errors.RevocationRefused: 422,
}

# What only the operator can put right: the caller may come back later.
_OPERATORS: Final[tuple[type[DomainError], ...]] = (
    errors.FatalLedgerError,
    bundles.BundleInvalid,
    canonical.NotCanonical,
    entries.OpeningUnreadable,
    envelope.EnvelopeInvalid,
    events.EventInvalid,
    merkle.ProofInvalid,
    merkle.RangeInvalid,
    notes.NoteUnreadable,
    notes.NoteUntrusted,
    notes.NoteSignatureInvalid,
    notes.VkeyInvalid,
    object_keys.ObjectKeyInvalid,
    objects.ObjectStoreUnavailable,
    objects.ObjectStoreUnfit,
    objects.ObjectChanged,
    inclusion_waiting.NotYetIncluded,
    provenance_errors.LogUnreachable,
    provenance_errors.LogForked,
    provenance_errors.MirrorDamaged,
    store.FenceLost,
    subjects.SubjectUnknown,
    subjects.SubjectPending,
    tiles.TileInvalid,
    tiles.TilePathInvalid,
    tlog_proof.ProofUnreadable,
    tlog_proof.ProofUntrusted,
    cosignatures.CosignatureRefused,
    provincial_proof.CityCheckpointUnusable,
    tlog_policy.PolicyUnreadable,
    anchor_errors.ChainError,
    anchoring.ChainNotSet,
    anchoring.AccountMissing,
    witness_errors.WitnessSilent,
    witness_errors.WitnessMisplaced,
    ca.KeyRefused,
    ca.NationalUnavailable,
    ca.UnwrapRefused,
    ca.DerInvalid,
    ca.JsonInvalid,
    ca.ProfileViolated,
    certificate_errors.LintFailed,
    certificate_errors.CrlRefused,
    certificate_errors.SignatureFaulty,
    ca.PlanInvalid,
    ca.CeremonyRefused,
    ca.TrustListInvalid,
    clock_errors.ClockSuspect,
    clock_errors.TimeSourceSilent,
    foreign_errors.ForeignUnavailable,
    foreign_errors.ForeignRefused,
    type_errors.TypeBroken,
    type_errors.FontsMissing,
    type_errors.RenderFailed,
    pdf_errors.SealKeyUnusable,
    database.DatabaseUnavailable,
    database.DatabaseNewer,
    embedded_postgres.EmbeddedPostgresFailed,
    api_settings.SettingsInvalid,
    house.PassphraseUnusable,
    keys_in_use.KeyStopped,
)

STATUS: Final[Mapping[type[DomainError], int]] = {**_CALLERS, **dict.fromkeys(_OPERATORS, 503)}


def status_of(error: type[DomainError]) -> int | None:
    """Return the status of the nearest mapped class, or None if nobody thought of it."""
    return next((STATUS[base] for base in error.__mro__ if base in STATUS), None)


PROBLEM_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "description": "RFC 9457; `code` never changes, words may.",
    "required": ["type", "status", "code", "title", "messages"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "title": {"type": "string"},
        "messages": {
            "type": "object",
            "required": ["zh-CN", "en"],
            "properties": {"zh-CN": {"type": "string"}, "en": {"type": "string"}},
        },
        "errors": {
            "type": "array",
            "description": "every fault of the request, never with the value itself",
            "items": {
                "type": "object",
                "required": ["field", "code"],
                "properties": {name: {"type": "string"} for name in ("field", "code", "zh", "en", "severity")},
            },
        },
    },
}

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

_UNAVAILABLE: Final = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""A database that is gone, busy or starting. Any other error of it is a fault of ours, and answered as one."""


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a route that may answer these problems."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _DESCRIPTIONS[status], "content": content} for status in statuses}


_DESCRIPTIONS: Final = {
    400: "The request cannot be read.",
    401: "No valid token came with the request.",
    403: "The system may not act for that unit, or with that seal.",
    404: "There is nothing of that name for this caller.",
    408: "The body did not come.",
    409: "Another request or other content stands in the way.",
    410: "It was erased.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "The request was read, and has faults.",
    429: "Too many requests from one address; Retry-After says when to come back.",
    500: "The service failed.",
    503: "Something the service needs does not answer; try again later.",
}


def problem(status: int, code: str, zh: str, en: str, **members: Any) -> Response:
    """Build a problem document: `title` in English, both languages under `messages`."""
    body = {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": en,
        "messages": {"zh-CN": zh, "en": en},
    } | members
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in {409, 503}:
        headers["Retry-After"] = "1"
    # A message may name what was sent, and JSON can send half of a character.
    text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    return Response(text, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def refusal(error: DomainError) -> Response:
    """Build the problem document of an error of ours."""
    members: dict[str, Any] = {}
    if isinstance(error, RequestFaulty):
        members["errors"] = [fault.as_json() for fault in error.faults]
    answer = problem(status_of(type(error)) or 503, error.code, error.message("zh"), error.message("en"), **members)
    if isinstance(error, rates.TooManyRequests):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def install(app: FastAPI) -> None:
    """Teach the application to answer every refusal with a problem document."""

    @app.exception_handler(DomainError)
    async def refuse(_request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        return refusal(error)

    async def database_gone(_request: Request, _error: Exception) -> Response:
        gone = database.DatabaseUnavailable
        return problem(503, gone.code, "数据库暂不可用，请稍后重试", "the database does not answer; try again later")

    for kind in _UNAVAILABLE:
        app.add_exception_handler(kind, database_gone)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        # The offending input stays out of the answer: it may be a name, and answers are logged by others.
        rows = [
            {"field": ".".join(str(part) for part in row["loc"]), "code": row["type"], "en": row["msg"]}
            for row in error.errors()
        ]
        return problem(
            422, "request.malformed", "请求格式有误，见 errors", "the request is malformed, see errors", errors=rows
        )

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        zh = {404: "没有这个地址", 405: "该地址不支持这种方法"}.get(error.status_code, "请求未被接受")
        answer = problem(error.status_code, f"http.{error.status_code}", zh, str(error.detail))
        if error.status_code == 405:
            answer.headers["Allow"] = ", ".join(_allowed(request))
        return answer


def _allowed(request: Request) -> list[str]:
    """Return the methods of an address, which several routes may share (RFC 9110 section 15.5.6 wants them all)."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}
    found: set[str] = set()
    for route in request.app.routes:
        # What is mounted are files, and matches whatever the method.
        tried = ("GET",) if isinstance(route, Mount) else _METHODS
        found |= {method for method in tried if route.matches({**scope, "method": method})[0] == Match.FULL}
    return sorted(found | {"HEAD"} if "GET" in found else found)
