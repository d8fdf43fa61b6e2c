"""Issuing and reading as the door does it: who may, once only, and what is answered. Plain steps for a thread."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api import idempotency
from api.house import House
from api.json_bodies import read_object
from api.licence_answers import LicenceOut, licence_out, own_version
from api.schema import Role
from api.systems import DecisionMissing, NotAuthorised, RegisteredSystem, authenticate
from ledger.actor import Actor
from ledger.event_kinds import EventKind
from ledger.events import Event, new_event_id, record
from ledger.log.reading import inclusion
from ledger.subjects import open_subject
from licences.documents import load_document
from licences.drafts import LicenceRequest
from licences.issuing import Issuer
from licences.issuing_errors import LicenceUnknown, RequestFaulty
from licences.issuing_results import Existing, Failed, Issued, Outcome, Refused, RenditionKind
from licences.row_requests import judge
from licences.store import reading


class IssuingDoor:
    """The use cases of the routes."""

    def __init__(self, house: House, issuer: Issuer, clock: Callable[[], datetime]) -> None:
        self._house = house
        self._issuer = issuer
        self._clock = clock

    def system(self, token: str | None) -> RegisteredSystem:
        """Return the system that calls; raises NotAuthenticated."""
        with self._house.database.session(Role.APP) as session:
            return authenticate(session, token)

    def issue(self, system: RegisteredSystem, key: str, body: bytes) -> LicenceOut:
        """Issue, or answer as before where the key or the licence was seen before."""
        value = read_object(body)
        actor = self._actor(system, value)
        digest = self._house.wrapper.index("api.idempotency", idempotency.canonical(value))
        with self._house.database.session(Role.APP, actor) as session:
            before = idempotency.claim(session, system.id, key, digest, self._clock())
        try:
            answer = self._issue_now(value, actor) if before is None else self._answer(actor, before)
        except BaseException:
            # Whatever went wrong, the caller may correct and come back with the same key. Where the database itself
            # is gone the key stays claimed, and is free again after a while.
            with suppress(SQLAlchemyError), self._house.database.session(Role.APP, actor) as session:
                idempotency.refuse(session, system.id, key)
            raise
        with self._house.database.session(Role.APP, actor) as session:
            idempotency.finish(session, system.id, key, answer.identifier)
        return answer

    def read(self, token: str | None, identifier: str) -> LicenceOut:
        """Return a licence of a unit that the system acts for."""
        actor = self._reader(token, identifier)
        return self._answer(actor, identifier)

    def document(self, token: str | None, identifier: str, kind: RenditionKind) -> bytes:
        """Return one document's bytes; that they were handed out is an event, committed before they leave."""
        actor = self._reader(token, identifier)
        house, now = self._house, self._clock()
        with house.database.session(Role.APP, actor) as session:
            data = load_document(session, house.objects, house.wrapper, identifier, kind)
            version = own_version(session, identifier)
            event = Event(
                id=new_event_id(now),
                kind=EventKind.RETRIEVED,
                subject=version.licence_id,
                actor=actor,
                at=now,
                document=version.pdf_digest if kind == "pdf" else version.json_digest,
            )
            record(session, event, open_subject(session, house.wrapper, version.licence_id), house.promiser)
        return data

    def proof(self, token: str | None, identifier: str) -> str | None:
        """Return the `.tlog-proof`, or None while the entry is pending."""
        actor = self._reader(token, identifier)
        house = self._house
        with house.database.session(Role.APP, actor) as session:
            version = own_version(session, identifier)
            acts = reading.statuses(session, version.id)
            # The first act on a version is its issue.
            found = inclusion(session, house.objects, house.wrapper, acts[0].event_id) if acts else None
            return None if found is None else found.text

    def _actor(self, system: RegisteredSystem, value: dict[str, Any]) -> Actor:
        """Return the actor for the request's issuer; a request without a proper one is told all its faults."""
        issuer = value.get("issuer")
        if isinstance(issuer, str) and issuer in system.issuers:
            return system.actor_for(issuer)
        raise NotAuthorised(unit=self._request(value).issuer)

    def _request(self, value: dict[str, Any]) -> LicenceRequest:
        request, faults = judge(value, self._house.catalogue, None)
        if request is None:
            raise RequestFaulty(faults=faults)
        return request

    def _issue_now(self, value: dict[str, Any], actor: Actor) -> LicenceOut:
        request = self._request(value)
        if request.decision is None:
            raise DecisionMissing
        outcome = self._issuer.issue_one(request, actor, self._clock())
        return self._answer(actor, *_issued(outcome))

    def _answer(self, actor: Actor, identifier: str, promise: str | None = None) -> LicenceOut:
        """Return the answer about a licence; without a promise it is one that was issued before."""
        with self._house.database.session(Role.APP, actor) as session:
            version = own_version(session, identifier)
            return licence_out(session, version, self._house.settings.base_url, self._clock(), promise=promise)

    def _reader(self, token: str | None, identifier: str) -> Actor:
        """Return the actor of the unit that this licence belongs to, if the system acts for it."""
        system = self.system(token)
        # PostgreSQL takes no zero byte, and no identifier has one.
        if identifier.isprintable():
            for issuer in sorted(system.issuers):
                actor = system.actor_for(issuer)
                with self._house.database.session(Role.APP, actor) as session:
                    if reading.version_by_identifier(session, identifier) is not None:
                        return actor
        raise LicenceUnknown(identifier=identifier)


def _issued(outcome: Outcome) -> tuple[str, str | None]:
    """Return the identifier and the promise; raises what turned the request down."""
    match outcome:
        case Issued():
            return outcome.identifier, outcome.promise.text
        case Existing():
            return outcome.identifier, None
        case Refused() | Failed():
            raise outcome.error
