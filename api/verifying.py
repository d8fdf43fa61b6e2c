"""Verification as the service does it: read in a limited process, judge here, record the use, sign the receipt."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api.house import House
from api.keys_in_use import KeyStopped
from api.schema import Role
from ca.judging.trust import TrustList
from ledger.actor import ANONYMOUS, Actor
from ledger.errors import DomainError
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record
from ledger.log.promises import Promise
from ledger.signing import Signer
from ledger.subjects import SubjectErased, open_subject
from licences.store import reading
from licences.verification.documents import Examined
from licences.verification.engine import judge
from licences.verification.examination import examine_lookup, over_limit
from licences.verification.policy import DEFAULT_POLICY
from licences.verification.report import JSON, Report
from licences.verification.request import Lookup, VerificationRequest, parse_moment, verification_request
from licences.verification_process import VerificationPool
from licences.verification_sources import DatabaseSources, UnavailableSources
from seals.jwt.jades import sign_jwt

RECEIPT_TYPE = "elicence-receipt+jwt"


@dataclass(frozen=True, slots=True)
class Question:
    """What a caller may add: the moments and the policy, as texts; who asks; and for what."""

    as_of: str | None = None
    known_at: str | None = None
    policy: str = DEFAULT_POLICY
    actor: Actor = ANONYMOUS
    purpose: str | None = None
    case: str | None = None

    def request(self, now: datetime) -> VerificationRequest:
        """Return the engine's request; raises MomentUnclear, MomentInFuture, PolicyUnknown."""
        return verification_request(
            now,
            as_of=None if self.as_of is None else parse_moment(self.as_of, now),
            known_at=None if self.known_at is None else parse_moment(self.known_at, now),
            policy_id=self.policy,
        )


PLAIN = Question()


class Verifier:
    """Answers verifications; each use of a licence that we issued is an event, promised in the answer."""

    def __init__(self, house: House, pool: VerificationPool, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._pool = pool
        self._clock = clock
        # Opened beforehand; one that was stopped keeps nobody from what needs no receipt.
        with suppress(KeyStopped):
            house.receipt_signer()

    def document(self, data: bytes, question: Question = PLAIN, companion: bytes | None = None) -> Report:
        """Verify a document's bytes, which are not kept. companion: the seal that belongs beside it, or its file."""
        request = question.request(self._clock())
        examined = self._pool.examine(data, request.policy.max_document_bytes, companion)
        return self._answer(examined, request, question)

    def too_large(self, size: int, sha256: bytes, question: Question = PLAIN) -> Report:
        """Answer about a document that was too large to look at."""
        return self._answer(over_limit(size, sha256), question.request(self._clock()), question)

    def lookup(self, wanted: Lookup, question: Question = PLAIN) -> Report:
        """Verify a licence without its file."""
        return self._answer(examine_lookup(wanted), question.request(self._clock()), question)

    def _answer(self, examined: Examined, request: VerificationRequest, question: Question) -> Report:
        signing = self._house.receipt_signer()  # before anything is recorded: without one there is no answer
        report = self._judged(examined, request)
        promise = self._recorded(report, question)
        if promise is not None:
            usage: dict[str, JSON] = {
                "event": promise.event,
                "promise": promise.text,
                "deadline": promise.deadline.isoformat().replace("+00:00", "Z"),
            }
            report = replace(report, usage=usage)
        return replace(report, receipt=_receipt(report, question, signing))

    def _judged(self, examined: Examined, request: VerificationRequest) -> Report:
        house, trust = self._house, self._trust(request.now)
        try:
            with house.database.session(Role.APP, purpose="verification") as session:
                sources = DatabaseSources(session, house.objects, house.wrapper, trust=trust, catalogue=house.catalogue)
                return judge(examined, sources, request)
        except SQLAlchemyError:
            # The database went before or after the look-ups: the document itself can still be judged.
            return judge(examined, UnavailableSources("database", trust, house.catalogue), request)

    def _trust(self, now: datetime) -> TrustList | None:
        try:
            return self._house.trust(now)
        except DomainError:
            return None

    def _recorded(self, report: Report, question: Question) -> Promise | None:
        """Record the use of a licence whose very document, or QR code, was shown.

        Who merely names a licence has used none: an identifier is guessed, and anybody could fill its holder's history.
        """
        identifier = report.subject.identifier
        if identifier is None or report.check("content.record").outcome != "passed":
            return None
        try:
            with self._house.database.session(Role.APP, question.actor, purpose="verification") as session:
                return self._record(session, identifier, report, question)
        except (SQLAlchemyError, SubjectErased):
            # The verdict stands; the caller sees from the absent `usage` that the use could not be promised.
            return None

    def _record(self, session: Session, identifier: str, report: Report, question: Question) -> Promise | None:
        version = reading.version_by_identifier(session, identifier)
        if version is None or version.stage != "active":
            return None
        licence: UUID = version.licence_id
        event = Event(
            id=new_event_id(report.checked_at),
            kind=EventKind.VERIFIED,
            subject=licence,
            actor=question.actor,
            at=report.checked_at,
            document=_document(report),
            purpose=question.purpose,
            case=question.case,
            detail={"verification": report.id, "verdict": report.verdict, "reason": report.reason},
        )
        return record(session, event, open_subject(session, self._house.wrapper, licence), self._house.promiser)


def _receipt(report: Report, question: Question, signing: tuple[Signer, tuple[bytes, ...]]) -> str:
    """Sign what was answered: no face, nothing personal; the case file keeps it."""
    payload: dict[str, JSON] = {
        "id": report.id,
        "verdict": report.verdict,
        "reason": report.reason,
        "checked_at": report.as_json()["checked_at"],
        "as_of": report.as_json()["as_of"],
        "known_at": report.as_json()["known_at"],
        "policy": dict(report.policy),
        "document": report.subject.document,
        "identifier": report.subject.identifier,
        "operator_unit": question.actor.operator_unit,
        "on_behalf_of": question.actor.on_behalf_of,
        "case": question.case,
        "usage": None if report.usage is None else dict(report.usage),
    }
    told = {name: value for name, value in payload.items() if value is not None}
    return sign_jwt(told, RECEIPT_TYPE, *signing, report.checked_at)


def _document(report: Report) -> str | None:
    digest = report.subject.document
    return None if digest is None else "sha-256:" + digest.removeprefix("sha256-")
